import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSignUpCount1764000000043 implements MigrationInterface {
  name = 'CreateSignUpCount1764000000043';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE sign_up_count (
  id BIGINT NOT NULL AUTO_INCREMENT,
  address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sign_ups INT NOT NULL DEFAULT 0,
  window_ends_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_sign_up_count_address (address),
  KEY ix_sign_up_count_window (window_ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sign_up_count');
  }
}
