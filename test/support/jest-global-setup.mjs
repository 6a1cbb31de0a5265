// One MySQL a run, in which each worker makes a schema of its own; and what the Swagger plugin adds to the classes when the app is built,
// so that tests see the document of the build.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { generateSwaggerMetadata } from './swagger-metadata.mjs';

export default async function globalSetup({ rootDir }) {
  // Jest calls this once a project that asks for it.
  if (globalThis.testDatabase !== undefined) return;
  const module = join(rootDir, 'dist', 'scripts', 'database.js');
  if (!existsSync(module)) spawnSync(process.execPath, [join(rootDir, 'scripts', 'setup.mjs')], { stdio: 'inherit' });
  const { startDatabase } = await import(module);
  const database = await startDatabase({ durable: false, report: (text) => process.stderr.write(`${text}\n`) });
  globalThis.testDatabase = database;
  process.env.TEST_DB_HOST = database.host;
  process.env.TEST_DB_PORT = String(database.port);
  process.env.TEST_DB_USER = database.user;
  process.env.TEST_DB_PASSWORD = database.password;
  process.env.TEST_DB_PREFIX = `cloud_api_test_${randomBytes(3).toString('hex')}`;
  process.env.SWAGGER_METADATA = generateSwaggerMetadata(rootDir);
}
