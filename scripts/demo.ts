import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Api, UnexpectedAnswer, type Credentials } from '../test/support/api.js';
import { ApiDidNotStart, ApiProcess } from './api-process.js';
import { CloudProblem, realCloud, simulatedCloud, type DemoCloud } from './demo-cloud.js';
import { NoDatabase } from './database.js';
import { DemoDatabase } from './demo-database.js';
import { Failure, main } from './main.js';
import { isFree } from './port.js';
import { readCatalogue, walk, WalkFailed, type Catalogue } from './walk.js';

const folder = '.demo';
const logFile = join(folder, 'api.log');
const stateFile = join(folder, 'state.json');
const importMs = 60_000;

interface Options {
  readonly once: boolean;
  readonly walks: boolean;
  readonly port: number;
  readonly cloud: { readonly service: string; readonly person: string } | null;
}

/** What is running, in the order in which it was started. */
const running: { stop(): Promise<void> }[] = [];

await main(demo, [NoDatabase, ApiDidNotStart, CloudProblem, WalkFailed, UnexpectedAnswer]);

async function demo(): Promise<number> {
  const options = readOptions();
  const interrupted = untilInterrupted();
  try {
    const finished = run(options);
    // After Ctrl-C what is under way fails because everything is stopped; nobody needs to hear of it.
    finished.catch(() => undefined);
    const code = await Promise.race([finished, interrupted]);
    if (code !== null || options.once) return code ?? 130;
    await interrupted;
    return 0;
  } finally {
    for (const thing of running.reverse()) await thing.stop();
  }
}

/** Null when everything is up and shall stay up. */
async function run(options: Options): Promise<number | null> {
  if (!(await isFree(options.port))) throw new Failure(`Port ${String(options.port)} is in use; choose another with --port N.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const cloud =
    options.cloud === null
      ? await step('start the simulator', async () => started(await simulatedCloud()), ({ openstack }) => openstack)
      : realCloud(options.cloud.service, options.cloud.person);
  const database = await step('bring up MySQL', async () => started(await DemoDatabase.start(say)), ({ description }) => description);
  const settings = { ...cloud.settings, ...database.settings, SECRET_KEY: secretKey(), DRAIN_MS: '5000' };
  await step('migrate', async () => database.migrate(settings));
  const api = await step('start the API', async () => startApi(options.port, settings), ({ url }) => url);
  await step('import people and projects from Keystone', async () => untilImported(api.url));
  const { catalogue, walker } = await step('write down accounts and catalogue', async () => writeState(api.url, cloud), () => stateFile);
  if (options.walks) await walk(api.url, walker, catalogue, step);
  if (options.once) return 0;
  printAccess(api.url, cloud);
  await api.exited();
  throw new Failure(`The API ended with ${api.end}; its log is ${logFile}.`);
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        'no-walk': { type: 'boolean', default: false },
        port: { type: 'string', default: '3000' },
        cloud: { type: 'string' },
        as: { type: 'string' },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Failure('--port: a number from 1 to 65535');
    if ((values.cloud === undefined) !== (values.as === undefined)) throw new Failure('--cloud and --as belong together');
    const cloud = values.cloud === undefined || values.as === undefined ? null : { service: values.cloud, person: values.as };
    return { once: values.once, walks: !values['no-walk'], port, cloud };
  } catch (error) {
    const usage = 'Usage: npm run demo -- [--once] [--no-walk] [--port N] [--cloud NAME --as NAME]';
    throw new Failure(`${error instanceof Error ? error.message : String(error)}. ${usage}`);
  }
}

/** Resolves at the first signal; a second one ends the process at once, and its keepers clean up. */
async function untilInterrupted(): Promise<null> {
  return new Promise((resolve) => {
    let isAgain = false;
    const stop = (): void => {
      if (isAgain) process.exit(130);
      isAgain = true;
      say('stopping …');
      resolve(null);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
}

function started<T extends { stop(): Promise<void> }>(thing: T): T {
  running.push(thing);
  return thing;
}

async function startApi(port: number, settings: Readonly<Record<string, string>>): Promise<ApiProcess> {
  const api = ApiProcess.launch({ port, settings, logFile });
  started({ stop: async () => api.terminate() });
  await api.answers();
  return api;
}

/** Kept, so that a browser's session outlives a restart of the demo. */
function secretKey(): string {
  const file = join(folder, 'secret-key');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const key = randomBytes(32).toString('hex');
  writeFileSync(file, key, { mode: 0o600 });
  return key;
}

async function untilImported(url: string): Promise<void> {
  await new Api(url).until<{ imported?: boolean }>(
    '/health/ready',
    ({ status, body }) => status === 200 && body.imported !== false,
    importMs,
  );
}

/** Logs every account in once to learn its project; the first one walks. */
async function writeState(
  url: string,
  cloud: DemoCloud,
): Promise<{ readonly catalogue: Catalogue; readonly walker: Credentials }> {
  const accounts = [];
  for (const { account_id, password, role, project_name } of cloud.accounts) {
    const project_id = await projectOf(url, { account_id, password }, project_name);
    accounts.push({ account_id, password, project_id, project_name, role });
  }
  const walker = accounts.find(({ account_id }) => account_id === cloud.walker);
  if (walker === undefined) throw new Failure(`${cloud.walker} is not among the accounts`);
  const credentials = { account_id: walker.account_id, password: walker.password, project_id: walker.project_id };
  const catalogue = await readCatalogue(await Api.login(url, credentials));
  const state = { api: url, docs: `${url}/docs`, openstack: cloud.openstack, simulator: cloud.simulator, accounts, catalogue };
  await writeFile(stateFile, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  return { catalogue, walker: credentials };
}
