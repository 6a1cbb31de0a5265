import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { ApiProcess } from '../../scripts/api-process.js';
import type { Database } from '../../scripts/database.js';
import { defaultSettings } from '../../simulator/settings.js';
import { services } from '../../simulator/wire.js';
import { Api } from '../support/api.js';
import { parseMetrics } from '../support/prometheus.js';
import { quickTimings } from '../support/settings.js';
import type { CaseResult } from './case-result.js';
import { readCatalogue, serverBody } from './catalogue.js';
import { World } from './world.js';

export interface OutageOptions {
  readonly seconds: number;
  readonly replicas: number;
  readonly operations: number;
}

/** Everything as in production: an empty setting is its default. */
const defaults = Object.fromEntries(
  [...Object.keys(quickTimings), 'DEADLINE_SERVER_CREATE_MS', 'DEADLINE_IMAGE_COPY_MS', 'DEADLINE_DEFAULT_MS'].map(
    (name) => [name, ''],
  ),
);
const finalWithinMs = 120_000;
/** Calls a second of one replica to one service that is down. */
const mostCalls = 1.2;
/** In which a service is found to be down: calls that were under way come to nothing. */
const noticedMs = 10_000;
const windowMs = 10_000;
const slowestReadMs = 300;
/** Longer than it takes to ask for everything. */
const longMs = 600_000;

/** How many requests each replica has sent to each service, as it counts them itself. */
interface Count {
  readonly at: number;
  readonly sent: ReadonlyMap<string, number>;
}

/**
 * Every service of OpenStack refuses connections while hundreds of operations are under way, with the settings of production: people read
 * as ever, OpenStack is left alone but for probes, and when it is back everything is done soon.
 */
export async function outage(database: Database, options: OutageOptions): Promise<readonly CaseResult[]> {
  console.log(`\nan outage of ${String(options.seconds)} s with ${String(options.operations)} operations`);
  const world = await World.create(database, defaults, { ports: 'each' });
  try {
    return await play(world, options);
  } finally {
    await world.close();
  }
}

async function play(world: World, options: OutageOptions): Promise<readonly CaseResult[]> {
  for (let index = 0; index < options.replicas; index += 1) await world.start();
  const [first] = world.replicas;
  if (first === undefined) throw new Error('no replica runs');
  const { token } = await world.login(first);
  const apis = world.replicas.map((replica) => new Api(replica.url, token));
  const servers = await standing(world, apis, Math.floor(options.operations / 10));
  const quiet = await readFor(apis, servers, 5_000);

  // Most are under way when it begins, some in every step; the others are asked for while nothing answers.
  world.simulator.configure({ server_build_ms: longMs, server_delete_ms: longMs });
  const begun = Math.floor(options.operations * 0.8);
  await create(world, apis, 'before', begun - servers.length);
  const deletions = await Promise.all(servers.map((id, index) => pick(apis, index).delete(`/servers/${String(id)}`)));
  servers.forEach((id, index) => {
    if (deletions[index]?.status === 202) world.promises.deleted.add(id);
  });
  for (const service of services) world.simulator.switchService(service, 'down');
  await world.simulator.settled();
  const downAt = performance.now();
  const counting = new AbortController();
  const counted = count(world.replicas, counting.signal);
  await create(world, apis, 'during', options.operations - begun);
  const underWay = await unfinished(world);
  const ids = [...world.promises.created].slice(-50);
  const reads = await readFor(apis, ids, options.seconds * 1_000 - (performance.now() - downAt));
  counting.abort();
  const counts = await counted;
  const stillUnderWay = await unfinished(world);

  // What OpenStack was at it got done with in the meantime.
  world.simulator.clock.advance(longMs);
  world.simulator.configure(defaultSettings);
  for (const service of services) world.simulator.switchService(service, 'up');
  await world.simulator.settled();
  const backAt = performance.now();
  let left = await unfinished(world);
  while (left > 0 && performance.now() - backAt < 5 * finalWithinMs) {
    await sleep(200);
    left = await unfinished(world);
  }
  const tookMs = performance.now() - backAt;
  const { books } = await world.quiet(60_000);

  const rates = ratesOf(counts);
  const busiest = Math.max(...rates.map(({ worst }) => worst));
  console.log(
    `  accepted ${String(options.operations)} operations, ${String(underWay)} under way in the outage, ${String(stillUnderWay)} at its end\n` +
      `  reads: ${String(reads.times.length)} in the outage, ${String(reads.wrong.length)} not 200; p99 ${ms(p99(reads))} (before it ${ms(p99(quiet))})\n` +
      `  calls a second to a service that is down, the busiest 10 s: ${rates
        .map(({ of, mean, worst }) => `${of} ${worst.toFixed(2)} (mean ${mean.toFixed(2)})`)
        .join(', ')}\n` +
      `  all final ${(tookMs / 1_000).toFixed(1)} s after it was back; failed ${String(books.failures.length)}, orphans ${String(books.orphans)}, ` +
      `twice ${String(books.twice)}, missing ${String(books.missing)}, stuck ${String(books.stuck)}, lost ${String(books.lost)}`,
  );
  return [
    {
      name: 'reads are as ever while OpenStack is away',
      problems: [
        ...reads.wrong.slice(0, 5),
        // On a machine that is busy with other things they are slow before it, too.
        ...(p99(reads) <= Math.max(slowestReadMs, 2 * p99(quiet)) ? [] : [`p99 of the reads was ${ms(p99(reads))}`]),
        ...(reads.times.length > options.seconds ? [] : ['hardly anything was read']),
      ],
    },
    {
      name: `at most ${String(mostCalls)} calls a second a service a replica`,
      problems: busiest <= mostCalls ? [] : [`${busiest.toFixed(2)} calls a second`],
    },
    {
      name: 'the operations waited',
      problems: stillUnderWay >= options.operations * 0.9 ? [] : [`only ${String(stillUnderWay)} were under way`],
    },
    {
      name: 'everything is done within two minutes of the return',
      problems: left === 0 && tookMs <= finalWithinMs ? [] : [`${String(left)} left after ${ms(tookMs)}`],
    },
    {
      name: 'nothing failed, and the books balance',
      problems: [...books.problems, ...books.failures],
    },
  ];
}

/** Servers that are there before anything happens. */
async function standing(world: World, apis: readonly Api[], howMany: number): Promise<readonly number[]> {
  await create(world, apis, 'standing', howMany);
  const end = performance.now() + 180_000;
  while ((await unfinished(world)) > 0) {
    if (performance.now() > end) throw new Error('the first servers are not made');
    await sleep(200);
  }
  return [...world.promises.created];
}

async function create(world: World, apis: readonly Api[], name: string, howMany: number): Promise<void> {
  const catalogue = await readCatalogue(pick(apis, 0));
  let next = 0;
  const client = async (): Promise<void> => {
    for (let number = next++; number < howMany; number = next++) {
      const body = serverBody(`${name}-${String(number)}`, catalogue);
      const answer = await pick(apis, number).post<{ id: number }>('/servers', body);
      if (answer.status !== 202)
        throw new Error(`POST /servers: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
      world.promises.created.add(answer.body.id);
    }
  };
  await Promise.all(Array.from({ length: 6 }, client));
}

interface Reads {
  readonly times: readonly number[];
  readonly wrong: readonly string[];
}

/** Three people at each replica, each with ten requests a second at most. */
async function readFor(apis: readonly Api[], ids: readonly number[], forMs: number): Promise<Reads> {
  const [times, wrong]: [number[], string[]] = [[], []];
  const end = performance.now() + forMs;
  const paths = ['/servers?limit=50', `/servers/${String(ids[0])}`, '/volumes?limit=50', '/operations?limit=50'];
  const person = async (api: Api, start: number): Promise<void> => {
    for (let turn = start; performance.now() < end; turn += 1) {
      const path = paths[turn % paths.length] ?? '';
      const startedAt = performance.now();
      const { status } = await api.get(path);
      times.push(performance.now() - startedAt);
      if (status !== 200) wrong.push(`GET ${path}: ${String(status)}`);
      await sleep(100);
    }
  };
  await Promise.all(apis.flatMap((api) => [0, 1, 2].map((start) => person(api, start))));
  return { times, wrong };
}

function p99({ times }: Reads): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

/** Every second, until told to stop. */
async function count(replicas: readonly ApiProcess[], signal: AbortSignal): Promise<readonly Count[]> {
  const counts: Count[] = [];
  while (!signal.aborted) {
    const sent = new Map<string, number>();
    for (const [index, { url }] of replicas.entries()) {
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const { name, labels, value } of parseMetrics(text)) {
        if (name !== 'cloud_api_openstack_request_duration_seconds_count') continue;
        const key = `${labels['service'] ?? ''}@${String(index + 1)}`;
        sent.set(key, (sent.get(key) ?? 0) + value);
      }
    }
    counts.push({ at: performance.now(), sent });
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
  return counts;
}

interface Rate {
  /** `service@replica` */
  readonly of: string;
  readonly mean: number;
  /** In the busiest ten seconds. */
  readonly worst: number;
}

function ratesOf(counts: readonly Count[]): readonly Rate[] {
  const [start] = counts;
  const settled = counts.filter(({ at }) => start !== undefined && at - start.at >= noticedMs);
  const [from, to] = [settled[0], settled.at(-1)];
  if (from === undefined || to === undefined || from === to) throw new Error('the outage was too short to be counted');
  return [...to.sent.keys()].sort().map((of) => ({ of, mean: rate(of, from, to), worst: busiest(of, settled) }));
}

function busiest(of: string, counts: readonly Count[]): number {
  let most = 0;
  for (const [index, from] of counts.entries()) {
    const to = counts.slice(index).find(({ at }) => at - from.at >= windowMs);
    if (to !== undefined) most = Math.max(most, rate(of, from, to));
  }
  return most;
}

function rate(of: string, from: Count, to: Count): number {
  return (((to.sent.get(of) ?? 0) - (from.sent.get(of) ?? 0)) * 1_000) / (to.at - from.at);
}

async function unfinished(world: World): Promise<number> {
  const [rows] = await world.connection.query<RowDataPacket[]>(
    "SELECT COUNT(*) AS n FROM operation WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')",
  );
  return Number(rows[0]?.['n']);
}

function pick(apis: readonly Api[], index: number): Api {
  const api = apis[index % apis.length];
  if (api === undefined) throw new Error('no replica runs');
  return api;
}

function ms(value: number): string {
  return `${String(Math.round(value))} ms`;
}
