import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { Config } from '../../src/config/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { testConfig } from './settings.js';

/** A MySQL and an account that may create schemas. */
export interface MysqlAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A schema with every table and no row. */
export interface TestSchema extends MysqlAccess {
  readonly name: string;
  /** The settings that lead to it. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The schema of this Jest worker: made and migrated by the first file that asks, emptied for every later one. */
export async function workerSchema(): Promise<TestSchema> {
  const access = {
    host: variable('TEST_DB_HOST'),
    port: Number(variable('TEST_DB_PORT')),
    user: variable('TEST_DB_USER'),
    password: variable('TEST_DB_PASSWORD'),
  };
  const name = `${variable('TEST_DB_PREFIX')}_${variable('JEST_WORKER_ID')}`;
  const connection = await createConnection({ ...access, flags: ['+FOUND_ROWS'] });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT 1 FROM information_schema.schemata WHERE schema_name = ?',
      [name],
    );
    if (rows.length === 0) return await createSchema(access, name);
    const schema = schemaOf(access, name);
    await emptyTables(schema);
    return schema;
  } finally {
    await connection.end();
  }
}

/** Makes a schema and runs the migrations in it. */
export async function createSchema(access: MysqlAccess, name: string): Promise<TestSchema> {
  const connection = await createConnection({ ...pick(access) });
  await connection.query(`CREATE SCHEMA \`${name}\` DEFAULT CHARACTER SET utf8mb4`);
  await connection.end();
  const schema = schemaOf(access, name);
  await migrate(testConfig(schema.settings).settings);
  return schema;
}

export async function dropSchema(schema: TestSchema): Promise<void> {
  const connection = await createConnection({ ...pick(schema) });
  await connection.query(`DROP SCHEMA IF EXISTS \`${schema.name}\``);
  await connection.end();
}

/** A connection for a test's own looks into the tables; the caller ends it. Times are UTC, numbers are numbers. */
export async function connect(schema: TestSchema): Promise<Connection> {
  return createConnection({ ...pick(schema), database: schema.name, timezone: 'Z', supportBigNumbers: true });
}

/** Deletes every row but those that tell which migrations ran. Nothing that uses the schema may be running. */
export async function emptyTables(schema: TestSchema): Promise<void> {
  const connection = await connect(schema);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE' AND table_name <> 'migrations'",
      [schema.name],
    );
    await connection.query('SET foreign_key_checks = 0');
    for (const row of rows) await connection.query(`DELETE FROM \`${String(row['name'])}\``);
  } finally {
    await connection.end();
  }
}

async function migrate(settings: Config['settings']): Promise<void> {
  const dataSource = createDataSource(settings, []);
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}

function schemaOf(access: MysqlAccess, name: string): TestSchema {
  return {
    ...pick(access),
    name,
    settings: {
      DB_HOST: access.host,
      DB_PORT: String(access.port),
      DB_USER: access.user,
      DB_PASSWORD: access.password,
      DB_NAME: name,
    },
  };
}

function pick({ host, port, user, password }: MysqlAccess): MysqlAccess {
  return { host, port, user, password };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: this needs the global set-up of Jest`);
  return value;
}
