import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateNetworkInterfaceSecurityGroup1764000000010 implements MigrationInterface {
  name = 'CreateNetworkInterfaceSecurityGroup1764000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE network_interface_security_group (
  id BIGINT NOT NULL AUTO_INCREMENT,
  network_interface_id BIGINT NOT NULL,
  security_group_id BIGINT NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_network_interface_security_group (network_interface_id, security_group_id),
  KEY ix_network_interface_security_group_group (security_group_id, network_interface_id),
  CONSTRAINT fk_nisg_network_interface FOREIGN KEY (network_interface_id) REFERENCES network_interface (id),
  CONSTRAINT fk_nisg_security_group FOREIGN KEY (security_group_id) REFERENCES security_group (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE network_interface_security_group');
  }
}
