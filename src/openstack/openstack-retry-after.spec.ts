import { describe, expect, it } from '@jest/globals';
import { defaultRetryAfterMs, longestRetryAfterMs, parseRetryAfter } from './openstack-retry-after.js';

const now = new Date('2026-03-04T05:06:07Z');

describe('parseRetryAfter', () => {
  it.each([
    [null, null],
    ['', null],
    ['0', null],
    ['00', null],
    ['7', 7_000],
    [' 7 ', 7_000],
    ['299', 299_000],
    ['301', longestRetryAfterMs],
    ['1000000000', longestRetryAfterMs],
    ['9'.repeat(400), longestRetryAfterMs],
    ['Wed, 04 Mar 2026 05:06:37 GMT', 30_000],
    ['Wednesday, 04-Mar-26 05:06:37 GMT', 30_000],
    ['Wed, 04 Mar 2026 09:06:37 GMT', longestRetryAfterMs],
    ['Wed, 04 Mar 2026 05:06:06 GMT', defaultRetryAfterMs],
    ['-7', defaultRetryAfterMs],
    ['1e9', defaultRetryAfterMs],
    ['1.5', defaultRetryAfterMs],
    ['soon', defaultRetryAfterMs],
    ['NaN', defaultRetryAfterMs],
    ['2027', longestRetryAfterMs],
  ])('%j is %j', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });
});
