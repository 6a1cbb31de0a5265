import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateKeyPair1764000000051 implements MigrationInterface {
  name = 'CreateKeyPair1764000000051';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE key_pair (
  id BIGINT NOT NULL AUTO_INCREMENT,
  user_id BIGINT NOT NULL,
  name VARCHAR(255) NOT NULL,
  type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  public_key TEXT NOT NULL,
  fingerprint VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  deleted_at DATETIME(3) NULL,
  live_name VARCHAR(255) COLLATE utf8mb4_0900_bin GENERATED ALWAYS AS (IF(deleted_at IS NULL, name, NULL)) VIRTUAL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_key_pair_live_name (user_id, live_name),
  KEY ix_key_pair_user_created (user_id, created_at, id),
  KEY ix_key_pair_user_name (user_id, name, id),
  CONSTRAINT fk_key_pair_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE key_pair');
  }
}
