import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An admin's list goes over all projects; without it each page would sort the whole table. */
export class IndexServerLists1764000000092 implements MigrationInterface {
  name = 'IndexServerLists1764000000092';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE server ADD INDEX ix_server_created (created_at, id), ADD INDEX ix_server_name (name, id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE server DROP INDEX ix_server_created, DROP INDEX ix_server_name');
  }
}
