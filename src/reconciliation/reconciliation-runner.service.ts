import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable, OperationInProgress } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { incompleteView } from './incomplete-view.js';
import { planHash, type FindingDraft } from './finding.js';
import { PauseRepository } from './pause.repository.js';
import { PlanContexts } from './plan-context.service.js';
import {
  Reconcilers,
  type ApplyContext,
  type ApplyOutcome,
  type PlannedPage,
  type ResourceReconciler,
} from './reconciler.js';
import { ReconciliationFindingRepository } from './reconciliation-finding.repository.js';
import type { ReconciliationRunEntity } from './reconciliation-run.entity.js';
import { ReconciliationRunRepository, RunLost, type RunHolding } from './reconciliation-run.repository.js';

/** A run in hand. */
interface Work {
  readonly run: ReconciliationRunEntity;
  readonly holding: RunHolding;
}

/** The loops were paused, and a sweep is their work. */
class SweepPaused extends Error {}

const nothing: ReadonlySet<FindingDraft> = new Set();

/**
 * Carries out runs of reconciliation, on whichever replica claims them: plans them, and applies what is to be applied. A replica that
 * dies leaves its run to the next: a plan is begun anew, an application goes on with what is still open.
 */
@Injectable()
export class ReconciliationRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReconciliationRunner.name);
  private readonly loop: Loop;
  private isStopping = false;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly reconcilers: Reconcilers,
    private readonly contexts: PlanContexts,
    private readonly runs: ReconciliationRunRepository,
    private readonly findings: ReconciliationFindingRepository,
    private readonly pauses: PauseRepository,
  ) {
    this.loop = new Loop(
      'reconciliation-runs',
      config.settings.HOT_LOOP_MS,
      () => this.workOff(),
      (error) => {
        this.report(error, 'runs of reconciliation could not be looked for');
      },
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start(this.scheduler);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.loop.stop();
  }

  /** Looks for runs at once. */
  nudge(): void {
    this.loop.nudge();
  }

  private async workOff(): Promise<void> {
    const due = await this.database.read((manager) => this.runs.findDue(manager));
    for (const id of due) {
      const holding = await this.database.read((manager) => this.runs.claim(manager, id, this.leaseMs));
      const run = holding === null ? null : await this.database.read((manager) => this.runs.find(manager, id));
      if (holding !== null && run !== null) await this.work({ run, holding });
    }
  }

  private async work(work: Work): Promise<void> {
    try {
      await this.carryOut(work);
    } catch (error) {
      if (error instanceof RunLost || error instanceof DatabaseUnavailable) {
        this.logger.warn({ runId: work.run.id, error: error.message }, 'a run of reconciliation was left');
        return;
      }
      this.report(error, 'a run of reconciliation met a bug');
      await this.fail(work, error);
    }
  }

  private async carryOut(work: Work): Promise<void> {
    try {
      await this.database.read((manager) => this.requireNoPause(manager, work.run));
      if (work.run.state === 'PLANNING') await this.plan(work);
      const run = await this.database.read((manager) => this.runs.find(manager, work.run.id));
      if (run?.state === 'APPLYING') await this.apply({ ...work, run });
    } catch (error) {
      if (!(error instanceof SweepPaused)) throw error;
      const reason = 'The loops were paused; the next sweep finds it again.';
      await this.fenced(work, async (tx) => {
        await this.findings.skipRest(tx, work.run.id, { confirmsMassChange: false, reason });
        await this.runs.finish(tx, work.run.id, 'CANCELLED', null);
      });
    }
  }

  private async plan(work: Work): Promise<void> {
    const { run } = work;
    await this.fenced(work, (tx) => this.runs.resetPlan(tx, run.id));
    const context = await this.contexts.of(run.projectIds);
    for (const reconciler of this.chosen(run)) {
      try {
        await this.storeAll(work, reconciler.plan(context));
      } catch (error) {
        if (!(error instanceof OpenStackError)) throw error;
        await this.store(work, unreadable(reconciler, error));
      }
    }
    const drafts: FindingDraft[] = [];
    for await (const finding of this.findings.ofRun((read) => this.database.read(read), run.id)) drafts.push(finding);
    await this.fenced(work, (tx) => this.runs.setPlanned(tx, run, planHash(drafts)));
  }

  /** Stores a page while the next one is compared: half of a sweep is reading, half is writing. */
  private async storeAll(work: Work, pages: AsyncIterable<PlannedPage>): Promise<void> {
    let stored = Promise.resolve();
    try {
      for await (const page of pages) {
        await stored;
        stored = this.store(work, page);
        // It is awaited with the next page; until then its failure is not unhandled.
        stored.catch(() => undefined);
      }
    } finally {
      await stored;
    }
  }

  /** A page in one transaction; a sweep brings rows in line at once, people's runs only say what they would do. */
  private async store(work: Work, page: PlannedPage): Promise<void> {
    const { run, holding } = work;
    await this.transaction.run(async (tx) => {
      await this.runs.fence(tx, holding, this.leaseMs, 1);
      const applied = run.origin === 'sweep' && page.write !== null ? await page.write(tx) : nothing;
      await this.findings.insertAll(tx, run.id, page.findings, applied);
      if (!page.complete) await this.runs.setIncomplete(tx, run.id);
    });
    if (this.isStopping) throw new RunLost('this replica is shutting down');
  }

  private async apply(work: Work): Promise<void> {
    const { run } = work;
    const choice = { findingIds: run.chosenFindingIds, confirmsMassChange: run.confirmsMassChange };
    // A pause counts from the moment it is answered, for a sweep that is under way too: this deletes.
    const fence = async (tx: EntityManager): Promise<void> => {
      await this.runs.fence(tx, work.holding, this.leaseMs);
      await this.requireNoPause(tx, run);
    };
    const context: ApplyContext = {
      ...(await this.contexts.of(run.projectIds)),
      fence,
      beforeSend: () => this.transaction.run(fence),
    };
    // Another replica may have begun.
    let changes = await this.database.read((manager) => this.findings.countApplied(manager, run.id));
    let after = 0;
    for (;;) {
      const next = await this.database.read((manager) => this.findings.nextToApply(manager, run.id, choice, after));
      if (next.length === 0) break;
      for (const finding of next) {
        after = finding.id;
        if (run.maxChanges !== null && changes >= run.maxChanges) {
          const reason = `The run was to change no more than ${String(run.maxChanges)}.`;
          await this.fenced(work, (tx) => this.findings.setOutcome(tx, finding.id, { state: 'SKIPPED', reason }));
          continue;
        }
        const reconciler = this.reconcilers.of(finding.resourceType);
        const current = await this.contexts.withPolicies(context);
        const outcome = await this.outcomeOf(() => reconciler?.apply(finding, current));
        if (outcome.state === 'APPLIED') changes += 1;
        await this.fenced(work, (tx) => this.findings.setOutcome(tx, finding.id, outcome));
      }
      if (this.isStopping) throw new RunLost('this replica is shutting down');
    }
    await this.fenced(work, async (tx) => {
      // What a sweep leaves open is what the next one finds again.
      if (run.origin === 'admin') await this.findings.skipRest(tx, run.id, { ...choice, reason: 'it was not chosen' });
      await this.runs.finish(tx, run.id, 'DONE', null);
    });
  }

  private async outcomeOf(apply: () => Promise<ApplyOutcome> | undefined): Promise<ApplyOutcome> {
    try {
      return (await apply()) ?? { state: 'SKIPPED', reason: 'nothing here reconciles this type' };
    } catch (error) {
      // What would have to be cleaned up with it is in somebody's hands just now.
      if (error instanceof OperationInProgress) return { state: 'SKIPPED', reason: error.message };
      if (!(error instanceof OpenStackError)) throw error;
      return { state: 'FAILED', reason: words(error) };
    }
  }

  /** What administrators ask for goes on. @throws SweepPaused */
  private async requireNoPause(manager: EntityManager, { origin }: ReconciliationRunEntity): Promise<void> {
    if (origin === 'sweep' && (await this.pauses.find(manager)) !== null) throw new SweepPaused();
  }

  private chosen(run: ReconciliationRunEntity): readonly ResourceReconciler[] {
    return this.reconcilers.all().filter(({ resourceType }) => run.resourceTypes.includes(resourceType));
  }

  private async fail(work: Work, error: unknown): Promise<void> {
    const detail = error instanceof Error ? error.name : 'an unknown error';
    await this.fenced(work, (tx) =>
      this.runs.finish(tx, work.run.id, 'FAILED', { code: 'INTERNAL_ERROR', detail: `${detail}; the log has more.` }),
    ).catch((failure: unknown) => {
      this.report(failure, 'a failed run of reconciliation could not be ended');
    });
  }

  private async fenced(work: Work, write: (tx: EntityManager) => Promise<void>): Promise<void> {
    await this.transaction.run(async (tx) => {
      await this.runs.fence(tx, work.holding, this.leaseMs);
      await write(tx);
    });
  }

  private get leaseMs(): number {
    return this.config.settings.LEASE_MS;
  }

  private report(error: unknown, message: string): void {
    if (error instanceof DatabaseUnavailable) this.logger.warn({ error: error.message }, message);
    else this.logger.error({ error: error instanceof Error ? error.stack : String(error) }, message);
  }
}

/** A list that could not be read to its end. */
function unreadable({ resourceType }: ResourceReconciler, error: OpenStackError): PlannedPage {
  return { findings: [incompleteView(resourceType, words(error), [])], complete: false, write: null };
}

function words({ operation, status, text, requestId }: OpenStackError): string {
  const answer = status === null ? 'no answer' : String(status);
  const source = requestId === null ? '' : ` (${requestId})`;
  return `${operation}: ${answer}${text === '' ? '' : `: ${text}`}${source}`.slice(0, 500);
}
