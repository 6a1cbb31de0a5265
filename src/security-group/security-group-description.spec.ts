import { describe, expect, it } from '@jest/globals';
import { followedDescription, neutronDescription, splitDescription } from './security-group-description.js';

const marker = 'cloud-api:abcd1234:3f0c6a52-5f0e-4a0e-9d4d-0c6b2a1f7e11';

describe('neutronDescription', () => {
  it.each([
    ['a text', 'Web servers', `Web servers [${marker}]`],
    ['lines', 'Web\nservers', `Web\nservers [${marker}]`],
    ['none', null, `[${marker}]`],
    ['an empty one', '', `[${marker}]`],
    ['what Neutron would fail on', 'Füchse 🦊', `Füchse _ [${marker}]`],
    ['a text that looks marked', 'x [y]', `x [y] [${marker}]`],
  ])('of %s', (_what, description, expected) => {
    expect(neutronDescription({ description, marker })).toBe(expected);
  });

  it('has 180 code points of the text, and never more than Neutron takes', () => {
    const description = '🦊'.repeat(255);
    const sent = neutronDescription({ description, marker });
    expect(sent).toBe(`${'_'.repeat(180)} [${marker}]`);
    expect([...sent].length).toBeLessThanOrEqual(255);
    expect(neutronDescription({ description, marker: null })).toBe('_'.repeat(255));
  });
});

describe('splitDescription', () => {
  it.each([
    [`Web [${marker}]`, 'Web', marker],
    [`Web\nservers [${marker}]`, 'Web\nservers', marker],
    [`[${marker}]`, '', marker],
    [`x [y] [${marker}]`, 'x [y]', marker],
    ['x [y]', 'x', 'y'],
    ['', '', null],
    [`Web [${marker}] `, `Web [${marker}] `, null],
    [`Web[${marker}]`, `Web[${marker}]`, null],
    ['x [y z]', 'x [y z]', null],
  ])('%p is %p with %p', (given, text, found) => {
    expect(splitDescription(given)).toEqual({ text, marker: found });
  });
});

describe('followedDescription', () => {
  const long = '🦊'.repeat(200);
  it.each([
    [
      'keeps ours while Neutron says what it was sent',
      { description: long, marker },
      neutronDescription({ description: long, marker }),
      long,
    ],
    ['keeps none', { description: null, marker }, `[${marker}]`, null],
    ['takes what someone wrote before the marker', { description: 'a', marker }, `b [${marker}]`, 'b'],
    ['takes that someone took it away', { description: 'a', marker }, `[${marker}]`, null],
    ['takes what someone wrote over the marker', { description: 'a', marker }, 'b', 'b'],
    ['shows the marker of someone else', { description: 'a', marker }, 'b [other]', 'b [other]'],
    ['keeps the text of a group that we did not make', { description: '🦊', marker: null }, '_', '🦊'],
    ['follows it', { description: 'a', marker: null }, 'b [c]', 'b [c]'],
    ['and its end', { description: 'a', marker: null }, '', null],
  ])('%s', (_what, ours, seen, expected) => {
    expect(followedDescription(ours, seen)).toBe(expected);
  });
});
