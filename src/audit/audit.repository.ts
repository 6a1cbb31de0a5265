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
  /** What else belongs to it; null when left out. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** One as it is kept. */
export interface RecordedAuditEvent extends Omit<AuditEvent, 'detail'> {
  readonly id: number;
  readonly actorAccountId: string | null;
  readonly detail: Record<string, unknown> | null;
  readonly createdAt: Date;
}

/** Null: whatever it is. */
export interface AuditEventFilter {
  readonly actorUserId: number | null;
  readonly projectId: number | null;
  readonly action: string | null;
  readonly resourceType: string | null;
  readonly resourceId: number | null;
  /** Included. */
  readonly since: Date | null;
  /** Not included. */
  readonly until: Date | null;
  /** The id at which the page before ended. */
  readonly after: number | null;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

@Injectable()
export class AuditRepository {
  /** Belongs to the transaction of the change that it tells of. */
  async insert(tx: EntityManager, event: AuditEvent): Promise<void> {
    await tx.query(
      `INSERT INTO audit_event (actor_user_id, project_id, action, resource_type, resource_id, operation_id, request_id, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        event.actorUserId,
        event.projectId,
        event.action,
        event.resourceType,
        event.resourceId,
        event.operationId,
        event.requestId,
        event.detail === undefined ? null : JSON.stringify(event.detail),
      ],
    );
  }

  /** In the order of their ids, which is the order in which they happened. */
  async list(manager: EntityManager, filter: AuditEventFilter): Promise<readonly RecordedAuditEvent[]> {
    const isAscending = filter.order === 'asc';
    const conditions: readonly (readonly [string, unknown])[] = [
      ['a.actor_user_id = ?', filter.actorUserId],
      ['a.project_id = ?', filter.projectId],
      ['a.action = ?', filter.action],
      ['a.resource_type = ?', filter.resourceType],
      ['a.resource_id = ?', filter.resourceId],
      ['a.created_at >= ?', filter.since],
      ['a.created_at < ?', filter.until],
      [`a.id ${isAscending ? '>' : '<'} ?`, filter.after],
    ];
    const asked = conditions.filter(([, value]) => value !== null);
    const where = asked.length === 0 ? '' : `WHERE ${asked.map(([sql]) => sql).join(' AND ')}`;
    return manager.query(
      `SELECT a.id, a.actor_user_id AS actorUserId, u.account_id AS actorAccountId, a.project_id AS projectId, a.action,
              a.resource_type AS resourceType, a.resource_id AS resourceId, a.operation_id AS operationId,
              a.request_id AS requestId, a.detail, a.created_at AS createdAt
         FROM audit_event a LEFT JOIN user u ON u.id = a.actor_user_id ${where}
        ORDER BY a.id ${isAscending ? 'ASC' : 'DESC'} LIMIT ?`,
      [...asked.map(([, value]) => value), filter.limit],
    );
  }
}
