import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Clock } from './clock.js';

describe('the clock', () => {
  let clock: Clock;
  let done: string[];

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
    clock = new Clock();
    done = [];
  });
  afterEach(() => {
    clock.stop();
    jest.useRealTimers();
  });

  const plan = (delayMs: number, name: string): void => {
    clock.after(delayMs, () => done.push(`${name} at ${String(clock.now() - 1_000_000)}`));
  };

  it('does things when they are due, in order, those of one moment as they were planned', () => {
    plan(200, 'third');
    plan(100, 'first');
    plan(100, 'second');
    expect(done).toEqual([]);
    jest.advanceTimersByTime(199);
    expect(done).toEqual(['first at 100', 'second at 100']);
    jest.advanceTimersByTime(1);
    expect(done).toEqual(['first at 100', 'second at 100', 'third at 200']);
    expect(clock.planned).toBe(0);
  });

  it('stands still while it is frozen, and goes on from there', () => {
    plan(100, 'late');
    clock.freeze();
    jest.advanceTimersByTime(5_000);
    expect(clock.now()).toBe(1_000_000);
    expect(done).toEqual([]);
    clock.resume();
    jest.advanceTimersByTime(100);
    expect(done).toEqual(['late at 100']);
  });

  it.each([true, false])(
    'moves on at once, with what follows from what happens on the way (frozen: %s)',
    (isFrozen) => {
      if (isFrozen) clock.freeze();
      clock.after(100, () => {
        plan(50, 'follows');
      });
      plan(120, 'between');
      plan(1_000, 'too late');
      clock.advance(500);
      expect(done).toEqual(['between at 120', 'follows at 150']);
      expect(clock.now()).toBe(1_000_500);
      expect(clock.isFrozen).toBe(isFrozen);
    },
  );

  it('keeps order among many', () => {
    const delays = Array.from({ length: 500 }, (_, index) => (index * 7919) % 499);
    const seen: number[] = [];
    for (const delay of delays) clock.after(delay, () => seen.push(delay));
    clock.advance(500);
    expect(seen).toEqual([...delays].sort((a, b) => a - b));
  });

  it.each([true, false])('is set wrong without anything falling due sooner or later (frozen: %s)', (isFrozen) => {
    if (isFrozen) clock.freeze();
    plan(100, 'as planned');
    clock.shift(3_600_000);
    expect(clock.now()).toBe(4_600_000);
    clock.shift(-7_200_000);
    expect([clock.now(), done]).toEqual([-2_600_000, []]);
    clock.resume();
    jest.advanceTimersByTime(99);
    expect(done).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(done).toEqual(['as planned at -3599900']);
  });

  it('forgets everything when it is reset', () => {
    plan(10, 'never');
    clock.advance(5);
    clock.freeze();
    clock.reset();
    jest.advanceTimersByTime(100);
    expect(done).toEqual([]);
    expect(clock.now()).toBe(Date.now());
  });
});
