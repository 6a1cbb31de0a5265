import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What failures are counted of. */
export interface FailureSubject {
  readonly scope: 'account' | 'address';
  readonly subject: string;
}

export interface FailureCount {
  readonly failures: number;
  /** Attempts that are under way. */
  readonly pending: number;
  /** Until the failures are forgotten; milliseconds. */
  readonly windowEndsInMs: number;
}

/** The table login_failure. All times are the database's. */
@Injectable()
export class LoginFailureRepository {
  /** The count as it is now, locked while the caller's transaction lasts; what is out of date is forgotten. */
  async countForUpdate(tx: EntityManager, { scope, subject }: FailureSubject): Promise<FailureCount> {
    await tx.query(
      `INSERT INTO login_failure (scope, subject, window_ends_at) VALUES (?, ?, NOW(3))
       ON DUPLICATE KEY UPDATE failures = IF(window_ends_at <= NOW(3), 0, failures), pending = IF(pending_until > NOW(3), pending, 0)`,
      [scope, subject],
    );
    const rows: { failures: number; pending: number; leftMicros: number }[] = await tx.query(
      `SELECT failures, pending, TIMESTAMPDIFF(MICROSECOND, NOW(3), window_ends_at) AS leftMicros
         FROM login_failure WHERE scope = ? AND subject = ? FOR UPDATE`,
      [scope, subject],
    );
    const row = rows[0];
    if (row === undefined) throw new Error('a count is not there right after its insert');
    return { failures: row.failures, pending: row.pending, windowEndsInMs: Math.max(0, row.leftMicros / 1000) };
  }

  /** Notes an attempt that is under way; it is forgotten after `forMs`, should its process die. */
  async addPending(tx: EntityManager, { scope, subject }: FailureSubject, forMs: number): Promise<void> {
    await tx.query(
      `UPDATE login_failure SET pending = pending + 1, pending_until = NOW(3) + INTERVAL ? MICROSECOND
        WHERE scope = ? AND subject = ?`,
      [forMs * 1000, scope, subject],
    );
  }

  /** The attempt is over. With the first failure the window begins. */
  async settle(
    tx: EntityManager,
    { scope, subject }: FailureSubject,
    { hasFailed, windowMs }: { readonly hasFailed: boolean; readonly windowMs: number },
  ): Promise<void> {
    // MySQL assigns from left to right: the window is judged by the count before this failure.
    await tx.query(
      `UPDATE login_failure
          SET pending = GREATEST(pending - 1, 0),
              window_ends_at = IF(? AND failures = 0, NOW(3) + INTERVAL ? MICROSECOND, window_ends_at),
              failures = failures + ?
        WHERE scope = ? AND subject = ?`,
      [hasFailed, windowMs * 1000, hasFailed ? 1 : 0, scope, subject],
    );
  }

  /** Drops counts that say nothing any more, a few at a time. */
  async forget(manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM login_failure WHERE window_ends_at < NOW(3) - INTERVAL 1 DAY LIMIT 50');
  }
}
