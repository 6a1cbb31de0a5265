import { expect, it } from '@jest/globals';
import { closingLine, readClosingLine, sum } from './tally.js';

it.each([
  [{ passed: 3, failed: 0, skipped: 0 }, '3 passed, 0 failed'],
  [{ passed: 3, failed: 1, skipped: 2 }, '3 passed, 1 failed, 2 skipped'],
])('a closing line reads back as what it says', (tally, line) => {
  expect(closingLine(tally)).toBe(line);
  expect(readClosingLine(`1 passed, 1 failed\nmore\n${line}\n`)).toEqual(tally);
  expect(sum([tally, { passed: 1, failed: 1, skipped: 1 }]).passed).toBe(tally.passed + 1);
});

it('a suite that printed no closing line has no tally', () => {
  expect(readClosingLine('Tests: 3 passed, 0 failed, 3 total')).toBeNull();
});
