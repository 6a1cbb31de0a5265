import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Role } from '../common/principal.js';

export interface NewSession {
  readonly userId: number;
  readonly projectId: number;
  readonly refreshTokenHash: Buffer;
  readonly lifeMs: number;
}

/** What an access token says; nothing of it counts before MySQL has agreed. */
export interface SessionClaims {
  readonly sessionUuid: string;
  readonly userId: number;
  readonly projectId: number;
}

/** Who a live session speaks for, in one project. */
export interface LiveSession {
  readonly sessionId: number;
  readonly userId: number;
  readonly accountId: string;
  readonly projectId: number;
  readonly projectOpenstackId: string;
  /** False: the project can be read only. */
  readonly isProjectEnabled: boolean;
  readonly role: Role;
}

@Injectable()
export class SessionRepository {
  async insert(tx: EntityManager, session: NewSession): Promise<{ readonly id: number; readonly uuid: string }> {
    const uuid = randomUUID();
    const result: { insertId: number } = await tx.query(
      `INSERT INTO session (uuid, user_id, project_id, refresh_token_hash, expires_at)
       VALUES (?, ?, ?, ?, NOW(3) + INTERVAL ? MICROSECOND)`,
      [uuid, session.userId, session.projectId, session.refreshTokenHash, session.lifeMs * 1000],
    );
    return { id: result.insertId, uuid };
  }

  /**
   * The one statement behind every request: null as soon as the session has ended, the user is gone or disabled, or neither member of
   * the project nor admin.
   */
  async findLive(
    manager: EntityManager,
    { sessionUuid, userId, projectId }: SessionClaims,
  ): Promise<LiveSession | null> {
    const rows: (Omit<LiveSession, 'isProjectEnabled' | 'role'> & {
      readonly enabled: number;
      readonly isAdmin: number;
      readonly role: Role | null;
    })[] = await manager.query(
      `SELECT s.id AS sessionId, u.id AS userId, u.account_id AS accountId, u.is_admin AS isAdmin,
              p.id AS projectId, p.openstack_id AS projectOpenstackId, p.enabled, pu.role
         FROM session s
         JOIN user u ON u.id = s.user_id AND u.deleted_at IS NULL AND u.enabled = 1
         JOIN project p ON p.id = ? AND p.deleted_at IS NULL
         LEFT JOIN project_user pu ON pu.user_id = u.id AND pu.project_id = p.id
        WHERE s.uuid = ? AND s.user_id = ? AND s.ended_at IS NULL AND s.expires_at > NOW(3)`,
      [projectId, sessionUuid, userId],
    );
    const row = rows[0];
    if (row === undefined) return null;
    const { enabled, isAdmin, role: memberRole, ...session } = row;
    const role = isAdmin === 1 ? 'admin' : memberRole;
    return role === null ? null : { ...session, isProjectEnabled: enabled === 1, role };
  }

  async end(manager: EntityManager, sessionId: number, reason: 'logout'): Promise<void> {
    await manager.query('UPDATE session SET ended_at = NOW(3), ended_reason = ? WHERE id = ? AND ended_at IS NULL', [
      reason,
      sessionId,
    ]);
  }
}
