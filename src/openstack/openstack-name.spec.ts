import { describe, expect, it } from '@jest/globals';
import { openstackName, openstackText } from './openstack-name.js';

describe('openstackName', () => {
  it.each([
    ['plain name-1_2.3', 'plain name-1_2.3'],
    ['서버', '서버'],
    ['Größe ☃ № 5', 'Größe ☃ № 5'],
    ['rocket 🚀', 'rocket _'],
    ['family 👨‍👩‍👧', 'family _____'],
    ['zero\u200bwidth\u200djoiner', 'zero_width_joiner'],
    ['private \ue000', 'private _'],
    ['line\nbreak\ttab', 'line_break_tab'],
    ['separators \u2028\u2029', 'separators __'],
    ['lone \ud83d surrogate', 'lone _ surrogate'],
    ['not a character \uffff', 'not a character _'],
    ['no-break\u00a0space', 'no-break\u00a0space'],
  ])('%j becomes %j', (name, expected) => {
    expect(openstackName(name)).toBe(expected);
  });

  it('keeps the number of code points and changes nothing the second time, for every code point of the BMP and one beyond', () => {
    for (let code = 0; code <= 0x1_0000; code += 1) {
      const name = `a${String.fromCodePoint(code)}z`;
      const once = openstackName(name);
      if (Array.from(once).length !== 3 || openstackName(once) !== once) throw new Error(`U+${code.toString(16)}`);
    }
  });
});

describe('openstackText', () => {
  it('keeps lines and replaces what databases refuse', () => {
    expect(openstackText('one\r\n\ttwo 🚀 \u0000 \ud83d')).toBe('one\r\n\ttwo _ _ _');
  });
});
