import { readConfig } from '../src/config/config.js';
import { createDataSource } from '../src/database/data-source.js';

export class MysqlUnusable extends Error {}

/**
 * Brings the schema that the settings name up to this version. May be run again, but not by two at a time.
 *
 * @returns the names of the migrations that ran.
 * @throws ConfigError, MysqlUnusable
 */
export async function migrate(env: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  const { settings } = readConfig(env);
  const dataSource = createDataSource(settings, []);
  try {
    await dataSource.initialize();
  } catch (error) {
    const place = `${settings.DB_HOST}:${String(settings.DB_PORT)}/${settings.DB_NAME}`;
    throw new MysqlUnusable(
      `MySQL at ${place} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return (await dataSource.runMigrations()).map(({ name }) => name);
  } finally {
    await dataSource.destroy();
  }
}
