import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An admin's list by name goes over all projects. */
export class IndexVolumeName1764000000023 implements MigrationInterface {
  name = 'IndexVolumeName1764000000023';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX ix_volume_name ON volume (name, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_volume_name ON volume');
  }
}
