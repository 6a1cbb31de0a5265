import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddUserPasswordChangedAt1764000000098 implements MigrationInterface {
  name = 'AddUserPasswordChangedAt1764000000098';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE user ADD COLUMN password_changed_at DATETIME(3) NULL AFTER observed_at');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE user DROP COLUMN password_changed_at');
  }
}
