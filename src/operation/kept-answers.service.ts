import { Injectable } from '@nestjs/common';
import type { IdempotencyClaim } from '../common/idempotency.js';
import type { EntityManager } from '../database/transaction.js';
import { IdempotencyKeyInUse, IdempotencyKeyReused } from './idempotency.errors.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** As it is sent. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: object;
}

/** Idempotency-Keys of changes that need no operation: their answer is kept in the transaction that makes them. */
@Injectable()
export class KeptAnswers {
  constructor(private readonly keys: IdempotencyRepository) {}

  /**
   * Belongs to the beginning of the transaction; does nothing without a key.
   *
   * @throws IdempotencyKeyReused; IdempotencyKeyInUse when the first request was answered just now: asked again it is replayed.
   */
  async take(tx: EntityManager, claim: IdempotencyClaim | null): Promise<void> {
    if (claim === null || (await this.keys.take(tx, claim))) return;
    const first = await this.keys.find(tx, claim);
    if (first?.fingerprint.equals(claim.fingerprint) === false) throw new IdempotencyKeyReused();
    throw new IdempotencyKeyInUse(null);
  }

  /** The key of an operation that was undone without a refusal: sent again it begins anew. Belongs to the transaction that ends it. */
  async release(tx: EntityManager, operationId: number): Promise<void> {
    await this.keys.release(tx, operationId);
  }

  /** Belongs to its end. */
  async keep(tx: EntityManager, claim: IdempotencyClaim | null, { status, body }: KeptAnswer): Promise<void> {
    if (claim !== null) await this.keys.keep(tx, claim, { status, body: JSON.stringify(body) });
  }
}
