import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problems } from '../../src/common/problems.js';

interface Declared {
  readonly file: string;
  readonly code: string;
  readonly kind: string;
}

/** What the error classes of src say about themselves. */
function declaredCodes(): Declared[] {
  const root = join(import.meta.dirname, '..', '..', 'src');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('errors.ts'))
    .flatMap((file) => {
      const classes = readFileSync(join(root, file), 'utf8').split(/^export class /m);
      return classes.flatMap((text) => {
        const kind = /readonly kind = '([a-z-]+)'/.exec(text)?.[1];
        const code = /readonly code = '([A-Z_]+)'/.exec(text)?.[1];
        return kind === undefined || code === undefined ? [] : [{ file, code, kind }];
      });
    });
}

describe('the codes of errors', () => {
  const declared = declaredCodes();

  it('are found where they are declared', () => {
    expect(declared.length).toBeGreaterThan(20);
  });

  it.each(declared)('$code of $file is described in problems.ts with its kind', ({ code, kind }) => {
    expect(problems).toHaveProperty(code);
    expect(Object.entries(problems).find(([name]) => name === code)?.[1].kind).toBe(kind);
  });
});
