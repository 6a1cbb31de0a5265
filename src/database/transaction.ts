import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { DatabaseUnavailable } from '../common/errors.js';
import { insideTransaction } from '../common/transaction-scope.js';
import { databaseFailure } from './database-errors.js';
import { Database } from './database.js';

export type { EntityManager } from 'typeorm';

const maxAttempts = 5;

/**
 * The connection was cut at COMMIT: nobody knows whether the transaction counts. Read it back by something that it wrote;
 * never undo on the strength of this error.
 */
export class CommitOutcomeUnknown extends DatabaseUnavailable {
  constructor(cause: unknown) {
    super(
      cause,
      'The connection to the database broke, and it is not known whether the change was kept. Look before you try again, or send it again with the same Idempotency-Key.',
    );
  }
}

@Injectable()
export class Transaction {
  constructor(private readonly database: Database) {}

  /**
   * Runs `work` in one READ COMMITTED transaction. `work` is run again as a whole, up to 5 times, after a deadlock, a lock
   * wait or a change of primary, so it must have no effect but its statements; it must not call OpenStack.
   *
   * @throws DatabaseUnavailable when MySQL cannot be reached: nothing was committed.
   * @throws CommitOutcomeUnknown when the connection broke at COMMIT.
   */
  async run<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(work);
      } catch (error) {
        if (error instanceof DatabaseUnavailable) throw error;
        const failure = databaseFailure(error);
        if (failure === 'lost') throw new DatabaseUnavailable(error);
        if (failure === 'other') throw error;
        if (attempt >= maxAttempts) throw new DatabaseUnavailable(error);
        await sleep(Math.random() * 20 * 2 ** attempt);
      }
    }
  }

  /**
   * A part of a transaction that may fail by itself: returns what it threw, its statements being taken back, or null.
   *
   * @throws what ends the whole transaction: a deadlock, a lock wait, a connection that is lost.
   */
  async attempt(tx: EntityManager, work: () => Promise<void>): Promise<unknown> {
    await tx.query('SAVEPOINT attempt');
    try {
      await work();
      return null;
    } catch (error) {
      if (error instanceof DatabaseUnavailable || databaseFailure(error) !== 'other') throw error;
      await tx.query('ROLLBACK TO SAVEPOINT attempt');
      return error;
    }
  }

  private async once<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const lease = await this.database.lease();
    let committing = false;
    try {
      await lease.runner.startTransaction();
      const result = await insideTransaction(() => work(lease.runner.manager));
      committing = true;
      await lease.runner.commitTransaction();
      await lease.release();
      return result;
    } catch (error) {
      const failure = databaseFailure(error);
      if (failure === 'lost' || failure === 'not-primary') {
        lease.destroy();
        if (committing && failure === 'lost') throw new CommitOutcomeUnknown(error);
        throw error;
      }
      await this.rollBack(lease);
      throw error;
    }
  }

  private async rollBack(lease: Awaited<ReturnType<Database['lease']>>): Promise<void> {
    try {
      if (lease.runner.isTransactionActive) await lease.runner.rollbackTransaction();
      await lease.release();
    } catch {
      // The connection died: MySQL rolls back by itself what a lost connection left open.
      lease.destroy();
    }
  }
}
