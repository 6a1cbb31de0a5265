import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** One accepted change: who did what to which thing. Never holds a secret. */
export interface AuditEvent {
  readonly actorUserId: number | null;
  readonly projectId: number | null;
  readonly action: string;
  readonly resourceType: string;
  readonly resourceId: number | null;
  readonly operationId: number | null;
  readonly requestId: string | null;
}

@Injectable()
export class AuditRepository {
  /** Belongs to the transaction of the change that it tells of. */
  async insert(tx: EntityManager, event: AuditEvent): Promise<void> {
    await tx.query(
      `INSERT INTO audit_event (actor_user_id, project_id, action, resource_type, resource_id, operation_id, request_id)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [
        event.actorUserId,
        event.projectId,
        event.action,
        event.resourceType,
        event.resourceId,
        event.operationId,
        event.requestId,
      ],
    );
  }
}
