import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import type { DataSource } from 'typeorm';
import { migrations } from '../../migrations/migrations.js';
import { createDataSource } from '../../src/database/data-source.js';
import { entities } from '../../src/entities.js';
import { connect, workerSchema, type TestSchema } from '../support/schema.js';
import { testConfig } from '../support/settings.js';

describe('the migrations', () => {
  let schema: TestSchema;
  let dataSource: DataSource;

  beforeAll(async () => {
    schema = await workerSchema();
    dataSource = createDataSource(testConfig(schema.settings).settings, entities);
    await dataSource.initialize();
  }, 60_000);

  afterAll(async () => {
    await dataSource.destroy();
  });

  it('are run, as everything is, in sessions that read what is committed, in UTC', async () => {
    for (const runner of [dataSource.createQueryRunner(), dataSource.createQueryRunner()]) {
      await runner.startTransaction();
      const sessions: unknown = await runner.query(
        'SELECT @@SESSION.transaction_isolation AS isolation, @@SESSION.time_zone AS zone, @@SESSION.innodb_lock_wait_timeout AS lockWait',
      );
      expect(sessions).toEqual([{ isolation: 'READ-COMMITTED', zone: '+00:00', lockWait: 5 }]);
      await runner.rollbackTransaction();
      await runner.release();
    }
  });

  it('lead from nothing to the newest version, each of them once', async () => {
    expect(await dataSource.showMigrations()).toBe(false);
    const done = await rows('SELECT name FROM migrations ORDER BY id');
    expect(done.map((row) => String(row['name']))).toEqual(migrations.map(({ name }) => name));
    expect(await dataSource.runMigrations()).toEqual([]);
  });

  it('make the tables that the entities describe', async () => {
    // TypeORM looks there for what generated columns are made of.
    const columns = ['type', 'database', 'schema', 'table', 'name', 'value'].map((name) => `\`${name}\` TEXT`);
    await dataSource.query(`CREATE TABLE typeorm_metadata (${columns.join(', ')})`);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.query('DROP TABLE typeorm_metadata');
    const unique = await uniqueKeys();
    const missing = upQueries
      .map(({ query }) => query)
      .filter((query) => !isByDesign(query) && !unique.has(keyOf(query)));
    expect(missing).toEqual([]);
  });

  it('give every table a primary key: a group of MySQL servers refuses others', async () => {
    const without = await rows(
      `SELECT t.table_name AS name FROM information_schema.tables t
       LEFT JOIN information_schema.table_constraints c
         ON c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.constraint_type = 'PRIMARY KEY'
       WHERE t.table_schema = DATABASE() AND c.constraint_name IS NULL`,
    );
    expect(without).toEqual([]);
  });

  it('have one statement a file, since MySQL commits at every DDL statement', () => {
    const folder = join(process.cwd(), 'migrations');
    const files = readdirSync(folder).filter((file) => /^\d+-.*\.ts$/.test(file));
    expect(files).toHaveLength(migrations.length);
    const statements = files.map((file) => {
      const up = /async up\([\s\S]*?\n {2}\}/.exec(readFileSync(join(folder, file), 'utf8'))?.[0] ?? '';
      return [file, up.split('runner.query(').length - 1, /;\s*\S/.test(up.replace(/\);\n/g, ''))];
    });
    expect(statements).toEqual(files.map((file) => [file, 1, false]));
  });

  it('can be taken back one by one, newest first', async () => {
    for (const migration of [...migrations].reverse()) {
      expect(migration.prototype).toHaveProperty('down');
      await dataSource.undoLastMigration();
    }
    const left = await rows(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 'migrations'",
    );
    expect(left).toEqual([]);
    await dataSource.runMigrations();
  });

  /** As `table(column, …)`. */
  async function uniqueKeys(): Promise<ReadonlySet<string>> {
    const keys = await rows(
      `SELECT CONCAT(table_name, '(', GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), ')') AS name
       FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0 GROUP BY table_name, index_name`,
    );
    return new Set(keys.map((row) => String(row['name'])));
  }

  async function rows(sql: string): Promise<readonly RowDataPacket[]> {
    const connection = await connect(schema);
    try {
      return (await connection.query<RowDataPacket[]>(sql))[0];
    } finally {
      await connection.end();
    }
  }
});

/** The columns that TypeORM wants unique; the migrations give the keys other names. */
function keyOf(query: string): string {
  const match = /^ALTER TABLE `(\w+)` ADD UNIQUE INDEX `\w+` \((.*)\)$/.exec(query);
  return match === null ? '' : `${match[1] ?? ''}(${(match[2] ?? '').replaceAll('`', '')})`;
}

/** Indexes, foreign keys and generated columns live in migrations alone; entities hold columns. */
function isByDesign(query: string): boolean {
  return /DROP FOREIGN KEY|DROP INDEX|DROP COLUMN `(live|active)_/.test(query);
}
