import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction } from '../database/transaction.js';
import { addressKey } from './address-key.js';
import { TooManyAttempts } from './auth.errors.js';
import { LoginFailureRepository, type FailureSubject } from './login-failure.repository.js';

/** An attempt to prove who one is by a password. */
export interface PasswordAttempt {
  readonly accountId: string;
  /** Of the client, as far as it can be believed. */
  readonly address: string;
}

interface Lock {
  readonly locked: FailureSubject['scope'];
  readonly retryAfterMs: number;
}

/** Milliseconds between two looks whether one of those who are being judged is through. */
const turnMs = 100;
/** Nobody is kept waiting longer for a turn. */
const longestTurnMs = 30_000;

/**
 * Counts failed attempts by account and by address, for all replicas together. An unknown account is counted like any other. What is
 * under way counts as a failure until Keystone has judged it, so that guesses made at once are no more than guesses made in turn.
 */
@Injectable()
export class LoginThrottleService {
  private readonly settings: Config['settings'];

  constructor(
    config: Config,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly failures: LoginFailureRepository,
  ) {
    this.settings = config.settings;
  }

  /**
   * Runs `check`, unless the account or the address has failed too often. `isFailure` tells a refusal from the absence of a verdict.
   *
   * @throws TooManyAttempts, `check` not having been run; and whatever `check` throws.
   */
  async attempt<T>(
    attempt: PasswordAttempt,
    check: () => Promise<T>,
    isFailure: (error: unknown) => boolean,
  ): Promise<T> {
    const subjects = subjectsOf(attempt);
    await this.enter(subjects);
    let hasFailed = false;
    try {
      return await check();
    } catch (error) {
      hasFailed = isFailure(error);
      throw error;
    } finally {
      await this.leave(subjects, hasFailed);
    }
  }

  private async enter(subjects: readonly FailureSubject[]): Promise<void> {
    const endsAt = performance.now() + Math.min(3 * this.settings.HTTP_TIMEOUT_MS, longestTurnMs);
    for (;;) {
      const verdict = await this.reserve(subjects);
      if (verdict === 'admitted') return;
      if (verdict !== 'wait') throw new TooManyAttempts(verdict.locked, verdict.retryAfterMs);
      if (performance.now() > endsAt) throw new TooManyAttempts(null, 1_000);
      await sleep(turnMs * (0.5 + Math.random()));
    }
  }

  private reserve(subjects: readonly FailureSubject[]): Promise<'admitted' | 'wait' | Lock> {
    return this.transaction.run(async (tx) => {
      for (const subject of subjects) {
        const { failures, pending, windowEndsInMs } = await this.failures.countForUpdate(tx, subject);
        const limit = this.limitOf(subject);
        if (failures >= limit) return { locked: subject.scope, retryAfterMs: windowEndsInMs };
        if (failures + pending >= limit) return 'wait';
      }
      for (const subject of subjects) await this.failures.addPending(tx, subject, 3 * this.settings.HTTP_TIMEOUT_MS);
      return 'admitted';
    });
  }

  private async leave(subjects: readonly FailureSubject[], hasFailed: boolean): Promise<void> {
    const windowMs = this.settings.LOGIN_FAILURE_WINDOW_MS;
    await this.transaction.run(async (tx) => {
      for (const subject of subjects) await this.failures.settle(tx, subject, { hasFailed, windowMs });
    });
    if (hasFailed) await this.database.read((manager) => this.failures.forget(manager));
  }

  private limitOf({ scope }: FailureSubject): number {
    return scope === 'account' ? this.settings.LOGIN_FAILURES_PER_ACCOUNT : this.settings.LOGIN_FAILURES_PER_ADDRESS;
  }
}

/** The address first, always: whoever is stopped there leaves no trace of the accounts tried. */
function subjectsOf({ accountId, address }: PasswordAttempt): readonly FailureSubject[] {
  return [
    { scope: 'address', subject: addressKey(address) },
    // To Keystone's MySQL a name is the same with spaces behind it.
    { scope: 'account', subject: accountId.trimEnd() },
  ];
}
