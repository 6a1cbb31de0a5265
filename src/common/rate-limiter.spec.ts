import { describe, expect, it } from '@jest/globals';
import { RateLimiter, TooManyRequests } from './rate-limiter.js';

describe('RateLimiter', () => {
  const headers = new Map<string, string>();
  const reply = { header: (name: string, value: string) => headers.set(name, value) };

  function allowed(limiter: RateLimiter, client: string, times: number, nowMs: number): number {
    let count = 0;
    for (let index = 0; index < times; index += 1) {
      try {
        limiter.take(client, nowMs, reply);
        count += 1;
      } catch (error) {
        if (!(error instanceof TooManyRequests)) throw error;
      }
    }
    return count;
  }

  it('lets a burst through, then as many a second as the rate says', () => {
    const limiter = new RateLimiter({ perSecond: 100, burst: 200 });
    expect(allowed(limiter, 'a', 300, 0)).toBe(200);
    expect(allowed(limiter, 'a', 300, 1_000)).toBe(100);
    expect(allowed(limiter, 'a', 300, 60_000)).toBe(200);
  });

  it('counts each client for itself', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 2 });
    expect(allowed(limiter, 'a', 5, 0)).toBe(2);
    expect(allowed(limiter, 'b', 5, 0)).toBe(2);
  });

  it('says how many are left, and when to come again', () => {
    const limiter = new RateLimiter({ perSecond: 1, burst: 2 });
    limiter.take('a', 0, reply);
    expect([...headers]).toEqual([
      ['ratelimit-limit', '2'],
      ['ratelimit-remaining', '1'],
      ['ratelimit-reset', '1'],
    ]);
    limiter.take('a', 0, reply);
    expect(() => {
      limiter.take('a', 0, reply);
    }).toThrow(expect.objectContaining({ details: expect.objectContaining({ retryAfterSeconds: 1 }) }));
  });

  it('has no limit at 0', () => {
    expect(allowed(new RateLimiter({ perSecond: 0, burst: 1 }), 'a', 1_000, 0)).toBe(1_000);
  });

  it('forgets clients that have rested', () => {
    const limiter = new RateLimiter({ perSecond: 10, burst: 10 });
    for (let client = 0; client < 10_001; client += 1) limiter.take(`c${String(client)}`, 0, reply);
    limiter.take('last', 5_000, reply);
    expect(allowed(limiter, 'c1', 20, 5_000)).toBe(10);
  });
});
