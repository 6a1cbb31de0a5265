import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** What stands in the way of an account. */
export type AccountHolder = 'user' | 'undo';

export interface AccountQuestion {
  readonly domainId: number;
  readonly accountId: string;
  /** Nobody waits longer than this for an account. */
  readonly patienceMs: number;
}

/** The table sign_up_count, and who has an account id. */
@Injectable()
export class SignUpRepository {
  /** Counts one more account from an address; returns how many there were in this window, and how long it still lasts. */
  async count(
    tx: EntityManager,
    address: string,
    windowMs: number,
  ): Promise<{ readonly signUps: number; readonly windowEndsInMs: number }> {
    await tx.query(
      `INSERT INTO sign_up_count (address, sign_ups, window_ends_at) VALUES (?, 1, NOW(3) + INTERVAL ? MICROSECOND) AS new
       ON DUPLICATE KEY UPDATE
         sign_ups = IF(sign_up_count.window_ends_at <= NOW(3), 1, sign_up_count.sign_ups + 1),
         window_ends_at = IF(sign_up_count.window_ends_at <= NOW(3), new.window_ends_at, sign_up_count.window_ends_at)`,
      [address, windowMs * 1000],
    );
    const rows: { signUps: number; leftMicros: number }[] = await tx.query(
      'SELECT sign_ups AS signUps, TIMESTAMPDIFF(MICROSECOND, NOW(3), window_ends_at) AS leftMicros FROM sign_up_count WHERE address = ?',
      [address],
    );
    const row = rows[0];
    if (row === undefined) throw new Error('a count is not there right after its insert');
    return { signUps: row.signUps, windowEndsInMs: Math.max(0, row.leftMicros / 1000) };
  }

  /** Drops counts that say nothing any more, a few at a time. */
  async forget(manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM sign_up_count WHERE window_ends_at < NOW(3) - INTERVAL 1 DAY LIMIT 50');
  }

  /** Who has the account id: a user, or an attempt to make one that is being undone, or certainly will be since its time is over. */
  async holderOf(tx: EntityManager, { domainId, accountId, patienceMs }: AccountQuestion): Promise<AccountHolder> {
    const rows: unknown[] = await tx.query(
      `SELECT 1 FROM user u
         JOIN operation_lock l ON l.resource_type = 'user' AND l.resource_id = u.id
         JOIN operation o ON o.id = l.operation_id AND o.kind = 'user.create'
        WHERE u.domain_id = ? AND u.live_account_id = ?
          AND (o.phase = 'COMPENSATE' OR o.created_at <= NOW(3) - INTERVAL ? MICROSECOND)`,
      [domainId, accountId, patienceMs * 1000],
    );
    return rows.length > 0 ? 'undo' : 'user';
  }
}
