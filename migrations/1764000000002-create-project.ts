import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateProject1764000000002 implements MigrationInterface {
  name = 'CreateProject1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE project (
  id BIGINT NOT NULL AUTO_INCREMENT,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  domain_id BIGINT NOT NULL,
  name VARCHAR(255) NOT NULL,
  enabled TINYINT(1) NOT NULL DEFAULT 1,
  version INT NOT NULL DEFAULT 1,
  observed_at DATETIME(3) NULL,
  deleted_at DATETIME(3) NULL,
  live_name VARCHAR(255) COLLATE utf8mb4_0900_as_ci GENERATED ALWAYS AS (IF(deleted_at IS NULL, name, NULL)) VIRTUAL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_project_openstack_id (openstack_id),
  UNIQUE KEY uq_project_live_name (domain_id, live_name),
  CONSTRAINT fk_project_domain FOREIGN KEY (domain_id) REFERENCES domain (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE project');
  }
}
