import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAuditEvent1764000000015 implements MigrationInterface {
  name = 'CreateAuditEvent1764000000015';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE audit_event (
  id BIGINT NOT NULL AUTO_INCREMENT,
  actor_user_id BIGINT NULL,
  project_id BIGINT NULL,
  action VARCHAR(64) NOT NULL,
  resource_type VARCHAR(32) NOT NULL,
  resource_id BIGINT NULL,
  operation_id BIGINT NULL,
  request_id VARCHAR(64) NULL,
  detail JSON NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  KEY ix_audit_event_project (project_id, id),
  KEY ix_audit_event_resource (resource_type, resource_id, id),
  KEY ix_audit_event_operation (operation_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_event');
  }
}
