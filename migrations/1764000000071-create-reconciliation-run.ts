import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateReconciliationRun1764000000071 implements MigrationInterface {
  name = 'CreateReconciliationRun1764000000071';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE reconciliation_run (
  id BIGINT NOT NULL AUTO_INCREMENT,
  origin VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  mode VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'PLANNING',
  scope_key VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  active_scope_key VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin
    GENERATED ALWAYS AS (IF(state IN ('PLANNING', 'APPLYING'), scope_key, NULL)) VIRTUAL,
  project_ids JSON NULL,
  resource_types JSON NOT NULL,
  max_changes INT NULL,
  plan_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  is_complete TINYINT NOT NULL DEFAULT 1,
  pages INT NOT NULL DEFAULT 0,
  chosen_finding_ids JSON NULL,
  confirms_mass_change TINYINT NOT NULL DEFAULT 0,
  requested_by BIGINT NULL,
  error_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  error_detail VARCHAR(1000) NULL,
  lease_owner VARCHAR(64) NULL,
  lease_until DATETIME(3) NOT NULL,
  epoch BIGINT NOT NULL DEFAULT 0,
  started_at DATETIME(3) NULL,
  planned_at DATETIME(3) NULL,
  finished_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_reconciliation_run_active_scope (active_scope_key),
  KEY ix_reconciliation_run_scope (scope_key, id),
  KEY ix_reconciliation_run_state (state, lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reconciliation_run');
  }
}
