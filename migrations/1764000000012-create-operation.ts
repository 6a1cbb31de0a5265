import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOperation1764000000012 implements MigrationInterface {
  name = 'CreateOperation1764000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE operation (
  id BIGINT NOT NULL AUTO_INCREMENT,
  uuid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(64) NOT NULL,
  resource_type VARCHAR(32) NOT NULL,
  resource_id BIGINT NOT NULL,
  server_id BIGINT NULL,
  project_id BIGINT NULL,
  requested_by BIGINT NULL,
  request_id VARCHAR(64) NULL,
  state VARCHAR(16) NOT NULL,
  phase VARCHAR(12) NOT NULL DEFAULT 'FORWARD',
  step VARCHAR(64) NOT NULL,
  step_since DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  input JSON NOT NULL,
  secret BLOB NULL,
  result JSON NULL,
  attempt INT NOT NULL DEFAULT 0,
  failures INT NOT NULL DEFAULT 0,
  last_failure VARCHAR(500) NULL,
  doubted_since DATETIME(3) NULL,
  next_run_at DATETIME(3) NOT NULL,
  deadline_at DATETIME(3) NOT NULL,
  sent_step VARCHAR(64) NULL,
  sent_at DATETIME(3) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_until DATETIME(3) NOT NULL,
  lease_token BIGINT NOT NULL DEFAULT 0,
  error_code VARCHAR(64) NULL,
  error_detail VARCHAR(1000) NULL,
  openstack_request_ids JSON NULL,
  started_at DATETIME(3) NULL,
  finished_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_operation_uuid (uuid),
  KEY ix_operation_due (state, next_run_at),
  KEY ix_operation_project (project_id, id),
  KEY ix_operation_resource (resource_type, resource_id, id),
  KEY ix_operation_server (server_id, state),
  CONSTRAINT fk_operation_project FOREIGN KEY (project_id) REFERENCES project (id),
  CONSTRAINT fk_operation_requested_by FOREIGN KEY (requested_by) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE operation');
  }
}
