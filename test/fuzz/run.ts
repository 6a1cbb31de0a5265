import { parseArgs } from 'node:util';
import { startDatabase } from '../../scripts/database.js';
import { closingLine } from '../../scripts/tally.js';
import { SeededRandom } from '../crash/seeded-random.js';
import { World } from '../crash/world.js';
import { Api } from '../support/api.js';
import { Contract, ContractViolation, type ApiDocument } from '../support/contract.js';
import { Known } from './known.js';
import { operationsOf, type FuzzDocument } from './operations.js';
import { People } from './people.js';
import { Requests, type FuzzRequest } from './requests.js';
import { send, type Outcome, type Sent } from './send.js';

/**
 * `run.js [--requests N] [--seed S] [--only I]`: requests drawn from the description of the API, valid and broken, for every role. The
 * seed decides what is drawn; which things there are when a request is made depends on the time, too. The last line is `N passed, N failed`, a
 * line each for every operation and for what must hold in the end.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
});
const count = Number(values.requests);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const only = values.only === undefined ? null : Number(values.only);

const workers = 4;
const slowMs = 2_000;
const quietMs = 120_000;

console.log(`fuzz: ${String(count)} requests, seed ${String(seed)}`);
const database = await startDatabase({
  durable: false,
  report: (text) => {
    console.log(text);
  },
});
const world = await World.create(database, {
  LOGIN_FAILURES_PER_ACCOUNT: '10000',
  LOGIN_FAILURES_PER_ADDRESS: '10000',
  SIGN_UPS_PER_HOUR: '10000',
  IDENTITY_SWEEP_MS: '1000',
});
const failures = new Map<string, string[]>();
let names: readonly string[] = [];
try {
  const replica = await world.start();
  await new Api(replica.url).until<{ imported?: boolean }>('/health/ready', ({ body }) => body.imported === true);
  const document = (await new Api(replica.url).get<FuzzDocument>('/openapi.json')).body;
  const contract = new Contract(document as unknown as ApiDocument, null);
  const operations = operationsOf(document);
  names = operations.map(({ name }) => name);
  const [people, known] = [new People(replica.url, world.simulator), new Known()];
  await people.login();
  const requests = new Requests(document, operations, known);
  const seen = new Set<string>();
  const statuses = new Map<number, number>();
  let next = 0;
  let tending: Promise<void> = Promise.resolve();

  const report = (request: FuzzRequest, index: number, sent: Sent, outcome: Outcome, problem: string): void => {
    const { name } = request.operation;
    const key = `${name} ${String(outcome.status)} ${problem.replace(/\d+/g, 'N').slice(0, 60)}`;
    if (seen.has(key)) return;
    seen.add(key);
    const text = `${problem}\n    ${curl(index, request, sent)}\n    ${String(outcome.status)} ${bodyOf(outcome).slice(0, 400)}`;
    console.log(`\n${name}: ${text}`);
    failures.set(name, [...(failures.get(name) ?? []), problem]);
  };

  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      if (index % 100 === 0) tending = tending.then(tend);
      await tending;
      const request = requests.make(new SeededRandom(seed * 1_000_003 + index));
      if (only !== null && index !== only) continue;
      const token = people.tokenOf(request.role);
      const { operation, target, body } = request;
      const headers = { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...request.headers };
      const sent: Sent = { method: operation.method, target, headers, body };
      const outcome = await send(replica.url, sent);
      if (outcome.status !== null) {
        statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
        learn(known, outcome);
      }
      for (const problem of problemsOf(contract, request, outcome)) report(request, index, sent, outcome, problem);
      if (outcome.status === 401 && token !== null && token === people.tokenOf(request.role))
        tending = tending.then(tend);
    }
  };
  const tend = async (): Promise<void> => {
    await people.heal();
    await known.refresh(people.session('admin'), people.session('member'));
  };
  await tend();
  await Promise.all(Array.from({ length: workers }, work));
  await tending;
  console.log(
    `\nanswers: ${[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => `${String(status)} ${String(times)}×`)
      .join(' · ')}`,
  );

  await people.heal();
  const ready = await new Api(replica.url).get<unknown>('/health/ready');
  note(
    'healthy in the end',
    replica.hasEnded || ready.status !== 200 ? [`/health/ready: ${String(ready.status)}`] : [],
  );
  const { books, tookMs } = await world.quiet(quietMs);
  console.log(
    `books: ${String(books.operations)} operations, of which failed ${String(books.failures.length)}; quiet after ${(tookMs / 1_000).toFixed(1)} s`,
  );
  note('books balance', books.problems);
  note('no error in the log', replica.lines.filter((line) => /"level":"(error|fatal)"/.test(line)).slice(0, 5));
} finally {
  await world.close();
  await database.stop();
}

function note(name: string, problems: readonly string[]): void {
  names = [...names, name];
  if (problems.length === 0) return;
  failures.set(name, [...problems]);
  console.log(`\n${name}: ${problems.slice(0, 20).join('\n  ')}`);
}

function problemsOf(contract: Contract, request: FuzzRequest, outcome: Outcome): readonly string[] {
  if (outcome.status === null) return [`no answer: ${outcome.why}`];
  const { operation, mayWaitMs } = request;
  const { status, headers, text, ms } = outcome;
  const problems: string[] = [];
  if (status >= 500) problems.push(`answered ${String(status)}`);
  if (ms > slowMs + mayWaitMs) problems.push(`took ${String(Math.round(ms))} ms`);
  if (headers['x-request-id'] === undefined) problems.push('no X-Request-Id');
  if (headers['cache-control'] !== 'no-store') problems.push(`Cache-Control: ${String(headers['cache-control'])}`);
  const contentType = String(headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  if (status >= 400 && contentType !== 'application/problem+json') problems.push(`an error as ${contentType}`);
  try {
    const body: unknown = text === '' ? undefined : /\bjson\b/.test(contentType) ? JSON.parse(text) : text;
    contract.check({ method: operation.method, path: pathOf(request), status, contentType, body });
  } catch (error) {
    if (!(error instanceof ContractViolation) && !(error instanceof SyntaxError)) throw error;
    problems.push(error.message.slice(0, 700));
  }
  return problems;
}

/** Of the template, since an odd path may look like another one's. What is no route is held against nothing. */
function pathOf({ operation, isRouted }: FuzzRequest): string {
  return isRouted ? operation.template.replace(/\{.*?\}/g, '1') : '/';
}

function bodyOf(outcome: Outcome): string {
  return outcome.status === null ? outcome.why : outcome.text;
}

function learn(known: Known, { headers, text }: Exclude<Outcome, { status: null }>): void {
  if (typeof headers['etag'] === 'string') known.etags.push(headers['etag']);
  const [, cursor] = /"next_cursor":"([^"]+)"/.exec(text.slice(-2_000)) ?? [];
  if (cursor !== undefined) known.cursors.push(cursor);
}

function curl(index: number, { role }: FuzzRequest, { method, target, headers, body }: Sent): string {
  const { authorization: _authorization, ...shown } = headers;
  const text = body === null ? '' : ` ${Buffer.isBuffer(body) ? body.toString('base64') : JSON.stringify(body)}`;
  return `#${String(index)} as ${role}: ${method} ${target.slice(0, 300)} ${JSON.stringify(shown).slice(0, 300)}${text.slice(0, 700)}`;
}

const failed = names.filter((name) => failures.has(name)).length;
console.log(`\nfuzz: seed ${String(seed)}`);
console.log(closingLine({ passed: names.length - failed, failed, skipped: 0 }));
process.exitCode = failed === 0 && names.length > 0 ? 0 : 1;
