import { describe, expect, it } from '@jest/globals';
import { stuckReason } from './operation-stuck.js';

const now = new Date('2026-11-24T12:00:00.000Z');
const before = (ms: number): Date => new Date(now.getTime() - ms);
const fine = { deadlineAt: before(-60_000), stepSince: before(1_000) };

describe('why somebody should look at an operation', () => {
  it.each([
    ['one that runs', { state: 'RUNNING' }, null],
    ['one that waits for its turn', { state: 'QUEUED' }, null],
    ['an undo that keeps failing', { state: 'NEEDS_ATTENTION' }, 'NEEDS_ATTENTION'],
    ['one past its deadline', { state: 'RUNNING', deadlineAt: before(1) }, 'PAST_DEADLINE'],
    ['one right at its deadline', { state: 'RUNNING', deadlineAt: now }, null],
    ['one whose step takes too long', { state: 'RUNNING', stepSince: before(5_001) }, 'SLOW_STEP'],
    ['one whose step takes just as long as it may', { state: 'RUNNING', stepSince: before(5_000) }, null],
    ['one that ended late', { state: 'FAILED', deadlineAt: before(1), stepSince: before(9_000) }, null],
    ['one that was cancelled', { state: 'CANCELLED', deadlineAt: before(1) }, null],
  ] as const)('%s', (_case, operation, expected) => {
    expect(stuckReason({ ...fine, ...operation }, now, 5_000)).toBe(expected);
  });
});
