import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddProjectUserIsPending1764000000044 implements MigrationInterface {
  name = 'AddProjectUserIsPending1764000000044';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE project_user ADD COLUMN is_pending TINYINT(1) NOT NULL DEFAULT 0 AFTER role');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE project_user DROP COLUMN is_pending');
  }
}
