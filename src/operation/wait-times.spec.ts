import { describe, expect, it } from '@jest/globals';
import { WaitTimes } from './wait-times.js';

const timing = { POLL_FIRST_MS: 250 };

/** How many looks each of so many waits takes, the wait being over after `readyMs`. */
function looks(waits: WaitTimes, readyMs: number, count: number): readonly number[] {
  return Array.from({ length: count }, () => {
    let elapsedMs = waits.firstLookMs('volume');
    let taken = 1;
    for (; elapsedMs < readyMs; taken += 1) elapsedMs += timing.POLL_FIRST_MS;
    waits.over('volume', elapsedMs);
    return taken;
  });
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

describe('WaitTimes', () => {
  it('looks first after the first pause while nothing is known, whatever is known of others', () => {
    const waits = new WaitTimes(timing);
    waits.over('server', 900);
    expect(waits.firstLookMs('volume')).toBe(250);
  });

  it.each([260, 300, 600, 900])('needs little more than one look at what always takes %i ms', (readyMs) => {
    const waits = new WaitTimes(timing);
    looks(waits, readyMs, 5);
    expect(mean(looks(waits, readyMs, 100))).toBeLessThan(1.3);
  });

  it('never looks first later than after four pauses', () => {
    const waits = new WaitTimes(timing);
    looks(waits, 60_000, 10);
    expect(waits.firstLookMs('volume')).toBeLessThanOrEqual(1_000);
  });

  it('finds back when it is quick again', () => {
    const waits = new WaitTimes(timing);
    looks(waits, 900, 10);
    looks(waits, 100, 40);
    expect(waits.firstLookMs('volume')).toBe(250);
  });
});
