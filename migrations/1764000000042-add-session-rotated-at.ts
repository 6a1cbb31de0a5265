import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddSessionRotatedAt1764000000042 implements MigrationInterface {
  name = 'AddSessionRotatedAt1764000000042';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE session ADD COLUMN rotated_at DATETIME(3) NULL AFTER previous_refresh_token_hash');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE session DROP COLUMN rotated_at');
  }
}
