import { describe, expect, it } from '@jest/globals';
import { findSyntaxError } from './json-syntax.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the place of an error in JSON', () => {
  it.each([
    ['', 1, 1, 'a value'],
    ['{"a":1,\r\n "b":}', 2, 6, 'a value'],
    ['[1,\n2,\n\n]', 4, 1, 'a value'],
    ['{"a":[1}', 1, 8, '"," or "]"'],
    ['{,}', 1, 2, 'a key in double quotes or "}"'],
    ['"a\\x"', 1, 1, 'a text with a closing quote, and without control characters or unknown escapes,'],
    ['1 1', 1, 3, 'the end of the body'],
  ])('is found in %j', (text, line, column, expected) => {
    expect(findSyntaxError(text)).toMatchObject({ line, column, expected });
  });

  it('tells an end that came too early', () => {
    expect(findSyntaxError('{"a":')).toMatchObject({ isAtEnd: true });
    expect(findSyntaxError('{"a"}')).toMatchObject({ isAtEnd: false });
  });

  it('is none for every text that JSON.parse takes, and one for every other', () => {
    const sound = ' {"a": [1, -0.5e+3, "\\u00e4\\n\\"", true, {"b": null, "c": {}}, []], "d": false}\n';
    const others = Array.from('{}[]",:\\ x0-+.eE1tfn\u0000\u00a0\uFEFF');
    const texts = [sound];
    for (let at = 0; at <= sound.length; at += 1) {
      texts.push(sound.slice(0, at), sound.slice(0, at) + sound.slice(at + 1));
      for (const other of others)
        texts.push(sound.slice(0, at) + other + sound.slice(at), sound.slice(0, at) + other + sound.slice(at + 1));
    }
    for (const text of texts) expect([text, findSyntaxError(text) === null]).toEqual([text, isJson(text)]);
  });

  it('is found quickly, however long or deep the text is', () => {
    const startedAt = performance.now();
    for (const text of [
      '['.repeat(200_000),
      `"${'a'.repeat(200_000)}`,
      `"${'\\n'.repeat(100_000)}`,
      '{"a":'.repeat(40_000),
    ])
      expect(findSyntaxError(text)).not.toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
