import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateLease1764000000017 implements MigrationInterface {
  name = 'CreateLease1764000000017';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE lease (
  id BIGINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner VARCHAR(64) NULL,
  epoch BIGINT NOT NULL DEFAULT 0,
  lease_until DATETIME(3) NOT NULL,
  completed_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_lease_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE lease');
  }
}
