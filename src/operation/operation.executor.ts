import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Replica } from '../database/replica.js';
import { Transaction } from '../database/transaction.js';
import { OperationMetrics } from './operation-metrics.js';
import { OperationRegistry } from './operation-registry.js';
import { HoldingLost, OperationRun } from './operation-run.js';
import type { OperationEntity } from './operation.entity.js';
import { OperationRepository } from './operation.repository.js';
import { StepRunner } from './step-runner.js';
import { WaitTimes } from './wait-times.js';

/**
 * Carries out operations: the ones that this replica began, and whatever is due and held by nobody. Any number of replicas
 * run one each; MySQL decides who gets what.
 */
@Injectable()
export class OperationExecutor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OperationExecutor.name);
  private readonly running = new Map<number, Promise<void>>();
  private readonly wakeups = new Set<NodeJS.Timeout>();
  private readonly loop: Loop;
  private readonly waits: WaitTimes;
  private stopping = false;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly replica: Replica,
    private readonly registry: OperationRegistry,
    private readonly operations: OperationRepository,
    private readonly steps: StepRunner,
    private readonly metrics: OperationMetrics,
  ) {
    this.waits = new WaitTimes(config.settings);
    this.loop = new Loop(
      'hot',
      config.settings.HOT_LOOP_MS,
      () => this.claimDue(),
      (error) => {
        this.logger.warn({ error: String(error) }, 'due operations could not be claimed');
      },
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start(this.scheduler);
  }

  /** Stops claiming, lets each operation come to the end of its step and releases it, within the drain time. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const timer of this.wakeups) clearTimeout(timer);
    const drained = Promise.all([this.loop.stop(), ...this.running.values()]);
    await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, this.config.settings.DRAIN_MS).unref())]);
  }

  /** True when an operation that is begun now may be leased to this replica from birth. */
  get hasRoom(): boolean {
    return !this.stopping && this.running.size < this.config.settings.OPERATIONS_PER_REPLICA;
  }

  /** True once the process is going to end: nobody should be kept waiting. */
  get isStopping(): boolean {
    return this.stopping;
  }

  /** Runs an operation that is leased to this replica already; returns at once. */
  run(operation: OperationEntity): void {
    const kind = this.registry.find(operation.kind);
    if (kind === null) {
      this.logger.warn({ operationId: operation.id, kind: operation.kind }, 'this version does not know the operation');
      return;
    }
    const parts = {
      settings: this.config.settings,
      database: this.database,
      transaction: this.transaction,
      operations: this.operations,
      steps: this.steps,
      waits: this.waits,
      metrics: this.metrics,
      logger: this.logger,
    };
    const run = new OperationRun(parts, kind, operation, this.replica.id, () => this.stopping);
    const work = run
      .run()
      .then(({ dueInMs }) => {
        if (dueInMs !== null) this.wakeIn(dueInMs);
        else this.loop.nudge();
      })
      .catch((error: unknown) => this.failed(operation, error))
      .finally(() => {
        this.running.delete(operation.id);
      });
    this.running.set(operation.id, work);
  }

  /** Looks for due operations soon; a hint only, the loop finds them anyway. */
  wakeIn(delayMs: number): void {
    if (this.stopping || delayMs > this.config.settings.POLL_MAX_MS) return;
    const timer = setTimeout(() => {
      this.wakeups.delete(timer);
      this.loop.nudge();
    }, delayMs + 1);
    this.wakeups.add(timer);
  }

  private async claimDue(): Promise<void> {
    for (;;) {
      const room = this.config.settings.OPERATIONS_PER_REPLICA - this.running.size;
      if (this.stopping || room <= 0) return;
      const batch = Math.min(room, 16);
      const due = await this.database.read((manager) => this.operations.findDue(manager, batch));
      if (due.length === 0) return;
      const claimed = await this.transaction.run((tx) =>
        this.operations.claim(tx, this.replica.id, this.config.settings.LEASE_MS, due),
      );
      for (const operation of claimed) this.run(operation);
      if (claimed.length < batch) return;
    }
  }

  private async failed(operation: OperationEntity, error: unknown): Promise<void> {
    const fields = { operationId: operation.id, kind: operation.kind };
    if (error instanceof DatabaseUnavailable) {
      this.logger.warn(fields, 'MySQL is away; the operation goes on when its lease has run out');
      return;
    }
    if (error instanceof HoldingLost) {
      this.logger.log(fields, 'the operation was cancelled or taken over');
    } else {
      this.metrics.bug();
      this.logger.error(
        { ...fields, error: error instanceof Error ? error.stack : String(error) },
        'the operation met a bug',
      );
      // The lease is left to run out: a bug that strikes at once must not spin.
      return;
    }
    const holding = { operationId: operation.id, owner: this.replica.id, token: operation.leaseToken };
    await this.operations.freeLease(holding).catch(() => {
      this.logger.warn(fields, 'the lease could not be freed; it runs out by itself');
    });
    this.loop.nudge();
  }
}
