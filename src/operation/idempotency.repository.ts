import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { IdempotencyClaim } from '../common/idempotency.js';
import { duplicateKey } from '../database/database-errors.js';

/** What is known of the first request with a key. */
export interface RecordedKey {
  readonly fingerprint: Buffer;
  readonly operationId: number | null;
  /** Null until it was answered. */
  readonly status: number | null;
  readonly body: string | null;
}

const keptMs = 24 * 3_600_000;

/** The table idempotency_key. A key counts for 24 hours; then it is as if it had never been sent. */
@Injectable()
export class IdempotencyRepository {
  async find(manager: EntityManager, { scope, key }: IdempotencyClaim): Promise<RecordedKey | null> {
    const rows: RecordedKey[] = await manager.query(
      `SELECT fingerprint, operation_id AS operationId, status, body FROM idempotency_key
        WHERE scope = ? AND idempotency_key = ? AND expires_at > NOW(3)`,
      [scope, key],
    );
    return rows[0] ?? null;
  }

  /** Takes the key; false when another request has it. Until the transaction ends, a second one with the key waits here. */
  async take(tx: EntityManager, { scope, key, fingerprint }: IdempotencyClaim): Promise<boolean> {
    await tx.query('DELETE FROM idempotency_key WHERE scope = ? AND idempotency_key = ? AND expires_at <= NOW(3)', [
      scope,
      key,
    ]);
    try {
      await tx.query(
        `INSERT INTO idempotency_key (scope, idempotency_key, fingerprint, expires_at)
         VALUES (?, ?, ?, NOW(3) + INTERVAL ? MICROSECOND)`,
        [scope, key, fingerprint, keptMs * 1000],
      );
      return true;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return false;
    }
  }

  /** The change of this key is this operation. */
  async bind(tx: EntityManager, { scope, key }: IdempotencyClaim, operationId: number): Promise<void> {
    await tx.query('UPDATE idempotency_key SET operation_id = ? WHERE scope = ? AND idempotency_key = ?', [
      operationId,
      scope,
      key,
    ]);
  }

  /** Keeps the first answer. */
  async keep(
    manager: EntityManager,
    { scope, key }: IdempotencyClaim,
    { status, body }: { readonly status: number; readonly body: string | null },
  ): Promise<void> {
    await manager.query(
      'UPDATE idempotency_key SET status = ?, body = ? WHERE scope = ? AND idempotency_key = ? AND status IS NULL',
      [status, body, scope, key],
    );
  }

  /** The key of this operation counts no more: sent again it begins anew. Nothing happens when there is none. */
  async release(tx: EntityManager, operationId: number): Promise<void> {
    await tx.query('DELETE FROM idempotency_key WHERE operation_id = ?', [operationId]);
  }

  /** At most `limit` keys that no longer count. */
  async removeExpired(manager: EntityManager, limit: number): Promise<void> {
    await manager.query('DELETE FROM idempotency_key WHERE expires_at <= NOW(3) ORDER BY expires_at LIMIT ?', [limit]);
  }
}
