import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import { PreconditionFailed, type Precondition } from '../common/precondition.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { KeptAnswers, type KeptAnswer } from '../operation/kept-answers.service.js';
import { PauseRepository, type Pause } from './pause.repository.js';
import { changedPolicies, type Policies } from './policy.js';
import { PolicyRepository, type Versioned } from './policy.repository.js';
import { ReconciliationStatusRepository } from './reconciliation-status.repository.js';

/** The policies as every route shows them. */
export type PoliciesDetails = Versioned<Policies>;

/** Null: the loops run. */
export type PauseDetails = Pause | null;

export interface SetPoliciesCommand {
  readonly policies: Policies;
  /** The version that they are set instead of; undefined: whichever. */
  readonly version: number | undefined;
}

type AnswerOf<T> = (details: T) => KeptAnswer;

/** What administrators decide about reconciliation: the policies, and whether the loops run. */
@Injectable()
export class PolicyService {
  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly audit: AuditRepository,
    private readonly answers: KeptAnswers,
    private readonly policies: PolicyRepository,
    private readonly pauses: PauseRepository,
    private readonly status: ReconciliationStatusRepository,
  ) {}

  async get(): Promise<PoliciesDetails> {
    return this.database.read((manager) => this.policies.policies(manager));
  }

  /** @throws PreconditionFailed */
  async set(
    actor: Actor,
    { policies, version }: SetPoliciesCommand,
    ifMatch: Precondition<PoliciesDetails>,
    answer: AnswerOf<PoliciesDetails>,
  ): Promise<PoliciesDetails> {
    return this.transaction.run(async (tx) => {
      await this.answers.take(tx, actor.idempotency);
      const before = await this.policies.policies(tx);
      await ifMatch.require(() => Promise.resolve(before));
      if (version !== undefined && version !== before.version) throw new PreconditionFailed();
      await this.policies.setPolicies(tx, policies);
      const after = await this.policies.policies(tx);
      // The row is locked only by its change: somebody else's came between.
      if (after.version !== before.version + 1) {
        if (version !== undefined) throw new PreconditionFailed();
        await ifMatch.require(() => Promise.resolve(after));
      }
      await this.record(tx, actor, 'reconciliation.set-policies', changedPolicies(before.value, after.value));
      await this.answers.keep(tx, actor.idempotency, answer(after));
      return after;
    });
  }

  /** Who has paused the loops already stays the one who did. */
  async pause(actor: Actor, answer: AnswerOf<PauseDetails>): Promise<Pause> {
    return this.transaction.run(async (tx) => {
      await this.answers.take(tx, actor.idempotency);
      const earlier = await this.pauses.find(tx);
      const { userId, accountId } = actor.principal;
      const pause = earlier ?? { userId, accountId, since: (await this.status.now(tx)).toISOString() };
      if (earlier === null) {
        await this.pauses.set(tx, pause);
        await this.record(tx, actor, 'reconciliation.pause');
      }
      await this.answers.keep(tx, actor.idempotency, answer(pause));
      return pause;
    });
  }

  async resume(actor: Actor, answer: AnswerOf<PauseDetails>): Promise<void> {
    await this.transaction.run(async (tx) => {
      await this.answers.take(tx, actor.idempotency);
      if ((await this.pauses.find(tx)) !== null) {
        await this.pauses.set(tx, null);
        await this.record(tx, actor, 'reconciliation.resume');
      }
      await this.answers.keep(tx, actor.idempotency, answer(null));
    });
  }

  private async record(
    tx: EntityManager,
    { principal, requestId }: Actor,
    action: string,
    detail?: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.audit.insert(tx, {
      actorUserId: principal.userId,
      projectId: null,
      action,
      resourceType: 'reconciliation',
      resourceId: null,
      operationId: null,
      requestId,
      ...(detail === undefined ? {} : { detail }),
    });
  }
}
