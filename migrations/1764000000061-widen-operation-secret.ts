import type { MigrationInterface, QueryRunner } from 'typeorm';

/** User data of 49,149 bytes may double when it is written as JSON. */
export class WidenOperationSecret1764000000061 implements MigrationInterface {
  name = 'WidenOperationSecret1764000000061';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE operation MODIFY secret MEDIUMBLOB NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE operation MODIFY secret BLOB NULL');
  }
}
