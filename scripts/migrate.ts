import { ConfigError, readConfig } from '../src/config/config.js';
import { createDataSource } from '../src/database/data-source.js';
import { Failure, main } from './main.js';

await main(migrate, [ConfigError]);

/** Brings the schema that the settings name up to this version; prints each migration that ran. May be run again, but not by two at a time. */
async function migrate(): Promise<number> {
  const { settings } = readConfig(process.env);
  const dataSource = createDataSource(settings, []);
  const place = `${settings.DB_HOST}:${String(settings.DB_PORT)}/${settings.DB_NAME}`;
  try {
    await dataSource.initialize();
  } catch (error) {
    throw new Failure(`MySQL at ${place} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const done = await dataSource.runMigrations();
    for (const { name } of done) console.log(name);
    console.log(done.length === 0 ? 'the schema is up to date' : `${String(done.length)} migrations done`);
    return 0;
  } finally {
    await dataSource.destroy();
  }
}
