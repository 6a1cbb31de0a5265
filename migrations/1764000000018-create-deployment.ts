import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateDeployment1764000000018 implements MigrationInterface {
  name = 'CreateDeployment1764000000018';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE deployment (
  id BIGINT NOT NULL AUTO_INCREMENT,
  singleton TINYINT NOT NULL DEFAULT 1,
  deployment_id CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_deployment_singleton (singleton)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deployment');
  }
}
