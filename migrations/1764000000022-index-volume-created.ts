import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An admin's list goes over all projects; without it each page would sort the whole table. */
export class IndexVolumeCreated1764000000022 implements MigrationInterface {
  name = 'IndexVolumeCreated1764000000022';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX ix_volume_created ON volume (created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_volume_created ON volume');
  }
}
