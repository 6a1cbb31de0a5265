import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { LeaseService, type HeldLease } from '../database/lease.service.js';
import type { EntityManager } from '../database/transaction.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { PauseRepository } from './pause.repository.js';

/** One look of a loop at its work, on this replica. */
export interface LoopTurn {
  /**
   * Does the work unless another replica is at it, or completed it less than the loop's rest ago. A failure is reported here and not
   * thrown, so that it holds up no other shard.
   *
   * @param shard the lease is the loop's when left out, else one of its own
   */
  underLease(work: (lease: HeldLease) => Promise<void>, shard?: string): Promise<void>;
}

/** Work that every replica comes back to, and that rests while reconciliation is paused. */
export interface ReconciliationLoop {
  /** Also of its lease; a shard stands behind a colon. */
  readonly name: string;
  /** What it does, in words for administrators. @param shard empty for the loop as a whole */
  describe(shard: string): string;
  /** How often the work is done; 0: never. Milliseconds. */
  readonly intervalMs: number;
  /** How often a replica looks whether there is work; as often as it is done when left out. */
  readonly looksEveryMs?: number;
  /**
   * For how long no replica repeats what one has completed. A little less than the interval when left out: a timer that comes early by a
   * moment must not skip a turn.
   */
  readonly restMs?: number;
  /** Whether the first turn is at the start, or one interval later. */
  readonly runsAtStart: boolean;
  /** How soon after a failure the next turn is; with the others when left out. */
  readonly retryMs?: number;
  /** Whether there is something that must be done though reconciliation is paused; never when left out. */
  isUrgent?(manager: EntityManager): Promise<boolean>;
  /** Whatever it throws is reported, and ends this turn alone. */
  run(turn: LoopTurn): Promise<void>;
}

/** What a person wants to know of a loop before its times. */
export interface LoopPurpose {
  readonly description: string;
  readonly intervalMs: number;
}

/** The loops that have been registered; features register theirs. Each runs from the start of the app to its end, and is waited for then. */
@Injectable()
export class Loops implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Loops.name);
  private readonly registered: ReconciliationLoop[] = [];
  private readonly started: Loop[] = [];
  private readonly retries = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: Database,
    private readonly leases: LeaseService,
    private readonly pauses: PauseRepository,
  ) {}

  /** Before the app has started. */
  register(loop: ReconciliationLoop): void {
    this.registered.push(loop);
  }

  /** By the name of its lease; null for one that is not known here. */
  purposeOf(lease: string): LoopPurpose | null {
    const [name, shard = ''] = lease.split(':', 2);
    const loop = this.registered.find((one) => one.name === name);
    return loop === undefined ? null : { description: loop.describe(shard), intervalMs: loop.intervalMs };
  }

  onApplicationBootstrap(): void {
    for (const loop of this.registered) if (loop.intervalMs > 0) this.start(loop);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.started.map((timed) => timed.stop()));
    for (const retry of this.retries.values()) clearTimeout(retry);
  }

  private start(loop: ReconciliationLoop): void {
    const failed = (error: unknown, shard: string | null): void => {
      this.report(loop, error, shard);
      this.retrySoon(loop, timed);
    };
    const timed = new Loop(
      loop.name,
      loop.looksEveryMs ?? loop.intervalMs,
      () => this.take(loop, failed),
      (error) => {
        failed(error, null);
      },
    );
    this.started.push(timed);
    timed.start(this.scheduler);
    if (loop.runsAtStart) timed.nudge();
  }

  private async take(loop: ReconciliationLoop, failed: (error: unknown, shard: string | null) => void): Promise<void> {
    const isHeld = await this.database.read(
      async (manager) => (await this.pauses.find(manager)) !== null && (await loop.isUrgent?.(manager)) !== true,
    );
    if (isHeld) return;
    await loop.run({
      underLease: async (work, shard) => {
        try {
          await this.leases.withLease(
            shard === undefined ? loop.name : `${loop.name}:${shard}`,
            this.lease(loop),
            work,
          );
        } catch (error) {
          failed(error, shard ?? null);
        }
      },
    });
  }

  private lease({ restMs, intervalMs }: ReconciliationLoop): { readonly ttlMs: number; readonly everyMs: number } {
    return { ttlMs: this.config.settings.LEASE_MS, everyMs: restMs ?? Math.floor(intervalMs * 0.9) };
  }

  private retrySoon({ name, retryMs }: ReconciliationLoop, timed: Loop): void {
    if (retryMs === undefined) return;
    clearTimeout(this.retries.get(name));
    this.retries.set(
      name,
      setTimeout(() => {
        timed.nudge();
      }, retryMs),
    );
  }

  private report({ name }: ReconciliationLoop, error: unknown, shard: string | null): void {
    const fields = { loop: name, ...(shard === null ? {} : { shard }) };
    if (error instanceof DatabaseUnavailable || error instanceof OpenStackError)
      this.logger.warn({ ...fields, error: error.message }, 'a turn of a loop was not completed; it is tried again');
    else
      this.logger.error(
        { ...fields, error: error instanceof Error ? error.stack : String(error) },
        'a turn of a loop met a bug',
      );
  }
}
