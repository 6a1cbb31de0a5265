import { DomainError } from './errors.js';

/** 400: the body cannot be read as JSON, or has a shape that no route takes. */
export class MalformedBody extends DomainError {
  readonly kind = 'malformed';
  readonly code = 'MALFORMED_REQUEST';
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
    throw new MalformedBody('The body is not valid JSON', { cause });
  }
}

/** Walks through the text, which is valid JSON: only there keys that stand twice, and the depth, can still be seen. */
function checkKeys(text: string): void {
  const keysOf: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '{' || character === '[') {
      keysOf.push(character === '{' ? new Set() : null);
      if (keysOf.length > maxDepth)
        throw new MalformedBody(`The body is nested deeper than ${String(maxDepth)} levels`);
    } else if (character === '}' || character === ']') {
      keysOf.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      const keys = keysOf.at(-1);
      if (keys instanceof Set && isKey(text, end)) addKey(keys, text.slice(at, end + 1));
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

function addKey(keys: Set<string>, literal: string): void {
  const key = String(JSON.parse(literal));
  if (forbiddenKeys.has(key)) throw new MalformedBody(`The body has a key that is not allowed: ${key}`);
  if (keys.has(key)) throw new MalformedBody('The body has a key twice in one object');
  keys.add(key);
}
