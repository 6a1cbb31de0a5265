import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateLoginFailure1764000000041 implements MigrationInterface {
  name = 'CreateLoginFailure1764000000041';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE login_failure (
  id BIGINT NOT NULL AUTO_INCREMENT,
  scope VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject VARCHAR(255) NOT NULL,
  failures INT NOT NULL DEFAULT 0,
  pending INT NOT NULL DEFAULT 0,
  pending_until DATETIME(3) NULL,
  window_ends_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_login_failure_subject (scope, subject),
  KEY ix_login_failure_window (window_ends_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE login_failure');
  }
}
