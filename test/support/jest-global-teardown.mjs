import process from 'node:process';
import { createConnection } from 'mysql2/promise';

export default async function globalTeardown() {
  const database = globalThis.testDatabase;
  if (database === undefined) return;
  globalThis.testDatabase = undefined;
  if (database.kind === 'given') await dropSchemas(database);
  await database.stop();
}

/** A MySQL of our own goes as a whole; in one that was given the schemas of this run are removed. */
async function dropSchemas({ host, port, user, password }) {
  const connection = await createConnection({ host, port, user, password });
  const [rows] = await connection.query(
    'SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name LIKE ?',
    [`${process.env.TEST_DB_PREFIX.replaceAll('_', '\\_')}%`],
  );
  for (const { name } of rows) await connection.query(`DROP SCHEMA \`${name}\``);
  await connection.end();
}
