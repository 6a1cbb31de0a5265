import { describe, expect, it } from '@jest/globals';
import { MalformedBody, parseJsonBody } from './json-body.js';

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));

describe('the body of a request', () => {
  it('is read as JSON, and nothing as nothing', () => {
    expect(parse('{"a":[1,{"b":"\\u00e4"}],"c":null}')).toEqual({ a: [1, { b: 'ä' }], c: null });
    expect(parseJsonBody(Buffer.alloc(0))).toBeUndefined();
  });

  it.each([
    ['text that is no JSON', '{"a":'],
    ['NaN', '{"a":NaN}'],
    ['a byte order mark', '\uFEFF{"a":1}'],
    ['a key twice', '{"a":1,"a":2}'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__ deep inside and escaped', '{"a":[{"\\u005f_proto__":1}]}'],
    ['constructor', '{"constructor":{"prototype":1}}'],
    ['33 levels', '['.repeat(33) + ']'.repeat(33)],
    ['100,000 levels', '['.repeat(50_000) + ']'.repeat(50_000)],
  ])('is refused with %s', (_what, text) => {
    expect(() => parse(text)).toThrow(MalformedBody);
  });

  it('is refused when it is not UTF-8', () => {
    expect(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow('The body is not UTF-8');
  });

  it('takes the same key in different objects, and braces in texts', () => {
    expect(parse('[{"a":"{[\\"}"},{"a":{"a":1}}]')).toEqual([{ a: '{["}' }, { a: { a: 1 } }]);
  });

  it('is walked through in a time that grows no faster than its keys', () => {
    const text = `{${Array.from({ length: 50_000 }, (_, index) => `"k${String(index)}":1`).join(',')}}`;
    const startedAt = performance.now();
    parse(text);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
