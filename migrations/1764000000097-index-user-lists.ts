import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An admin's list has everybody; without it each page would sort the whole table. */
export class IndexUserLists1764000000097 implements MigrationInterface {
  name = 'IndexUserLists1764000000097';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE user ADD INDEX ix_user_created (created_at, id), ADD INDEX ix_user_account_id (account_id, id), ADD INDEX ix_user_name (name, id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE user DROP INDEX ix_user_created, DROP INDEX ix_user_account_id, DROP INDEX ix_user_name',
    );
  }
}
