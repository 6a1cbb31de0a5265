import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tally } from './tally.js';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<
      string,
      { readonly content?: Readonly<Record<string, { readonly examples?: Readonly<Record<string, unknown>> }>> }
    >
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The file in the folder of records that holds the description of the API. */
export const documentName = 'openapi.json';

/**
 * What any route may answer for reasons that are none of its own: each must be seen somewhere, not on every route. The rest must be
 * seen on every route that documents it.
 */
const shared = new Set([
  '304 -',
  '400 MALFORMED_REQUEST',
  '409 OPENSTACK_CONFLICT',
  '409 OPENSTACK_REFUSED',
  '409 DEADLINE_EXCEEDED',
  '409 OPERATION_CANCELLED',
  '409 OPERATION_ABANDONED',
  '409 OPERATION_IN_PROGRESS',
  '409 IDEMPOTENCY_KEY_IN_USE',
  '412 PRECONDITION_FAILED',
  '422 IDEMPOTENCY_KEY_REUSED',
  '429 TOO_MANY_REQUESTS',
  '503 DATABASE_UNAVAILABLE',
  '202 -',
]);
/** Only for our own bugs, of which tests have none to show. */
const never = new Set(['500 INTERNAL_ERROR']);

/** Prints which documented answers of each operation the tests have seen; an operation with one that is missing is named and fails. */
export async function contractTable(folder: string): Promise<Tally> {
  const operations = await documented(folder);
  const seen = await recorded(folder);
  const seenAnywhere = new Set([...seen].map((line) => line.slice(line.indexOf(' ') + 1)));
  let incomplete = 0;
  console.log('\nwhat each operation was seen to answer (status, and code if it has one)');
  for (const { operationId, answers } of operations) {
    const missing = answers.filter(
      (answer) => !never.has(answer) && !shared.has(answer) && !seen.has(`${operationId} ${answer}`),
    );
    const present = answers.filter((answer) => seen.has(`${operationId} ${answer}`));
    console.log(`  ${operationId}: ${present.map((answer) => answer.replace(' -', '')).join(', ')}`);
    if (missing.length > 0) {
      incomplete += 1;
      console.log(`    never seen: ${missing.join(', ')}`);
    }
  }
  const nowhere = [...shared].filter((answer) => !seenAnywhere.has(answer));
  if (nowhere.length > 0) console.log(`  never seen on any route: ${nowhere.join(', ')}`);
  const failed = incomplete + (nowhere.length === 0 ? 0 : 1);
  return { passed: operations.length + 1 - failed, failed, skipped: 0 };
}

async function documented(folder: string): Promise<readonly { operationId: string; answers: readonly string[] }[]> {
  const document = JSON.parse(await readFile(join(folder, documentName), 'utf8')) as Document;
  return Object.values(document.paths)
    .flatMap((item) => Object.values(item))
    .map(({ operationId, responses }) => ({ operationId, answers: Object.entries(responses).flatMap(answersOf) }));
}

function answersOf([status, { content }]: [string, Operation['responses'][string]]): readonly string[] {
  const codes = Object.keys(content?.['application/problem+json']?.examples ?? {});
  return codes.length === 0 ? [`${status} -`] : codes.map((code) => `${status} ${code}`);
}

async function recorded(folder: string): Promise<ReadonlySet<string>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.txt'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return new Set(
    texts
      .join('')
      .split('\n')
      .filter((line) => line !== ''),
  );
}
