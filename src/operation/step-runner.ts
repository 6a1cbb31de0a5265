import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import {
  OpenStackConflict,
  OpenStackError,
  OpenStackNotFound,
  OpenStackQuotaExceeded,
  OpenStackRefused,
  OpenStackUnauthorized,
  OpenStackUnavailable,
  OpenStackUnknownOutcome,
} from '../openstack/openstack-errors.js';
import { deadlineFault, faultOf } from './operation-fault.js';
import type {
  CreatedObject,
  CreateStep,
  EnsureStep,
  Fault,
  RowWrites,
  Sight,
  Step,
  StepCalls,
} from './operation-kind.js';
import { backoffDelayMs, pollDelayMs } from './operation-timing.js';
import type { OperationEntity } from './operation.entity.js';

/** What is to be recorded after one try of a step. */
export type StepOutcome =
  | { readonly is: 'done'; readonly writes?: RowWrites | undefined }
  | {
      readonly is: 'later';
      readonly delayMs: number;
      readonly writes?: RowWrites | undefined;
      /** OpenStack's absence caused the wait: the deadline moves along. */
      readonly movesDeadline?: boolean;
      /** Certainly not sent: the intent is taken back. */
      readonly clearsIntent?: boolean;
      /** How it failed, for counting the same failure in a row; null when nothing failed. */
      readonly failure: string | null;
      readonly isDoubtful?: boolean;
    }
  | {
      readonly is: 'refused';
      readonly fault: Fault;
      /** The refusal was an answer: nothing of the call is still on its way. */
      readonly clearsIntent?: boolean;
    };

/** What a try of a step is judged by: a fresh row, and the database's clock. */
export interface StepSituation<Rows> {
  readonly operation: OperationEntity;
  /** What is destroyed goes on past its deadline, until OpenStack refuses, or takes it and drops it again and again. */
  readonly isDestroying: boolean;
  readonly rows: Rows;
  readonly calls: StepCalls;
  readonly now: () => Date;
}

/** The same 500 this often in a row, with nothing found, is a refusal. */
const sameFailureLimit = 3;

/** Tries one step once. Holds no state and writes nothing: the executor records the outcome behind its fence. */
@Injectable()
export class StepRunner {
  private readonly settings: Config['settings'];

  constructor(config: Config) {
    this.settings = config.settings;
  }

  forward<Rows>(step: Step<Rows>, situation: StepSituation<Rows>): Promise<StepOutcome> {
    return step.does === 'create' ? this.create(step, situation) : this.ensure(step, situation);
  }

  /** Undoes one step. `refused` never comes out of it: an undo is tried until it holds. */
  async backward<Rows>(step: Step<Rows>, situation: StepSituation<Rows>): Promise<StepOutcome> {
    const { undo } = step;
    if (undo === undefined) return { is: 'done' };
    const { operation } = situation;
    try {
      const sight = await undo.look(situation.rows, situation.calls);
      switch (sight.is) {
        case 'reached': {
          // Nothing to see yet is not nothing: the call that is being undone may still take effect.
          const settlesIn = operation.sentStep === step.name ? this.settlingMs(situation) : 0;
          return settlesIn > 0 ? later(settlesIn) : { is: 'done', writes: sight.writes };
        }
        case 'passing':
          return this.poll(situation, sight.writes);
        case 'needed':
          await sight.act();
          return this.poll(situation, undefined);
        case 'failed':
          return this.retry(situation, sight.fault.message);
        default:
          return sight satisfies never;
      }
    } catch (error) {
      if (!(error instanceof OpenStackError)) throw error;
      if (isAway(error)) return this.wait(situation, error);
      return this.retry(situation, signature(error), error);
    }
  }

  private async ensure<Rows>(step: EnsureStep<Rows>, situation: StepSituation<Rows>): Promise<StepOutcome> {
    let sight: Sight;
    try {
      sight = await step.look(situation.rows, situation.calls);
    } catch (error) {
      return this.failedLook(error, situation, step.title);
    }
    switch (sight.is) {
      case 'reached':
        return { is: 'done', writes: sight.writes };
      case 'passing':
        return this.isOverdue(situation) && !this.isBeingDestroyed(step, situation)
          ? refused(deadlineFault(step.title, situation.operation.lastFailure))
          : this.poll(situation, sight.writes);
      case 'needed':
        return this.isOverdue(situation) && !this.mayDestroy(step, situation)
          ? refused(deadlineFault(step.title, situation.operation.lastFailure))
          : this.act(step, sight, situation);
      case 'failed':
        return this.failedSight(sight, situation);
      default:
        return sight satisfies never;
    }
  }

  private async act<Rows>(
    step: EnsureStep<Rows>,
    sight: Extract<Sight, { is: 'needed' }>,
    situation: StepSituation<Rows>,
  ): Promise<StepOutcome> {
    try {
      await sight.act();
      return later(this.settings.POLL_FIRST_MS);
    } catch (error) {
      if (!(error instanceof OpenStackError)) throw error;
      if (isAway(error)) return this.wait(situation, error);
      if (error instanceof OpenStackUnknownOutcome) {
        // The next look tells whether it took effect; the same 500 again and again is an answer, a gateway's 503 is none.
        return isBroken(error) && this.isRepeated(situation, error)
          ? refused(faultOf(error, step.title))
          : { ...this.retry(situation, signature(error), error), movesDeadline: !isBroken(error) };
      }
      if (sight.passes?.(error) === true && !this.isOverdue(situation))
        return this.retry(situation, signature(error), error);
      return refused(sight.explain?.(error) ?? faultOf(error, step.title));
    }
  }

  private async create<Rows>(step: CreateStep<Rows>, situation: StepSituation<Rows>): Promise<StepOutcome> {
    const { operation, rows, calls } = situation;
    const recorded = step.recorded(rows);
    if (recorded !== null) return { is: 'done' };
    const hasIntent = operation.sentStep === step.name;
    const isOverdue = this.isOverdue(situation);
    if (hasIntent || isOverdue) {
      const found = await this.look(step, situation);
      if (found !== null) return found;
      const settlesIn = hasIntent ? this.settlingMs(situation) : 0;
      if (settlesIn > 0) return later(settlesIn);
      if (operation.failures >= sameFailureLimit && operation.lastFailure?.startsWith(brokenWord) === true) {
        return refused(repeatedFault(step.title, operation.lastFailure));
      }
      if (isOverdue) return refused(deadlineFault(step.title, situation.operation.lastFailure));
    }
    try {
      const made = await step.create(rows, calls);
      return { is: 'done', writes: made.writes };
    } catch (error) {
      return this.failedCreate(error, step, situation);
    }
  }

  /** Looks the marker up: adopts what is found; null when there is nothing. */
  private async look<Rows>(step: CreateStep<Rows>, situation: StepSituation<Rows>): Promise<StepOutcome | null> {
    let found: readonly CreatedObject[];
    try {
      found = await step.find(situation.rows, situation.calls);
    } catch (error) {
      return this.failedLook(error, situation, step.title);
    }
    const chosen = chooseObject(found);
    if (chosen === null) return null;
    if (chosen.differs === null) return { is: 'done', writes: chosen.writes };
    return refused({
      code: 'OPENSTACK_CONFLICT',
      message: `What OpenStack holds under this request's marker differs from what was asked (${chosen.differs}); it was not taken.`,
      openstackRequestIds: [],
    });
  }

  private async failedCreate<Rows>(
    error: unknown,
    step: CreateStep<Rows>,
    situation: StepSituation<Rows>,
  ): Promise<StepOutcome> {
    if (!(error instanceof OpenStackError)) throw error;
    if (isAway(error)) return { ...this.wait(situation, error), clearsIntent: true };
    if (error instanceof OpenStackUnknownOutcome) {
      const delayMs = Math.max(this.settings.SETTLING_MS, error.retryAfterMs ?? 0);
      return { ...later(delayMs, signature(error)), movesDeadline: !isBroken(error) };
    }
    const found = await this.look(step, situation);
    if (found !== null) return found;
    if (step.passes?.(error) === true && !this.isOverdue(situation)) {
      return { ...this.retry(situation, signature(error), error), clearsIntent: true };
    }
    const fault = (await this.explained(error, step, situation)) ?? faultOf(error, step.title);
    return { is: 'refused', fault, clearsIntent: true };
  }

  /** An explanation that cannot be had is none: the refusal stands without it. */
  private async explained<Rows>(
    error: OpenStackError,
    step: CreateStep<Rows>,
    { rows, calls }: StepSituation<Rows>,
  ): Promise<Fault | null> {
    try {
      return (await step.explain?.(error, rows, calls)) ?? null;
    } catch (failure) {
      if (failure instanceof OpenStackError) return null;
      throw failure;
    }
  }

  private failedLook<Rows>(error: unknown, situation: StepSituation<Rows>, doing: string): StepOutcome {
    if (!(error instanceof OpenStackError)) throw error;
    if (isAway(error) || error instanceof OpenStackUnknownOutcome) {
      const waiting = this.wait(situation, error);
      return { ...waiting, failure: `look: ${waiting.failure ?? ''}` };
    }
    return refused(faultOf(error, doing));
  }

  private failedSight<Rows>(sight: Extract<Sight, { is: 'failed' }>, situation: StepSituation<Rows>): StepOutcome {
    const { doubtedSince } = situation.operation;
    if (sight.doubtful !== true) return refused(sight.fault);
    const doubtedMs = doubtedSince === null ? 0 : situation.now().getTime() - doubtedSince.getTime();
    if (doubtedSince !== null && doubtedMs >= this.settings.ERROR_BELIEF_MS) return refused(sight.fault);
    const remainingMs = this.settings.ERROR_BELIEF_MS - doubtedMs;
    return {
      is: 'later',
      delayMs: Math.max(this.settings.POLL_FIRST_MS, Math.min(remainingMs, 5_000)),
      failure: null,
      isDoubtful: true,
    };
  }

  private poll<Rows>({ operation, now }: StepSituation<Rows>, writes: RowWrites | undefined): StepOutcome {
    const elapsedMs = now().getTime() - operation.stepSince.getTime();
    return { is: 'later', delayMs: pollDelayMs(elapsedMs, this.settings), failure: null, writes };
  }

  /** OpenStack is away, or asks for patience: the wait does not count against the deadline. */
  private wait<Rows>({ operation }: StepSituation<Rows>, error: OpenStackError): Extract<StepOutcome, { is: 'later' }> {
    const delayMs = Math.max(
      error.retryAfterMs ?? 0,
      backoffDelayMs(operation.failures + 1, this.settings, Math.random()),
    );
    return { is: 'later', delayMs, failure: signature(error), movesDeadline: true };
  }

  private retry<Rows>(
    { operation }: StepSituation<Rows>,
    failure: string,
    error?: OpenStackError,
  ): Extract<StepOutcome, { is: 'later' }> {
    const delayMs = Math.max(
      error?.retryAfterMs ?? 0,
      backoffDelayMs(operation.failures + 1, this.settings, Math.random()),
    );
    return { is: 'later', delayMs, failure };
  }

  private isRepeated<Rows>({ operation }: StepSituation<Rows>, error: OpenStackError): boolean {
    return operation.failures + 1 >= sameFailureLimit && operation.lastFailure === signature(error);
  }

  private settlingMs<Rows>({ operation, now }: StepSituation<Rows>): number {
    if (operation.sentAt === null) return 0;
    return Math.max(0, operation.sentAt.getTime() + this.settings.SETTLING_MS - now().getTime());
  }

  /** OpenStack has taken the deletion, maybe late, and has its time for it. */
  private isBeingDestroyed<Rows>(
    step: EnsureStep<Rows>,
    { operation, isDestroying, now }: StepSituation<Rows>,
  ): boolean {
    if (!isDestroying || operation.sentStep !== step.name || operation.sentAt === null) return false;
    return now().getTime() <= operation.sentAt.getTime() + this.settings.DEADLINE_DEFAULT_MS;
  }

  /**
   * A deletion that OpenStack has not taken yet, for want of an answer, is asked for however late it is. One that it took and dropped is
   * asked for again until it has had its time after the deadline.
   */
  private mayDestroy<Rows>(step: EnsureStep<Rows>, situation: StepSituation<Rows>): boolean {
    const { operation, isDestroying } = situation;
    if (!isDestroying) return false;
    const isDropped = operation.sentStep === step.name && operation.lastFailure === null;
    return !isDropped || !this.isOverdue(situation, this.settings.DEADLINE_DEFAULT_MS);
  }

  private isOverdue<Rows>({ operation, now }: StepSituation<Rows>, moreMs = 0): boolean {
    const queueEnd = operation.createdAt.getTime() + this.settings.QUEUE_MAX_MS;
    return now().getTime() > Math.min(operation.deadlineAt.getTime(), queueEnd) + moreMs;
  }
}

/** Of several objects with one marker: the one in use, else the oldest, else the lowest id. The sweeper takes the rest. */
export function chooseObject(found: readonly CreatedObject[]): CreatedObject | null {
  const ordered = [...found].sort(
    (a, b) =>
      Number(b.isInUse) - Number(a.isInUse) ||
      (a.createdAt?.getTime() ?? 0) - (b.createdAt?.getTime() ?? 0) ||
      (a.openstackId < b.openstackId ? -1 : 1),
  );
  return ordered[0] ?? null;
}

/** Certainly not sent, or refused for lack of a valid token: waiting is all that helps. */
function isAway(error: OpenStackError): boolean {
  return error instanceof OpenStackUnavailable || error instanceof OpenStackUnauthorized;
}

const brokenWord = 'broken';

/** A 500 may be the service's answer to this very request; a timeout or a gateway's 502, 503, 504 is its absence. */
function isBroken(error: OpenStackUnknownOutcome): boolean {
  return error.status === 500 || error.status === 501;
}

/** Two failures with the same signature are the same failure. */
function signature(error: OpenStackError): string {
  const word =
    error instanceof OpenStackUnknownOutcome
      ? isBroken(error)
        ? brokenWord
        : 'unknown'
      : error instanceof OpenStackUnavailable
        ? 'unavailable'
        : error instanceof OpenStackQuotaExceeded
          ? 'quota'
          : error instanceof OpenStackConflict
            ? 'conflict'
            : error instanceof OpenStackNotFound
              ? 'not found'
              : error instanceof OpenStackRefused
                ? 'refused'
                : 'unauthorized';
  return `${word} ${error.service} ${String(error.status ?? 'no answer')} ${error.text}`.slice(0, 400).trim();
}

function later(delayMs: number, failure: string | null = null): Extract<StepOutcome, { is: 'later' }> {
  return { is: 'later', delayMs, failure };
}

function refused(fault: Fault): StepOutcome {
  return { is: 'refused', fault };
}

function repeatedFault(doing: string, failure: string): Fault {
  return {
    code: 'OPENSTACK_REFUSED',
    message: `OpenStack failed ${String(sameFailureLimit)} times in the same way at ${doing}: ${failure}`,
    openstackRequestIds: [],
  };
}
