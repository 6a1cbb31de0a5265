import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSecurityGroup1764000000008 implements MigrationInterface {
  name = 'CreateSecurityGroup1764000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE security_group (
  id BIGINT NOT NULL AUTO_INCREMENT,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  project_id BIGINT NOT NULL,
  name VARCHAR(255) NOT NULL,
  description VARCHAR(255) NULL,
  is_default TINYINT(1) NOT NULL DEFAULT 0,
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
  UNIQUE KEY uq_security_group_uuid (uuid),
  UNIQUE KEY uq_security_group_openstack_id (openstack_id),
  UNIQUE KEY uq_security_group_live_name (project_id, live_name),
  KEY ix_security_group_project_created (project_id, created_at, id),
  CONSTRAINT fk_security_group_project FOREIGN KEY (project_id) REFERENCES project (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE security_group');
  }
}
