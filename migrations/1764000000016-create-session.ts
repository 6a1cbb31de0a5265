import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateSession1764000000016 implements MigrationInterface {
  name = 'CreateSession1764000000016';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE session (
  id BIGINT NOT NULL AUTO_INCREMENT,
  uuid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id BIGINT NOT NULL,
  project_id BIGINT NOT NULL,
  refresh_token_hash BINARY(32) NOT NULL,
  previous_refresh_token_hash BINARY(32) NULL,
  expires_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  ended_reason VARCHAR(32) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_session_uuid (uuid),
  UNIQUE KEY uq_session_refresh_token (refresh_token_hash),
  KEY ix_session_previous_refresh_token (previous_refresh_token_hash),
  KEY ix_session_user (user_id, ended_at),
  KEY ix_session_expires (expires_at),
  CONSTRAINT fk_session_user FOREIGN KEY (user_id) REFERENCES user (id),
  CONSTRAINT fk_session_project FOREIGN KEY (project_id) REFERENCES project (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE session');
  }
}
