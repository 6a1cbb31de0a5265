import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

it('.env.example names every setting that there is', () => {
  const schema = /z\.object\(\{([\s\S]*?)\n\}\);/.exec(read('src/config/config.ts'))?.[1] ?? '';
  const settings = [...schema.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map((match) => match[1]);
  const named = new Set([...read('.env.example').matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map((match) => match[1]));
  expect(settings.length).toBeGreaterThan(30);
  expect(settings.filter((setting) => !named.has(setting))).toEqual([]);
});

function read(file: string): string {
  return readFileSync(join(process.cwd(), file), 'utf8');
}
