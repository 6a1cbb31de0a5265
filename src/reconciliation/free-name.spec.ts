import { describe, expect, it } from '@jest/globals';
import { isNameOf, nameHere } from './free-name.js';

describe('a name from OpenStack', () => {
  it.each([
    ['web', 1, 'web'],
    ['web', 2, 'web-2'],
    ['x'.repeat(255), 12, `${'x'.repeat(252)}-12`],
  ])('%s, the copy %i, reads %s', (name, copy, here) => {
    expect(nameHere(name, copy)).toBe(here);
  });

  it.each([
    ['web', 'web', true],
    ['web-2', 'web', true],
    ['🚀 web', '_ web', true],
    [' web ', 'web', true],
    ['web', 'web-2', false],
    ['other', 'web', false],
    ['web-x', 'web', false],
  ])('ours %s, theirs %s: the same is %s', (ours, theirs, isSame) => {
    expect(isNameOf(ours, theirs)).toBe(isSame);
  });
});
