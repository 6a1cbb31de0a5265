import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOrphan1764000000019 implements MigrationInterface {
  name = 'CreateOrphan1764000000019';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE orphan (
  id BIGINT NOT NULL AUTO_INCREMENT,
  resource_type VARCHAR(32) NOT NULL,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  project_openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  uuid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  first_seen_at DATETIME(3) NOT NULL,
  last_seen_at DATETIME(3) NOT NULL,
  deleted_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_orphan_object (resource_type, openstack_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE orphan');
  }
}
