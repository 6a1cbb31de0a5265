import { describe, expect, it } from '@jest/globals';
import { csvLine, jsonReport, preferredFormat } from './reconciliation-report.js';

describe('a report as CSV', () => {
  it('quotes what would end a cell', () => {
    expect(csvLine(['a', 'b,c', 'd"e', 'f\r\ng', 1, true, null])).toBe('a,"b,c","d""e","f\r\ng",1,true,\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '|cmd', '%1'])('takes %j for a text', (text) => {
    expect(csvLine([text])).toBe(`"'${text}"\r\n`);
  });

  it('leaves numbers as they are', () => {
    expect(csvLine([-1])).toBe('-1\r\n');
  });
});

describe('the format of a report', () => {
  it.each([
    [undefined, 'json'],
    ['*/*', 'json'],
    ['text/csv', 'csv'],
    ['text/csv, application/json', 'json'],
    ['text/csv;q=0.5, application/json', 'json'],
    ['application/json;q=0.5, text/csv', 'csv'],
    ['text/*, application/json;q=0.1', 'csv'],
    ['text/csv;q=0', 'json'],
    ['text/csv;q=much', 'json'],
  ] as const)('for %j is %s', (accept, format) => {
    expect(preferredFormat(accept)).toBe(format);
  });
});

describe('a report as JSON', () => {
  async function* some(...items: readonly object[]): AsyncGenerator<object> {
    await Promise.resolve();
    yield* items;
  }

  it.each([[[]], [[{ id: 1 }]], [[{ id: 1 }, { id: 2 }]]])(
    'is one object, whatever is in the list: %j',
    async (items) => {
      let text = '';
      for await (const piece of jsonReport({ run: { id: 3 } }, 'findings', some(...items))) text += piece;
      expect(JSON.parse(text)).toEqual({ run: { id: 3 }, findings: items });
    },
  );
});
