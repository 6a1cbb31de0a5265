import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexAuditEventCreated1764000000083 implements MigrationInterface {
  name = 'IndexAuditEventCreated1764000000083';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX ix_audit_event_created ON audit_event (created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_audit_event_created ON audit_event');
  }
}
