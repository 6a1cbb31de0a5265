import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateUser1764000000003 implements MigrationInterface {
  name = 'CreateUser1764000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE user (
  id BIGINT NOT NULL AUTO_INCREMENT,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  domain_id BIGINT NOT NULL,
  account_id VARCHAR(255) NOT NULL,
  name VARCHAR(255) NOT NULL,
  uuid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  enabled TINYINT(1) NOT NULL DEFAULT 1,
  is_admin TINYINT(1) NOT NULL DEFAULT 0,
  managed_by VARCHAR(16) NOT NULL DEFAULT 'imported',
  observed_at DATETIME(3) NULL,
  deleted_at DATETIME(3) NULL,
  live_account_id VARCHAR(255) COLLATE utf8mb4_0900_as_ci GENERATED ALWAYS AS (IF(deleted_at IS NULL, account_id, NULL)) VIRTUAL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_user_uuid (uuid),
  UNIQUE KEY uq_user_openstack_id (openstack_id),
  UNIQUE KEY uq_user_live_account_id (domain_id, live_account_id),
  CONSTRAINT fk_user_domain FOREIGN KEY (domain_id) REFERENCES domain (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user');
  }
}
