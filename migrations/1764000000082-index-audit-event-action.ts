import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexAuditEventAction1764000000082 implements MigrationInterface {
  name = 'IndexAuditEventAction1764000000082';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX ix_audit_event_action ON audit_event (action, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_audit_event_action ON audit_event');
  }
}
