import { describe, expect, it } from '@jest/globals';
import { importedName, isDefaultName, keepsName } from './security-group-name.js';

describe('importedName', () => {
  it('keeps the first and numbers the others', () => {
    expect([1, 2, 3].map((copy) => importedName('web', copy))).toEqual(['web', 'web-2', 'web-3']);
  });

  it('never has more than 255 code points', () => {
    expect([...importedName('🦊'.repeat(255), 12)]).toHaveLength(255);
    expect(importedName('🦊'.repeat(255), 12).endsWith('🦊-12')).toBe(true);
  });
});

describe('keepsName', () => {
  it.each([
    ['web', 'web', true],
    ['web-2', 'web', true],
    ['web-2', 'web-2', true],
    ['web-2', 'shop', false],
    ['web', 'shop', false],
    ['web-x', 'web', false],
    ['web 🦊', 'web _', true],
    ['web 🦊', 'web', false],
  ])('ours %s, theirs %s: %s', (ours, theirs, expected) => {
    expect(keepsName(ours, theirs)).toBe(expected);
  });
});

describe('isDefaultName', () => {
  it.each([
    ['default', true],
    ['DEFAULT', true],
    ['default-2', false],
    ['', false],
  ])('%s: %s', (name, expected) => {
    expect(isDefaultName(name)).toBe(expected);
  });
});
