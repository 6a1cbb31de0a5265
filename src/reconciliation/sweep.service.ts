import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction } from '../database/transaction.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import { PauseRepository } from './pause.repository.js';
import { PolicyRepository } from './policy.repository.js';
import { Reconcilers } from './reconciler.js';
import { ReconciliationRunRepository, ScopeBusy } from './reconciliation-run.repository.js';
import { ReconciliationRunner } from './reconciliation-runner.service.js';

/**
 * Begins a complete comparison of record and OpenStack every SWEEP_MS, on whichever replica is first, and at the start. One that missed
 * something is followed by another as soon as the grace time is over, so that a deletion is believed within one interval and that.
 */
@Injectable()
export class SweepService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(SweepService.name);
  private readonly loop: Loop;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly pauses: PauseRepository,
    private readonly policies: PolicyRepository,
    private readonly projects: ManagedProjectRepository,
    private readonly reconcilers: Reconcilers,
    private readonly runs: ReconciliationRunRepository,
    private readonly runner: ReconciliationRunner,
  ) {
    this.loop = new Loop(
      'sweep',
      Math.min(Math.ceil(config.settings.SWEEP_MS / 4), mostlyEveryMs),
      () => this.beginIfDue(),
      (error) => {
        this.report(error);
      },
    );
  }

  onApplicationBootstrap(): void {
    if (this.config.settings.SWEEP_MS === 0) return;
    this.loop.start(this.scheduler);
    this.loop.nudge();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async beginIfDue(): Promise<void> {
    const { SWEEP_MS } = this.config.settings;
    const isDue = await this.database.read(async (manager) => {
      if ((await this.pauses.find(manager)) !== null) return false;
      // At the first start nothing is known of any project yet.
      if ((await this.projects.find(manager, null)).length === 0) return false;
      if (!(await this.runs.hasRecentSweep(manager, SWEEP_MS))) return true;
      const { value: policies } = await this.policies.policies(manager);
      return this.runs.hasMissedLongAgo(manager, policies.missingGraceSeconds * 1000);
    });
    if (!isDue) return;
    await this.transaction.run(async (tx) => {
      await this.runs.forgetOldSweeps(tx);
      await this.runs.insert(tx, {
        origin: 'sweep',
        mode: 'apply',
        projectIds: null,
        resourceTypes: this.reconcilers.all().map(({ resourceType }) => resourceType),
        maxChanges: null,
        requestedBy: null,
      });
    });
    this.runner.nudge();
  }

  private report(error: unknown): void {
    // Another replica was a moment earlier.
    if (error instanceof ScopeBusy) return;
    if (error instanceof DatabaseUnavailable) this.logger.warn({ error: error.message }, 'no sweep could be begun');
    else this.logger.error({ error: error instanceof Error ? error.stack : String(error) }, 'the sweep met a bug');
  }
}

/** How often it is looked whether a sweep is due, at most; milliseconds. */
const mostlyEveryMs = 10_000;
