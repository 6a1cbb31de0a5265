/** Rows of a table as CSV (RFC 4180). */
export function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay numbers. */
function csvCell(cell: string | number | boolean | null): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = /^[\s]*[=+\-@|%]|^[\t\r\n]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Which of the two a client wants more; JSON when it does not care. */
export function preferredFormat(accept: string | undefined): 'json' | 'csv' {
  const wanted = (accept ?? '*/*').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, quality: quality === undefined ? 1 : Number(quality) };
  });
  const qualityOf = (...types: readonly string[]): number => {
    for (const type of types) {
      const found = wanted.find((range) => range.type === type);
      if (found !== undefined) return Number.isNaN(found.quality) ? 0 : found.quality;
    }
    return 0;
  };
  return qualityOf('text/csv', 'text/*', '*/*') > qualityOf('application/json', 'application/*', '*/*')
    ? 'csv'
    : 'json';
}

/** The members of an object with one long list, a piece at a time. */
export async function* jsonReport(head: object, name: string, items: AsyncIterable<object>): AsyncGenerator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},${JSON.stringify(name)}:[`;
  let separator = '';
  for await (const item of items) {
    yield `${separator}${JSON.stringify(item)}`;
    separator = ',';
  }
  yield ']}';
}
