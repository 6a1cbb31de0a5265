import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An admin's list goes over all projects; without it each page would sort the whole table. */
export class IndexNetworkInterfaceLists1764000000093 implements MigrationInterface {
  name = 'IndexNetworkInterfaceLists1764000000093';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE network_interface ADD INDEX ix_network_interface_created (created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE network_interface DROP INDEX ix_network_interface_created');
  }
}
