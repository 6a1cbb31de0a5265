import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Api, UnexpectedAnswer, type Credentials, type LoginBody } from '../test/support/api.js';
import { ApiDidNotStart, ApiProcess } from './api-process.js';
import { CloudProblem, realCloud, simulatedCloud, type DemoAccount, type DemoCloud } from './demo-cloud.js';
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

const progress = {
  /** Nothing is left to do but to wait for Ctrl-C. */
  isUp: false,
  wasInterrupted: false,
  walk: Promise.resolve(),
};
const interruption = new AbortController();

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
    return await Promise.race([finished, interrupted]);
  } finally {
    // A walk that was interrupted still takes its server away.
    await progress.walk.catch(() => undefined);
    for (const thing of running.reverse()) await thing.stop();
    // What was being started goes with this process: everything has a keeper.
    if (progress.wasInterrupted) process.exit();
  }
}

/** Brings everything up and walks; without --once it then stays up and only returns by an error. */
async function run(options: Options): Promise<number> {
  if (!(await isFree(options.port)))
    throw new Failure(`Port ${String(options.port)} is in use; choose another with --port N.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const cloud =
    options.cloud === null
      ? await step(
          'start the simulator',
          async () => started(await simulatedCloud()),
          ({ openstack }) => openstack,
        )
      : realCloud(options.cloud.service, options.cloud.person);
  const database = await step(
    'bring up MySQL',
    async () => started(await DemoDatabase.start(say)),
    ({ description }) => description,
  );
  const settings = {
    ...cloud.settings,
    ...database.settings,
    SECRET_KEY: secretKey(),
    DRAIN_MS: '5000',
    SIGN_UPS_PER_HOUR: '1000',
    // A frontend in the making comes from anywhere; what it gets to is simulated.
    ...(cloud.simulator === null ? {} : { CORS_ORIGINS: '*' }),
  };
  await step('migrate', async () => database.migrate(settings));
  const api = await step(
    'start the API',
    async () => startApi(options.port, settings),
    ({ url }) => url,
  );
  await step('import people and projects from Keystone', async () => untilImported(api.url));
  const { catalogue, walker } = await step(
    'write down accounts and catalogue',
    async () => writeState(api.url, cloud),
    () => stateFile,
  );
  if (options.walks) {
    progress.walk = walk(api.url, walker, catalogue, step, interruption.signal);
    await progress.walk;
  }
  if (options.once) return 0;
  printAccess(api.url, cloud);
  progress.isUp = true;
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
    if ((values.cloud === undefined) !== (values.as === undefined))
      throw new Failure('--cloud and --as belong together');
    const cloud =
      values.cloud === undefined || values.as === undefined ? null : { service: values.cloud, person: values.as };
    return { once: values.once, walks: !values['no-walk'], port, cloud };
  } catch (error) {
    const usage = 'Usage: npm run demo -- [--once] [--no-walk] [--port N] [--cloud NAME --as NAME]';
    throw new Failure(`${error instanceof Error ? error.message : String(error)}. ${usage}`);
  }
}

/** Resolves to an exit code at the first signal; a second one ends the process at once, and its keepers clean up. */
async function untilInterrupted(): Promise<number> {
  return new Promise((resolve) => {
    const stop = (): void => {
      if (progress.wasInterrupted) process.exit(130);
      progress.wasInterrupted = true;
      say('stopping …');
      interruption.abort();
      process.exitCode = progress.isUp ? 0 : 130;
      resolve(process.exitCode);
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

interface Account extends DemoAccount {
  readonly project_id: number;
  readonly project_name: string;
}

/** Logs every account in once, to learn its project, and reads the catalogue as the one that walks. */
async function writeState(
  url: string,
  cloud: DemoCloud,
): Promise<{ readonly catalogue: Catalogue; readonly walker: Credentials }> {
  const walker = await accountOf(url, cloud.walker, cloud.projectOfWalker);
  const others = await Promise.all(cloud.others.map(async (account) => accountOf(url, account, null, walker)));
  const { account_id, password, project_id } = walker;
  const catalogue = await readCatalogue(await Api.login(url, { account_id, password, project_id }));
  const accounts = [walker, ...others];
  const state = {
    api: url,
    docs: `${url}/docs`,
    openstack: cloud.openstack,
    simulator: cloud.simulator,
    accounts,
    catalogue,
  };
  await writeFile(stateFile, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await chmod(stateFile, 0o600); // the mode above counts for a new file alone
  // What it tells of ends with the demo.
  started({ stop: async () => rm(stateFile, { force: true }) });
  return { catalogue, walker: { account_id, password, project_id } };
}

/** `project`: its name or OpenStack id. Who is a member of none may be an admin, and joins the project of `fallback`. */
async function accountOf(
  url: string,
  account: DemoAccount,
  project: string | null,
  fallback?: Account,
): Promise<Account> {
  const { account_id, password, role } = account;
  const answer = await new Api(url).post<LoginBody>('/auth/login', { account_id, password });
  if (answer.status === 400 && fallback !== undefined) {
    const { project_id, project_name } = fallback;
    await Api.login(url, { account_id, password, project_id });
    return { account_id, password, project_id, project_name, role };
  }
  if (answer.status !== 200) throw new UnexpectedAnswer(`login as ${account_id}`, answer);
  const { user, project_id } = answer.body;
  const wanted = user.projects.find(({ id, name, openstack_id }) =>
    project === null ? id === project_id : [name, openstack_id].includes(project),
  );
  if (wanted === undefined) throw new Failure(`${account_id} is not a member of ${project ?? 'any project'}`);
  return { account_id, password, project_id: wanted.id, project_name: wanted.name, role };
}

function printAccess(url: string, cloud: DemoCloud): void {
  say('');
  say(`Swagger UI  ${url}/docs`);
  say(`API         ${url}`);
  for (const { account_id, password, role } of [cloud.walker, ...cloud.others]) {
    say(`account     ${account_id}${cloud.simulator === null ? '' : ` / ${password}`} (${role})`);
  }
  say(`All of it is in ${stateFile}; the log is ${logFile}. Ctrl-C stops everything.`);
}

/** One step, told aloud with the time that it took. */
async function step<T>(what: string, work: () => Promise<T>, tell?: (result: T) => string): Promise<T> {
  const start = performance.now();
  try {
    const result = await work();
    const told = tell?.(result) ?? '';
    say(`${seconds(start)}  ${what}${told === '' ? '' : `: ${told}`}`);
    return result;
  } catch (error) {
    say(`${seconds(start)}  ${what}: ${interruption.signal.aborted ? 'interrupted' : 'failed'}`);
    throw error;
  }
}

function seconds(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(2).padStart(6)} s`;
}

function say(text: string): void {
  console.log(text);
}
