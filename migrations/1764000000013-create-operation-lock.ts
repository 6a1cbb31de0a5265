import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOperationLock1764000000013 implements MigrationInterface {
  name = 'CreateOperationLock1764000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE operation_lock (
  resource_type VARCHAR(32) NOT NULL,
  resource_id BIGINT NOT NULL,
  operation_id BIGINT NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (resource_type, resource_id),
  KEY ix_operation_lock_operation (operation_id),
  CONSTRAINT fk_operation_lock_operation FOREIGN KEY (operation_id) REFERENCES operation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE operation_lock');
  }
}
