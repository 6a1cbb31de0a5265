import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateDomain1764000000001 implements MigrationInterface {
  name = 'CreateDomain1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE domain (
  id BIGINT NOT NULL AUTO_INCREMENT,
  openstack_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(255) NOT NULL,
  deleted_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_domain_openstack_id (openstack_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE domain');
  }
}
