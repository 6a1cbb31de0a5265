import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateFloatingIp1764000000011 implements MigrationInterface {
  name = 'CreateFloatingIp1764000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE floating_ip (
  id BIGINT NOT NULL AUTO_INCREMENT,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  project_id BIGINT NOT NULL,
  network_interface_id BIGINT NULL,
  floating_network_openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  address VARCHAR(45) NULL,
  fixed_ip_address VARCHAR(45) NULL,
  status VARCHAR(64) NOT NULL,
  uuid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT NOT NULL DEFAULT 1,
  openstack_status VARCHAR(64) NULL,
  observed_at DATETIME(3) NULL,
  missing_since DATETIME(3) NULL,
  fault_code VARCHAR(64) NULL,
  fault_message VARCHAR(500) NULL,
  deleted_reason VARCHAR(16) NULL,
  managed_by VARCHAR(16) NOT NULL DEFAULT 'created',
  deleted_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_floating_ip_uuid (uuid),
  UNIQUE KEY uq_floating_ip_openstack_id (openstack_id),
  KEY ix_floating_ip_project_created (project_id, created_at, id),
  KEY ix_floating_ip_project_address (project_id, address, id),
  KEY ix_floating_ip_network_interface (network_interface_id),
  CONSTRAINT fk_floating_ip_project FOREIGN KEY (project_id) REFERENCES project (id),
  CONSTRAINT fk_floating_ip_network_interface FOREIGN KEY (network_interface_id) REFERENCES network_interface (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE floating_ip');
  }
}
