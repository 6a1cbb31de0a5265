import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIdempotencyKey1764000000014 implements MigrationInterface {
  name = 'CreateIdempotencyKey1764000000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE idempotency_key (
  id BIGINT NOT NULL AUTO_INCREMENT,
  scope VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint BINARY(32) NOT NULL,
  operation_id BIGINT NULL,
  status SMALLINT NULL,
  body MEDIUMTEXT NULL,
  expires_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_idempotency_key (scope, idempotency_key),
  KEY ix_idempotency_key_expires (expires_at),
  CONSTRAINT fk_idempotency_key_operation FOREIGN KEY (operation_id) REFERENCES operation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_key');
  }
}
