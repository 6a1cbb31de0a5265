import { describe, expect, it } from '@jest/globals';
import { backoffDelayMs, pollDelayMs } from './operation-timing.js';

const timing = { POLL_FIRST_MS: 250, POLL_MAX_MS: 30_000, BACKOFF_FIRST_MS: 1_000, BACKOFF_MAX_MS: 60_000 };

describe('pollDelayMs', () => {
  it.each([
    [0, 250],
    [1_000, 250],
    [10_000, 1_000],
    [60_000, 6_000],
    [3_600_000, 30_000],
  ])('after %i ms looks again in %i ms', (elapsedMs, delayMs) => {
    expect(pollDelayMs(elapsedMs, timing)).toBe(delayMs);
  });
});

describe('backoffDelayMs', () => {
  it('never waits less than a quarter of the first pause nor much more than the longest', () => {
    for (const failures of [1, 2, 3, 6, 7, 20, 21, 1_000]) {
      for (const random of [0, 0.25, 0.5, 0.999]) {
        const delayMs = backoffDelayMs(failures, timing, random);
        expect(delayMs).toBeGreaterThanOrEqual(250);
        expect(delayMs).toBeLessThanOrEqual(60_250);
      }
    }
  });

  it('doubles its limit with each failure', () => {
    expect([1, 2, 3, 7].map((failures) => backoffDelayMs(failures, timing, 0.5))).toEqual([750, 1_250, 2_250, 30_250]);
  });
});
