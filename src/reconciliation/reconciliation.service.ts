import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import { ValidationFailed } from '../common/errors.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { KeptAnswers, type KeptAnswer } from '../operation/kept-answers.service.js';
import type { ResourceType } from '../operation/operation-state.js';
import type { Finding } from './finding.js';
import { FindingNameRepository, type NamedFinding } from './finding-name.repository.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import { Reconcilers } from './reconciler.js';
import {
  ReconciliationDetailsRepository,
  type FindingFilter,
  type ReconciliationDetails,
  type ReconciliationFilter,
} from './reconciliation-details.repository.js';
import { ReconciliationFindingRepository } from './reconciliation-finding.repository.js';
import type { ReconciliationRunEntity } from './reconciliation-run.entity.js';
import { ReconciliationRunRepository, ScopeBusy, type NewRun } from './reconciliation-run.repository.js';
import type { RunMode } from './reconciliation-run-state.js';
import {
  PlanOutdated,
  ReconciliationEnded,
  ReconciliationNotFound,
  ReconciliationNotPlanned,
  ReconciliationRunning,
  UnknownProject,
} from './reconciliation.errors.js';

export interface ReconciliationCommand {
  /** Ours; null: every managed project. */
  readonly projectIds: readonly number[] | null;
  /** Null: every type that can be reconciled. */
  readonly resourceTypes: readonly ResourceType[] | null;
  readonly mode: RunMode;
  readonly maxChanges: number | null;
}

export interface ApplyCommand {
  readonly planHash: string;
  /** Null: all that the policies allow. */
  readonly findingIds: readonly number[] | null;
  readonly confirmsMassChange: boolean;
}

/** How an answer looks that is kept for its Idempotency-Key. */
export type AnswerOf = (details: ReconciliationDetails) => KeptAnswer;

/** A run with its findings, which are read while they are passed on. */
export interface ReconciliationReport {
  readonly details: ReconciliationDetails;
  readonly findings: AsyncIterable<NamedFinding>;
}

/** What ends each change: the audit event, and the answer that is kept. */
interface Conclusion {
  readonly action: string;
  readonly id: number;
  readonly answer: AnswerOf;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** How often a run is tried again whose predecessor ended between two statements. */
const attempts = 3;

/** What administrators ask of reconciliation. Whichever replica is free plans and applies. */
@Injectable()
export class ReconciliationService {
  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly audit: AuditRepository,
    private readonly answers: KeptAnswers,
    private readonly reconcilers: Reconcilers,
    private readonly projects: ManagedProjectRepository,
    private readonly runs: ReconciliationRunRepository,
    private readonly findings: ReconciliationFindingRepository,
    private readonly details: ReconciliationDetailsRepository,
    private readonly names: FindingNameRepository,
  ) {}

  async list(filter: ReconciliationFilter): Promise<readonly ReconciliationDetails[]> {
    return this.database.read((manager) => this.details.list(manager, filter));
  }

  /** @throws ReconciliationNotFound */
  async get(id: number): Promise<ReconciliationDetails> {
    return this.database.read((manager) => this.require(manager, id));
  }

  /** @throws ReconciliationNotFound */
  async listFindings(id: number, filter: FindingFilter): Promise<readonly NamedFinding[]> {
    return this.database.read(async (manager) => {
      await this.require(manager, id);
      return this.names.named(manager, await this.details.listFindings(manager, id, filter));
    });
  }

  /** @throws ReconciliationNotFound */
  async report(id: number): Promise<ReconciliationReport> {
    const details = await this.get(id);
    return { details, findings: this.namedFindings(id) };
  }

  /** @throws UnknownProject, ValidationFailed, ReconciliationRunning */
  async create(actor: Actor, command: ReconciliationCommand, answer: AnswerOf): Promise<ReconciliationDetails> {
    const resourceTypes = this.reconciled(command.resourceTypes);
    return this.transaction.run(async (tx) => {
      await this.answers.take(tx, actor.idempotency);
      await this.requireProjects(tx, command.projectIds ?? []);
      const id = await this.insert(tx, {
        ...command,
        resourceTypes,
        origin: 'admin',
        requestedBy: actor.principal.userId,
      });
      return this.conclude(tx, actor, { action: 'reconciliation.create', id, answer });
    });
  }

  /**
   * Lets a plan be carried out, just as it was read.
   *
   * @throws ReconciliationNotFound, ReconciliationNotPlanned, PlanOutdated, ReconciliationRunning; ValidationFailed for findings that the plan
   * does not have or that cannot be applied.
   */
  async apply(actor: Actor, id: number, command: ApplyCommand, answer: AnswerOf): Promise<ReconciliationDetails> {
    return this.transaction.run(async (tx) => {
      await this.answers.take(tx, actor.idempotency);
      const run = await this.lock(tx, id);
      if (run.state !== 'PLANNED') throw new ReconciliationNotPlanned(id, run.state);
      await this.requireNewest(tx, run, command.planHash);
      await this.requireApplicable(tx, id, command);
      const { findingIds, confirmsMassChange } = command;
      const choice = { findingIds, confirmsMassChange };
      const detail = {
        plan_hash: command.planHash,
        findings: await this.findings.countToApply(tx, id, choice),
        choice: findingIds === null ? 'all' : 'chosen',
        confirm_mass_change: confirmsMassChange,
      };
      await namingBusy(() => this.runs.setApplying(tx, run, choice));
      return this.conclude(tx, actor, { action: 'reconciliation.apply', id, answer, detail });
    });
  }

  /** What has been applied stays; nothing more is. @throws ReconciliationNotFound, ReconciliationEnded */
  async cancel(actor: Actor, id: number, answer: AnswerOf): Promise<ReconciliationDetails> {
    return this.transaction.run(async (tx) => {
      await this.answers.take(tx, actor.idempotency);
      const { state, confirmsMassChange } = await this.lock(tx, id);
      if (state !== 'PLANNING' && state !== 'PLANNED' && state !== 'APPLYING') throw new ReconciliationEnded(id, state);
      await this.runs.finish(tx, id, 'CANCELLED', null);
      const reason = 'The reconciliation was cancelled.';
      if (state === 'APPLYING') await this.findings.skipRest(tx, id, { confirmsMassChange, reason });
      return this.conclude(tx, actor, { action: 'reconciliation.cancel', id, answer });
    });
  }

  private async *namedFindings(id: number): AsyncGenerator<NamedFinding> {
    for await (const page of this.findings.pagesOfRun((work) => this.database.read(work), id))
      yield* await this.database.read((manager) => this.names.named(manager, page));
  }

  /** @throws ValidationFailed */
  private reconciled(asked: readonly ResourceType[] | null): readonly ResourceType[] {
    const known = this.reconcilers.all().map(({ resourceType }) => resourceType);
    const unknown = (asked ?? []).filter((type) => !known.includes(type));
    if (unknown.length === 0) return asked ?? known;
    const message = `must hold only ${known.join(', ')}; not ${unknown.join(', ')}`;
    throw new ValidationFailed([{ field: 'resource_types', message, type: 'enum' }]);
  }

  /** @throws UnknownProject */
  private async requireProjects(tx: EntityManager, ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const known = new Set((await this.projects.find(tx, ids)).map(({ id }) => id));
    const unknown = ids.find((id) => !known.has(id));
    if (unknown !== undefined) throw new UnknownProject(unknown, 'scope.project_ids');
  }

  /** @throws ReconciliationRunning */
  private async insert(tx: EntityManager, run: NewRun): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.runs.insert(tx, run);
      } catch (error) {
        if (!(error instanceof ScopeBusy)) throw error;
        // 0: it has just ended.
        if (error.runId !== 0 || attempt === attempts) throw new ReconciliationRunning(error.runId);
      }
    }
  }

  /** @throws PlanOutdated */
  private async requireNewest(tx: EntityManager, run: ReconciliationRunEntity, planHash: string): Promise<void> {
    const newest = await this.details.newestOfScope(tx, run.scopeKey);
    if (newest !== null && newest !== run.id) throw new PlanOutdated(run.id, newest);
    if (run.planHash !== planHash) throw new PlanOutdated(run.id, null);
  }

  /** @throws ValidationFailed */
  private async requireApplicable(
    tx: EntityManager,
    runId: number,
    { findingIds, confirmsMassChange }: ApplyCommand,
  ): Promise<void> {
    if (findingIds === null) return;
    const chosen = new Map(
      (await this.details.findChosen(tx, runId, findingIds)).map((finding) => [finding.id, finding]),
    );
    const errors = findingIds.flatMap((id, index) => {
      const problem = problemOf(chosen.get(id), confirmsMassChange);
      return problem === null ? [] : [{ field: `finding_ids.${String(index)}`, ...problem }];
    });
    if (errors.length > 0) throw new ValidationFailed(errors.slice(0, 50));
  }

  private async conclude(
    tx: EntityManager,
    { principal, requestId, idempotency }: Actor,
    { action, id, answer, detail }: Conclusion,
  ): Promise<ReconciliationDetails> {
    await this.audit.insert(tx, {
      actorUserId: principal.userId,
      projectId: null,
      action,
      resourceType: 'reconciliation',
      resourceId: id,
      operationId: null,
      requestId,
      ...(detail === undefined ? {} : { detail }),
    });
    const details = await this.require(tx, id);
    await this.answers.keep(tx, idempotency, answer(details));
    return details;
  }

  private async require(manager: EntityManager, id: number): Promise<ReconciliationDetails> {
    const details = await this.details.find(manager, id);
    if (details === null) throw new ReconciliationNotFound(id);
    return details;
  }

  private async lock(tx: EntityManager, id: number): Promise<ReconciliationRunEntity> {
    const run = await this.runs.findForUpdate(tx, id);
    if (run === null) throw new ReconciliationNotFound(id);
    return run;
  }
}

/** Why a chosen finding is not applied; null when it is. */
function problemOf(
  finding: Finding | undefined,
  confirmsMassChange: boolean,
): { readonly message: string; readonly type: string } | null {
  if (finding === undefined) return { message: 'is no finding of this reconciliation', type: 'not_found' };
  if (finding.action === null) return { message: 'has no action that could be applied', type: 'no_action' };
  if (finding.allowed) return null;
  if (finding.type !== 'MASS_MISSING') return { message: finding.reason ?? 'is not allowed', type: 'not_allowed' };
  const message = 'needs confirm_mass_change: so many are missing at once that the view may be wrong';
  return confirmsMassChange ? null : { message, type: 'unconfirmed' };
}

/** @throws ReconciliationRunning */
async function namingBusy(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ScopeBusy) throw new ReconciliationRunning(error.runId);
    throw error;
  }
}
