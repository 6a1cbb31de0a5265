import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Role } from '../common/principal.js';

export interface NewSession {
  readonly uuid: string;
  readonly userId: number;
  readonly projectId: number;
  readonly refreshTokenHash: Buffer;
  readonly lifeMs: number;
  /** When Keystone was asked about the password; of MySQL's clock. */
  readonly askedAt: Date;
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

/** A session as a refresh needs it. */
export interface OpenSession {
  readonly id: number;
  readonly uuid: string;
  readonly userId: number;
  readonly projectId: number;
  readonly refreshTokenHash: Buffer;
  readonly previousRefreshTokenHash: Buffer | null;
  /** Null: never yet. */
  readonly rotatedMsAgo: number | null;
}

/** Why a session ended; `reuse`: an old refresh token was used. */
export type SessionEnd = 'logout' | 'reuse' | 'password' | 'user-deleted' | 'left-project';

@Injectable()
export class SessionRepository {
  /** False when the password was changed since Keystone was asked about it. Lock the user first. */
  async insert(tx: EntityManager, session: NewSession): Promise<boolean> {
    const { uuid, userId, projectId, refreshTokenHash, lifeMs, askedAt } = session;
    const result: { affectedRows: number } = await tx.query(
      `INSERT INTO session (uuid, user_id, project_id, refresh_token_hash, expires_at)
       SELECT ?, id, ?, ?, NOW(3) + INTERVAL ? MICROSECOND
         FROM user WHERE id = ? AND (password_changed_at IS NULL OR password_changed_at < ?)`,
      [uuid, projectId, refreshTokenHash, lifeMs * 1000, userId, askedAt],
    );
    return result.affectedRows === 1;
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
         LEFT JOIN project_user pu ON pu.user_id = u.id AND pu.project_id = p.id AND pu.is_pending = 0
        WHERE s.uuid = ? AND s.user_id = ? AND s.ended_at IS NULL AND s.expires_at > NOW(3)`,
      [projectId, sessionUuid, userId],
    );
    const row = rows[0];
    if (row === undefined) return null;
    const { enabled, isAdmin, role: memberRole, ...session } = row;
    const role = isAdmin === 1 ? 'admin' : memberRole;
    return role === null ? null : { ...session, isProjectEnabled: enabled === 1, role };
  }

  /** A session that has not ended, locked while the caller's transaction lasts; whether its user is still welcome is not looked at. */
  async findOpenForUpdate(tx: EntityManager, uuid: string): Promise<OpenSession | null> {
    const rows: (Omit<OpenSession, 'rotatedMsAgo'> & { readonly rotatedMicrosAgo: number | null })[] = await tx.query(
      `SELECT id, uuid, user_id AS userId, project_id AS projectId, refresh_token_hash AS refreshTokenHash,
              previous_refresh_token_hash AS previousRefreshTokenHash,
              TIMESTAMPDIFF(MICROSECOND, rotated_at, NOW(3)) AS rotatedMicrosAgo
         FROM session WHERE uuid = ? AND ended_at IS NULL AND expires_at > NOW(3) FOR UPDATE`,
      [uuid],
    );
    const row = rows[0];
    if (row === undefined) return null;
    const { rotatedMicrosAgo, ...session } = row;
    return { ...session, rotatedMsAgo: rotatedMicrosAgo === null ? null : rotatedMicrosAgo / 1000 };
  }

  /** The next refresh token takes the place of the current one; the session's life begins anew. */
  async rotate(tx: EntityManager, sessionId: number, hash: Buffer, lifeMs: number): Promise<void> {
    await tx.query(
      `UPDATE session SET previous_refresh_token_hash = refresh_token_hash, refresh_token_hash = ?, rotated_at = NOW(3),
              expires_at = NOW(3) + INTERVAL ? MICROSECOND
        WHERE id = ?`,
      [hash, lifeMs * 1000, sessionId],
    );
  }

  /** Where the session goes on from now; returns its uuid, or null when it has ended. */
  async moveTo(tx: EntityManager, sessionId: number, projectId: number): Promise<string | null> {
    const result: { affectedRows: number } = await tx.query(
      'UPDATE session SET project_id = ? WHERE id = ? AND ended_at IS NULL AND expires_at > NOW(3)',
      [projectId, sessionId],
    );
    if (result.affectedRows !== 1) return null;
    const rows: { uuid: string }[] = await tx.query('SELECT uuid FROM session WHERE id = ?', [sessionId]);
    return rows[0]?.uuid ?? null;
  }

  async end(manager: EntityManager, sessionId: number, reason: SessionEnd): Promise<void> {
    await manager.query('UPDATE session SET ended_at = NOW(3), ended_reason = ? WHERE id = ? AND ended_at IS NULL', [
      reason,
      sessionId,
    ]);
  }

  /** Every session of a user, or all but one. */
  async endAllOf(
    tx: EntityManager,
    { userId, exceptId }: { readonly userId: number; readonly exceptId: number | null },
    reason: SessionEnd,
  ): Promise<void> {
    await tx.query(
      'UPDATE session SET ended_at = NOW(3), ended_reason = ? WHERE user_id = ? AND ended_at IS NULL AND id <> COALESCE(?, 0)',
      [reason, userId, exceptId],
    );
  }

  /** Those that the user has in one project. */
  async endInProject(
    tx: EntityManager,
    { userId, projectId }: { readonly userId: number; readonly projectId: number },
    reason: SessionEnd,
  ): Promise<void> {
    await tx.query(
      'UPDATE session SET ended_at = NOW(3), ended_reason = ? WHERE user_id = ? AND project_id = ? AND ended_at IS NULL',
      [reason, userId, projectId],
    );
  }
}
