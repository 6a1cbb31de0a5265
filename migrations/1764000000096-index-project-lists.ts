import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An admin's list has every project; without it each page would sort the whole table. */
export class IndexProjectLists1764000000096 implements MigrationInterface {
  name = 'IndexProjectLists1764000000096';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE project ADD INDEX ix_project_created (created_at, id), ADD INDEX ix_project_name (name, id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE project DROP INDEX ix_project_created, DROP INDEX ix_project_name');
  }
}
