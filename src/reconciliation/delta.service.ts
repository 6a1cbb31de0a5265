import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { LeaseService, type HeldLease } from '../database/lease.service.js';
import { Transaction } from '../database/transaction.js';
import { adminCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { PauseRepository } from './pause.repository.js';
import { PlanContexts } from './plan-context.service.js';
import { Reconcilers, type ResourceReconciler } from './reconciler.js';
import { WatermarkRepository } from './watermark.repository.js';

/** How far back the next look begins: changes are listed a moment after they happened; milliseconds. */
const overlapMs = 120_000;
/** From when on the first look asks; a complete sweep at the start saw what is older; milliseconds. */
const firstLookMs = 600_000;

/** Takes over what OpenStack lists as changed, every DELTA_MS: by one replica for each type of resource. */
@Injectable()
export class DeltaService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DeltaService.name);
  private readonly loop: Loop;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly leases: LeaseService,
    private readonly pauses: PauseRepository,
    private readonly contexts: PlanContexts,
    private readonly reconcilers: Reconcilers,
    private readonly watermarks: WatermarkRepository,
  ) {
    this.loop = new Loop(
      'delta',
      config.settings.DELTA_MS,
      () => this.runAll(),
      (error) => {
        this.report(error, null);
      },
    );
  }

  onApplicationBootstrap(): void {
    if (this.config.settings.DELTA_MS > 0) this.loop.start(this.scheduler);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async runAll(): Promise<void> {
    const { LEASE_MS, DELTA_MS } = this.config.settings;
    if ((await this.database.read((manager) => this.pauses.find(manager))) !== null) return;
    for (const reconciler of this.reconcilers.all()) {
      if (reconciler.changed === null) continue;
      try {
        // A little less than the interval: a timer that comes early by a moment must not skip a turn.
        const options = { ttlMs: LEASE_MS, everyMs: Math.floor(DELTA_MS * 0.9) };
        await this.leases.withLease(`delta:${reconciler.resourceType}`, options, (lease) =>
          this.run(reconciler, lease),
        );
      } catch (error) {
        this.report(error, reconciler);
      }
    }
  }

  private async run(reconciler: ResourceReconciler, lease: HeldLease): Promise<void> {
    const { resourceType } = reconciler;
    const seenUntil = await this.database.read((manager) => this.watermarks.find(manager, resourceType));
    const heard: { date: Date | null } = { date: null };
    const call = {
      ...adminCall,
      onAnswer: ({ date }: { readonly date: Date | null }): void => {
        heard.date ??= date;
      },
    };
    const since = new Date((seenUntil?.getTime() ?? Date.now() - firstLookMs) - overlapMs);
    const context = await this.contexts.of(null);
    for await (const page of reconciler.changed?.(since, context, call) ?? []) {
      await this.transaction.run(async (tx) => {
        await lease.fence(tx);
        await page.write?.(tx);
      });
      if (!page.complete) return;
    }
    // Only after the last page was stored, and by the service's own clock.
    const { date } = heard;
    if (date === null) return;
    await this.transaction.run(async (tx) => {
      await lease.fence(tx);
      await this.watermarks.set(tx, resourceType, date);
    });
  }

  private report(error: unknown, reconciler: ResourceReconciler | null): void {
    const resourceType = reconciler?.resourceType;
    if (error instanceof DatabaseUnavailable || error instanceof OpenStackError)
      this.logger.warn({ resourceType, error: error.message }, 'changes could not be taken over');
    else
      this.logger.error(
        { resourceType, error: error instanceof Error ? error.stack : String(error) },
        'taking over changes met a bug',
      );
  }
}
