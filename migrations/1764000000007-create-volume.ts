import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateVolume1764000000007 implements MigrationInterface {
  name = 'CreateVolume1764000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE volume (
  id BIGINT NOT NULL AUTO_INCREMENT,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  project_id BIGINT NOT NULL,
  server_id BIGINT NULL,
  image_openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  volume_type_openstack_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
  name VARCHAR(255) NOT NULL,
  description VARCHAR(255) NULL,
  status VARCHAR(64) NOT NULL,
  size INT NOT NULL,
  is_root_volume TINYINT(1) NOT NULL DEFAULT 0,
  device VARCHAR(255) NULL,
  protected TINYINT(1) NOT NULL DEFAULT 0,
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
  live_name VARCHAR(255) COLLATE utf8mb4_0900_bin GENERATED ALWAYS AS (IF(deleted_at IS NULL, name, NULL)) VIRTUAL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_volume_uuid (uuid),
  UNIQUE KEY uq_volume_openstack_id (openstack_id),
  UNIQUE KEY uq_volume_live_name (project_id, live_name),
  KEY ix_volume_project_created (project_id, created_at, id),
  KEY ix_volume_project_name (project_id, name, id),
  KEY ix_volume_server (server_id),
  CONSTRAINT fk_volume_project FOREIGN KEY (project_id) REFERENCES project (id),
  CONSTRAINT fk_volume_server FOREIGN KEY (server_id) REFERENCES server (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE volume');
  }
}
