import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The server that the port was taken off outside of this API: its deletion takes the port along. */
export class AddNetworkInterfaceFormerServer1764000000085 implements MigrationInterface {
  name = 'AddNetworkInterfaceFormerServer1764000000085';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE network_interface ADD former_server_id BIGINT NULL AFTER server_id, ADD KEY ix_network_interface_former_server (former_server_id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE network_interface DROP KEY ix_network_interface_former_server, DROP COLUMN former_server_id',
    );
  }
}
