import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction } from '../database/transaction.js';
import { Loops, type ReconciliationLoop } from './loops.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import { PolicyRepository } from './policy.repository.js';
import { Reconcilers } from './reconciler.js';
import { ReconciliationRunRepository, ScopeBusy } from './reconciliation-run.repository.js';
import { ReconciliationRunner } from './reconciliation-runner.service.js';

/**
 * Begins a complete comparison of record and OpenStack every SWEEP_MS, on whichever replica is first, and at the start. One that missed
 * something is followed by another as soon as the grace time is over, so that a deletion is believed within one interval and that.
 */
@Injectable()
export class SweepService implements ReconciliationLoop {
  readonly name = 'sweep';
  readonly intervalMs: number;
  readonly looksEveryMs: number;
  readonly runsAtStart = true;

  constructor(
    config: Config,
    loops: Loops,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly policies: PolicyRepository,
    private readonly projects: ManagedProjectRepository,
    private readonly reconcilers: Reconcilers,
    private readonly runs: ReconciliationRunRepository,
    private readonly runner: ReconciliationRunner,
  ) {
    this.intervalMs = config.settings.SWEEP_MS;
    this.looksEveryMs = Math.min(Math.ceil(this.intervalMs / 4), mostlyEveryMs);
    loops.register(this);
  }

  describe(): string {
    return 'Compares everything by complete lists: the one loop that finds what is missing or was not made here.';
  }

  async run(): Promise<void> {
    if (!(await this.isDue())) return;
    try {
      await this.begin();
    } catch (error) {
      // Another replica was a moment earlier.
      if (error instanceof ScopeBusy) return;
      throw error;
    }
    this.runner.nudge();
  }

  private async isDue(): Promise<boolean> {
    return this.database.read(async (manager) => {
      // At the first start nothing is known of any project yet.
      if ((await this.projects.find(manager, null)).length === 0) return false;
      if (!(await this.runs.hasRecentSweep(manager, this.intervalMs))) return true;
      const { value: policies } = await this.policies.policies(manager);
      return this.runs.hasMissedLongAgo(manager, policies.missingGraceSeconds * 1000);
    });
  }

  private async begin(): Promise<void> {
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
  }
}

/** How often it is looked whether a sweep is due, at most; milliseconds. */
const mostlyEveryMs = 10_000;
