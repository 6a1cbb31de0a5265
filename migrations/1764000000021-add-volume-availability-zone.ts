import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where the volume is, as Cinder tells. */
export class AddVolumeAvailabilityZone1764000000021 implements MigrationInterface {
  name = 'AddVolumeAvailabilityZone1764000000021';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE volume ADD availability_zone VARCHAR(255) NULL AFTER device');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE volume DROP COLUMN availability_zone');
  }
}
