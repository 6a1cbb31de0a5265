import type { IncomingHttpHeaders } from 'node:http';
import { DomainError } from './errors.js';
import { findSyntaxError } from './json-syntax.js';

/** 400: the body cannot be read as JSON, or has a shape that no route takes. */
export class MalformedBody extends DomainError {
  readonly kind = 'malformed';
  readonly code = 'MALFORMED_REQUEST';
}

/** 415: what was sent is the body in another form, e.g. gzip. */
export class EncodedBody extends Error {
  readonly statusCode = 415;
}

export function isEncoded({ 'content-encoding': encoding }: IncomingHttpHeaders): boolean {
  return encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity';
}

const maxDepth = 32;
/** Names by which an object could reach into what all objects share. */
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads a request's body; nothing at all reads as undefined. Stricter than JSON.parse: UTF-8 without a byte order mark, no key twice,
 * no key of the prototype, at most 32 levels.
 *
 * @throws MalformedBody
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const text = decode(bytes);
  const value = parse(text);
  checkKeys(text);
  return value;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new MalformedBody('The body is not UTF-8', { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `is not valid JSON${placeOfError(text)}`;
    throw new MalformedBody(`The body ${message}`, { cause, errors: [{ field: '', message, type: 'json' }] });
  }
}

function placeOfError(text: string): string {
  const error = findSyntaxError(text);
  if (error === null) return '';
  const place = ` at line ${String(error.line)}, column ${String(error.column)}`;
  return error.isAtEnd
    ? `${place}: it ends where ${error.expected} is expected`
    : `${place}: ${error.expected} is expected`;
}

/** An object or a list that the walk is inside of. */
interface Level {
  /** Null: a list. */
  readonly keys: Set<string> | null;
  /** The key or index that the walk is at. */
  at: string | number;
}

/** Walks through the text, which is valid JSON: only there keys that stand twice, and the depth, can still be seen. */
function checkKeys(text: string): void {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const level = levels.at(-1);
    if (character === '{' || character === '[') {
      levels.push(character === '{' ? { keys: new Set(), at: '' } : { keys: null, at: 0 });
      if (levels.length > maxDepth)
        throw new MalformedBody(`The body is nested deeper than ${String(maxDepth)} levels`);
    } else if (character === '}' || character === ']') {
      levels.pop();
    } else if (character === ',' && level !== undefined && typeof level.at === 'number') {
      level.at += 1;
    } else if (character === '"') {
      const end = endOfString(text, at);
      if (level?.keys instanceof Set && isKey(text, end)) {
        level.at = String(JSON.parse(text.slice(at, end + 1)));
        addKey(level.keys, level.at, levels);
      }
      at = end;
    }
  }
}

/** The index of the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function isKey(text: string, endOfString: number): boolean {
  let at = endOfString + 1;
  while (/[\t\n\r ]/.test(text.charAt(at))) at += 1;
  return text[at] === ':';
}

function addKey(keys: Set<string>, key: string, levels: readonly Level[]): void {
  const refuse = (message: string, type: string): never => {
    const field = levels.map(({ at }) => String(at)).join('.');
    throw new MalformedBody(`In the body ${field} ${message}`, { errors: [{ field, message, type }] });
  };
  if (forbiddenKeys.has(key)) refuse('is a key that is not allowed', 'forbidden_key');
  if (keys.has(key)) refuse('is a key that stands twice in its object', 'duplicate_key');
  keys.add(key);
}
