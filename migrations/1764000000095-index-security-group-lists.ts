import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For the lists of a project by name and for an admin's, which go over all projects. */
export class IndexSecurityGroupLists1764000000095 implements MigrationInterface {
  name = 'IndexSecurityGroupLists1764000000095';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE security_group ADD INDEX ix_security_group_created (created_at, id), ADD INDEX ix_security_group_name (name, id), ADD INDEX ix_security_group_project_name (project_id, name, id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE security_group DROP INDEX ix_security_group_created, DROP INDEX ix_security_group_name, DROP INDEX ix_security_group_project_name',
    );
  }
}
