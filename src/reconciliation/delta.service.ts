import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import type { HeldLease } from '../database/lease.service.js';
import { Transaction } from '../database/transaction.js';
import { adminCall } from '../openstack/openstack-call.js';
import { Loops, type LoopTurn, type ReconciliationLoop } from './loops.js';
import { PlanContexts } from './plan-context.service.js';
import { Reconcilers, type ResourceReconciler } from './reconciler.js';
import { WatermarkRepository } from './watermark.repository.js';

/** How far back the next look begins: changes are listed a moment after they happened; milliseconds. */
const overlapMs = 120_000;
/** From when on the first look asks; a complete sweep at the start saw what is older; milliseconds. */
const firstLookMs = 600_000;

/** Takes over what OpenStack lists as changed, every DELTA_MS: by one replica for each type of resource. */
@Injectable()
export class DeltaService implements ReconciliationLoop {
  readonly name = 'delta';
  readonly intervalMs: number;
  /** A complete sweep at the start sees everything. */
  readonly runsAtStart = false;

  constructor(
    config: Config,
    loops: Loops,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly contexts: PlanContexts,
    private readonly reconcilers: Reconcilers,
    private readonly watermarks: WatermarkRepository,
  ) {
    this.intervalMs = config.settings.DELTA_MS;
    loops.register(this);
  }

  describe(shard: string): string {
    return `Takes over what OpenStack lists as changed since the last look: ${shard.replaceAll('_', ' ')}s.`;
  }

  async run(turn: LoopTurn): Promise<void> {
    for (const reconciler of this.reconcilers.all()) {
      if (reconciler.changed === null) continue;
      await turn.underLease((lease) => this.takeOver(reconciler, lease), reconciler.resourceType);
    }
  }

  private async takeOver(reconciler: ResourceReconciler, lease: HeldLease): Promise<void> {
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
}
