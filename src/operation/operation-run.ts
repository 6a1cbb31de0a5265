import type { Logger } from '@nestjs/common';
import { failpoint } from '../common/failpoint.js';
import type { Config } from '../config/config.js';
import type { Database } from '../database/database.js';
import type { EntityManager, Transaction } from '../database/transaction.js';
import { adminCall, projectCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { withRequests } from './operation-fault.js';
import type { Fault, OperationKind, RowWrites, Step, StepCalls } from './operation-kind.js';
import type { OperationMetrics } from './operation-metrics.js';
import type { OperationEntity } from './operation.entity.js';
import type { FencedChange, Holding, OperationRepository } from './operation.repository.js';
import type { StepOutcome, StepRunner } from './step-runner.js';
import type { WaitTimes } from './wait-times.js';

/** Someone else holds the operation, or it has ended: whoever sees this sends nothing more and writes nothing more. */
export class HoldingLost extends Error {}

/** Too little of the lease is left to send a call and hear its answer. */
class LeaseTooShort extends Error {}

export interface RunParts {
  readonly settings: Config['settings'];
  readonly database: Database;
  readonly transaction: Transaction;
  readonly operations: OperationRepository;
  readonly steps: StepRunner;
  readonly waits: WaitTimes;
  readonly metrics: OperationMetrics;
  readonly logger: Logger;
}

/** How a run of a claimed operation left it: `dueInMs` null when it is final. */
export interface RunResult {
  readonly dueInMs: number | null;
}

/**
 * One claimed operation, from the claim until it is final, must wait, or belongs to someone else. Every write goes through
 * the fence; no transaction and no connection is held during a call.
 */
export class OperationRun {
  private readonly holding: Holding;
  private operation: OperationEntity;
  /** The database's clock minus this process's monotonic one, milliseconds. */
  private clockOffsetMs = 0;
  /** The last request that changed OpenStack, until it is recorded. */
  private newestChange: readonly string[] | null = null;

  constructor(
    private readonly parts: RunParts,
    private readonly kind: OperationKind<unknown>,
    operation: OperationEntity,
    owner: string,
    private readonly isStopping: () => boolean,
  ) {
    this.operation = operation;
    this.holding = { operationId: operation.id, owner, token: operation.leaseToken };
  }

  /** @throws HoldingLost */
  async run(): Promise<RunResult> {
    failpoint('operation.claimed');
    for (;;) {
      if (this.isStopping()) return this.park({ runInMs: 0 });
      const rows = await this.refresh();
      const step = this.currentStep();
      const result = await this.attempt(step, rows);
      if (result !== null) return result;
    }
  }

  private async attempt(step: Step<unknown>, rows: unknown): Promise<RunResult | null> {
    const isDestroying = this.kind.effect === 'destroy';
    const situation = { operation: this.operation, isDestroying, rows, calls: this.calls(step), now: () => this.now() };
    const isForward = this.operation.phase === 'FORWARD';
    let outcome: StepOutcome;
    try {
      outcome = isForward
        ? await this.parts.steps.forward(step, situation)
        : await this.parts.steps.backward(step, situation);
    } catch (error) {
      if (!(error instanceof LeaseTooShort)) throw error;
      return this.park({ runInMs: this.parts.settings.POLL_FIRST_MS });
    }
    switch (outcome.is) {
      case 'done':
        return isForward ? this.advance(step, outcome.writes) : this.stepBack(step, outcome.writes);
      case 'later':
        return this.later(outcome);
      case 'refused':
        return this.refuse(outcome);
      default:
        return outcome satisfies never;
    }
  }

  private async advance(step: Step<unknown>, writes: RowWrites | undefined): Promise<RunResult | null> {
    if (isWait(step)) {
      const elapsedMs = this.now().getTime() - this.operation.stepSince.getTime();
      this.parts.waits.over(this.waitName(step), elapsedMs);
    }
    const next = this.kind.steps[this.kind.steps.indexOf(step) + 1];
    if (next === undefined) {
      await this.finish('SUCCEEDED', async (tx) => {
        await writes?.(tx);
        await this.kind.succeed(tx, this.operation, await this.kind.load(tx, this.operation));
      });
      return { dueInMs: null };
    }
    if (isWait(next)) {
      const runInMs = this.parts.waits.firstLookMs(this.waitName(next));
      return this.park({ ...newStep(next.name), runInMs }, writes);
    }
    await this.record({ ...newStep(next.name), leaseMs: this.parts.settings.LEASE_MS }, writes);
    return null;
  }

  private waitName({ name }: Step<unknown>): string {
    return `${this.kind.kind} ${name}`;
  }

  private async stepBack(step: Step<unknown>, writes: RowWrites | undefined): Promise<RunResult | null> {
    const previous = this.kind.steps[this.kind.steps.indexOf(step) - 1];
    if (previous === undefined) {
      await this.finish('FAILED', async (tx) => {
        await writes?.(tx);
        await this.kind.fail(tx, this.operation, await this.kind.load(tx, this.operation), this.recordedFault());
      });
      return { dueInMs: null };
    }
    await this.record({ ...newStep(previous.name), state: 'RUNNING', leaseMs: this.parts.settings.LEASE_MS }, writes);
    return null;
  }

  private async later(outcome: Extract<StepOutcome, { is: 'later' }>): Promise<RunResult> {
    const { operation, parts } = this;
    const isRepeated = outcome.failure !== null && outcome.failure === operation.lastFailure;
    const failures = outcome.failure === null ? 0 : isRepeated ? operation.failures + 1 : 1;
    const isStuck = operation.phase === 'COMPENSATE' && this.now() > operation.deadlineAt;
    const delayMs = isStuck ? parts.settings.NEEDS_ATTENTION_MS : outcome.delayMs;
    if (isStuck) {
      parts.logger.error(
        { operationId: operation.id, kind: operation.kind, step: operation.step, failure: outcome.failure },
        'an undo keeps failing; it goes on slowly and needs attention',
      );
    }
    return this.park(
      {
        runInMs: delayMs,
        failures,
        lastFailure: outcome.failure,
        doubt: outcome.isDoubtful === true ? 'start' : 'clear',
        ...(isStuck ? { state: 'NEEDS_ATTENTION' } : {}),
        ...(outcome.movesDeadline === true && this.kind.isImpatient !== true ? { moveDeadlineMs: delayMs } : {}),
        ...(outcome.clearsIntent === true ? { intent: null } : {}),
      },
      outcome.writes,
    );
  }

  private async refuse({
    fault: judged,
    clearsIntent,
  }: Extract<StepOutcome, { is: 'refused' }>): Promise<RunResult | null> {
    const { parts, operation } = this;
    const fault = withRequests(judged, this.newestChange ?? operation.openstackRequestIds ?? []);
    const { openstackRequestIds } = fault;
    const error = { code: fault.code, detail: fault.message };
    parts.logger.warn(
      { operationId: operation.id, kind: operation.kind, step: operation.step, code: fault.code },
      'operation refused',
    );
    if (this.kind.effect === 'create') {
      await this.record({
        phase: 'COMPENSATE',
        isNewStep: true,
        ...(clearsIntent === true ? { intent: null } : {}),
        failures: 0,
        lastFailure: null,
        error,
        openstackRequestIds,
        deadlineInMs: parts.settings.DEADLINE_DEFAULT_MS,
        leaseMs: parts.settings.LEASE_MS,
      });
      return null;
    }
    await this.finish(
      'FAILED',
      async (tx) => this.kind.fail(tx, operation, await this.kind.load(tx, operation), fault),
      {
        error,
        openstackRequestIds,
      },
    );
    return { dueInMs: null };
  }

  /** Reads operation and rows afresh, and with them the database's clock. */
  private refresh(): Promise<unknown> {
    return this.parts.database.read(async (manager) => {
      const operation = await this.parts.operations.find(manager, this.holding.operationId);
      const isOurs =
        operation !== null &&
        operation.leaseOwner === this.holding.owner &&
        operation.leaseToken === this.holding.token &&
        (operation.state === 'RUNNING' || operation.state === 'NEEDS_ATTENTION');
      if (!isOurs) throw new HoldingLost();
      this.operation = operation;
      const now = await this.parts.operations.now(manager);
      this.clockOffsetMs = now.getTime() - performance.now();
      return this.kind.load(manager, operation);
    });
  }

  private calls(step: Step<unknown>): StepCalls {
    const isForward = this.operation.phase === 'FORWARD';
    const fenced = (call: OpenStackCall): OpenStackCall => ({
      ...call,
      beforeSend: () => this.beforeSend(step),
      onAnswer: ({ requestId }) => {
        // What is being undone keeps the requests that it was refused by.
        if (isForward && requestId !== '') this.newestChange = [requestId];
      },
    });
    return {
      reading: projectCall,
      changing: (projectId) => fenced(projectCall(projectId)),
      readingAsAdmin: () => adminCall,
      changingAsAdmin: () => fenced(adminCall),
    };
  }

  /**
   * The last thing before a changing call goes out: proves the holding, renews the lease and records the intent in one
   * committed statement, and lets the call go only when the lease outlasts it by the local monotonic clock.
   */
  private async beforeSend(step: Step<unknown>): Promise<void> {
    const { settings } = this.parts;
    const startedAt = performance.now();
    await this.record({ intent: step.name, leaseMs: settings.LEASE_MS });
    const remainingMs = settings.LEASE_MS - (performance.now() - startedAt);
    if (remainingMs <= settings.HTTP_TIMEOUT_MS + settings.LEASE_MARGIN_MS) throw new LeaseTooShort();
  }

  private async park(change: FencedChange & { readonly runInMs: number }, writes?: RowWrites): Promise<RunResult> {
    await this.record({ ...change, leaseMs: null }, writes);
    return { dueInMs: change.runInMs };
  }

  private async finish(state: 'SUCCEEDED' | 'FAILED', writes: RowWrites, change: FencedChange = {}): Promise<void> {
    failpoint('operation.before-final');
    await this.record({ ...change, state, intent: null, isFinal: true, leaseMs: null }, async (tx) => {
      await writes(tx);
      await this.parts.operations.unlock(tx, this.holding.operationId);
    });
    failpoint('operation.after-final');
    this.parts.metrics.ended(this.kind.kind, state);
    const { operation } = this;
    this.parts.logger.log(
      { operationId: operation.id, kind: operation.kind, from: operation.state, to: state },
      'operation ended',
    );
  }

  private async record(change: FencedChange, writes?: RowWrites): Promise<void> {
    const newest = this.newestChange;
    const recorded = newest === null ? change : { openstackRequestIds: newest, ...change };
    await this.parts.transaction.run(async (tx: EntityManager) => {
      const isOurs = await this.parts.operations.fence(tx, this.holding, recorded);
      if (!isOurs) {
        this.parts.metrics.fencedWrite();
        throw new HoldingLost();
      }
      await writes?.(tx);
    });
    this.newestChange = null;
  }

  private currentStep(): Step<unknown> {
    const step = this.kind.steps.find((candidate) => candidate.name === this.operation.step);
    if (step === undefined)
      throw new Error(`operation ${String(this.operation.id)} stands at an unknown step ${this.operation.step}`);
    return step;
  }

  private recordedFault(): Fault {
    const { errorCode, errorDetail, openstackRequestIds } = this.operation;
    return {
      code: errorCode ?? 'OPENSTACK_REFUSED',
      message: errorDetail ?? 'OpenStack did not do what was asked',
      openstackRequestIds: openstackRequestIds ?? [],
    };
  }

  private now(): Date {
    return new Date(this.clockOffsetMs + performance.now());
  }
}

function isWait(step: Step<unknown>): boolean {
  return step.does === 'ensure' && step.isWait === true;
}

function newStep(step: string): FencedChange {
  return { step, isNewStep: true, intent: null, failures: 0, lastFailure: null, doubt: 'clear', runInMs: 0 };
}
