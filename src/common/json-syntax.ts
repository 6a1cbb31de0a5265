/** Where a text stops being JSON. Line and column count from 1, the column in UTF-16 code units. */
export interface SyntaxErrorPlace {
  readonly line: number;
  readonly column: number;
  /** What would have been right there, as part of a sentence. */
  readonly expected: string;
  readonly isAtEnd: boolean;
}

type Expectation =
  'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or ]' | 'comma or }' | 'escape or end of text' | 'end';

const words: Readonly<Record<Expectation, string>> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a key in double quotes',
  'key or }': 'a key in double quotes or "}"',
  colon: '":"',
  'comma or ]': '"," or "]"',
  'comma or }': '"," or "}"',
  'escape or end of text': 'a text with a closing quote, and without control characters or unknown escapes,',
  end: 'the end of the body',
};

const space = /[\t\n\r ]*/y;
const string = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Finds what JSON.parse does not tell: the place of an error, without the text around it, which may be a secret. Null for a text that is
 * JSON.
 */
export function findSyntaxError(text: string): SyntaxErrorPlace | null {
  const closers: ('}' | ']')[] = [];
  let expectation: Expectation = 'value';
  let at = skip(space, text, 0);
  while (expectation !== 'end' || at < text.length) {
    const read = readToken(text, at, expectation, closers);
    if ('failed' in read) return placeOf(text, at, read.failed);
    expectation = read.next;
    at = skip(space, text, read.end);
  }
  return null;
}

type Read = { readonly end: number; readonly next: Expectation } | { readonly failed: Expectation };

/** One token of those that are expected; opens and closes `closers`. */
function readToken(text: string, at: number, expectation: Expectation, closers: ('}' | ']')[]): Read {
  const character = text.charAt(at);
  const close = (): Read => {
    closers.pop();
    return { end: at + 1, next: afterValue(closers) };
  };
  switch (expectation) {
    case 'value or ]':
    case 'value':
      if (character === ']' && expectation === 'value or ]') return close();
      return readValue(text, at, expectation, closers);
    case 'key or }':
    case 'key':
      if (character === '}' && expectation === 'key or }') return close();
      return character === '"' ? readString(text, at, 'colon') : { failed: expectation };
    case 'colon':
      return character === ':' ? { end: at + 1, next: 'value' } : { failed: expectation };
    case 'comma or ]':
    case 'comma or }':
      if (character === ',') return { end: at + 1, next: expectation === 'comma or ]' ? 'value' : 'key' };
      return character === closers.at(-1) ? close() : { failed: expectation };
    case 'escape or end of text':
    case 'end':
      return { failed: expectation };
    default:
      return expectation satisfies never;
  }
}

function readValue(text: string, at: number, expectation: Expectation, closers: ('}' | ']')[]): Read {
  const character = text.charAt(at);
  if (character === '"') return readString(text, at, afterValue(closers));
  if (character === '{' || character === '[') {
    closers.push(character === '{' ? '}' : ']');
    return { end: at + 1, next: character === '{' ? 'key or }' : 'value or ]' };
  }
  const end = skip(scalar, text, at);
  return end > at ? { end, next: afterValue(closers) } : { failed: expectation };
}

function readString(text: string, at: number, next: Expectation): Read {
  const end = skip(string, text, at);
  return end > at ? { end, next } : { failed: 'escape or end of text' };
}

function afterValue(closers: readonly ('}' | ']')[]): Expectation {
  const closer = closers.at(-1);
  return closer === undefined ? 'end' : `comma or ${closer}`;
}

/** The index behind what matches at `at`; `at` itself when nothing does. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function placeOf(text: string, at: number, expectation: Expectation): SyntaxErrorPlace {
  const before = text.slice(0, at).split(/\r\n|[\n\r]/);
  const column = (before.at(-1) ?? '').length + 1;
  return { line: before.length, column, expected: words[expectation], isAtEnd: at >= text.length };
}
