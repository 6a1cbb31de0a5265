import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An admin's list goes over all projects; without it each page would sort the whole table. */
export class IndexFloatingIpLists1764000000094 implements MigrationInterface {
  name = 'IndexFloatingIpLists1764000000094';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE floating_ip ADD INDEX ix_floating_ip_created (created_at, id), ADD INDEX ix_floating_ip_address (address, id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE floating_ip DROP INDEX ix_floating_ip_created, DROP INDEX ix_floating_ip_address');
  }
}
