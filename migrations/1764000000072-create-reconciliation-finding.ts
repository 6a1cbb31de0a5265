import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateReconciliationFinding1764000000072 implements MigrationInterface {
  name = 'CreateReconciliationFinding1764000000072';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE reconciliation_finding (
  id BIGINT NOT NULL AUTO_INCREMENT,
  run_id BIGINT NOT NULL,
  type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  resource_type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  resource_id BIGINT NULL,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  project_id BIGINT NULL,
  before_facts JSON NULL,
  after_facts JSON NULL,
  action VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  is_allowed TINYINT NOT NULL DEFAULT 0,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'OPEN',
  reason VARCHAR(500) NULL,
  evidence JSON NOT NULL,
  first_seen_at DATETIME(3) NOT NULL,
  applied_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  KEY ix_reconciliation_finding_run (run_id, id),
  KEY ix_reconciliation_finding_resource (resource_type, resource_id, created_at),
  KEY ix_reconciliation_finding_object (resource_type, openstack_id, created_at),
  CONSTRAINT fk_reconciliation_finding_run FOREIGN KEY (run_id) REFERENCES reconciliation_run (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reconciliation_finding');
  }
}
