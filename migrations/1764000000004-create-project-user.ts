import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateProjectUser1764000000004 implements MigrationInterface {
  name = 'CreateProjectUser1764000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE TABLE project_user (
  id BIGINT NOT NULL AUTO_INCREMENT,
  user_id BIGINT NOT NULL,
  project_id BIGINT NOT NULL,
  role VARCHAR(16) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY uq_project_user (user_id, project_id),
  KEY ix_project_user_project (project_id, user_id),
  CONSTRAINT fk_project_user_user FOREIGN KEY (user_id) REFERENCES user (id),
  CONSTRAINT fk_project_user_project FOREIGN KEY (project_id) REFERENCES project (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE project_user');
  }
}
