import { finalStates } from './operation-state.js';
import type { OperationEntity } from './operation.entity.js';

/**
 * Why somebody should look at an operation: an undo that keeps failing; a deadline that is past without an end; or one step that
 * takes longer than any should, because OpenStack is away or because of a bug.
 */
export const stuckReasons = ['NEEDS_ATTENTION', 'PAST_DEADLINE', 'SLOW_STEP'] as const;

export type StuckReason = (typeof stuckReasons)[number];

/** Null when nobody needs to look. `slowMs`: how long one step may take. The same rule in SQL is `isStuck` of the repository. */
export function stuckReason(
  { state, deadlineAt, stepSince }: Pick<OperationEntity, 'state' | 'deadlineAt' | 'stepSince'>,
  now: Date,
  slowMs: number,
): StuckReason | null {
  if (finalStates.includes(state)) return null;
  if (state === 'NEEDS_ATTENTION') return 'NEEDS_ATTENTION';
  if (deadlineAt < now) return 'PAST_DEADLINE';
  return now.getTime() - stepSince.getTime() > slowMs ? 'SLOW_STEP' : null;
}
