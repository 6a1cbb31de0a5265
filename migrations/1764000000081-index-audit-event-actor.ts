import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexAuditEventActor1764000000081 implements MigrationInterface {
  name = 'IndexAuditEventActor1764000000081';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX ix_audit_event_actor ON audit_event (actor_user_id, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ix_audit_event_actor ON audit_event');
  }
}
