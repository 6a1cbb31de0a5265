import { fork } from 'node:child_process';
import { once } from 'node:events';
import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import type { Api } from '../test/support/api.js';
import { insertServers } from '../test/support/rows-at-rest.js';
import { connect, type TestSchema } from '../test/support/schema.js';
import { StatementLog } from '../test/support/statements.js';
import type { BareOrder } from './bare-server.js';
import { load, spread, type BenchRow, type LoadResult } from './measure.js';
import { login, openSite, productionSettings } from './site.js';

const rounds = 5;
const servers = 10_000;

export interface ReadBench {
  readonly name: string;
  /** What is read; `serverId` is one of the servers. */
  readonly pathOf: (serverId: number) => string;
  readonly leastRate: number;
  readonly mostTail: number | null;
}

/** A GET with 10,000 servers at rest, against a bare handler that runs the same statements and sends the same bytes. */
export async function benchRead({ name, pathOf, leastRate, mostTail }: ReadBench): Promise<readonly BenchRow[]> {
  const site = await openSite();
  const settings = productionSettings(site.simulator, site.schema);
  const api = await ApiProcess.start({ port: await freePort(), settings });
  try {
    const demo = await login(api.url);
    const path = pathOf(await fill(site.schema, demo));
    const statements = await statementsOf(site.schema, demo, path);
    const headers = { authorization: `Bearer ${demo.token ?? ''}` };
    const body = await (await fetch(`${api.url}${path}`, { headers })).text();
    const bare = await startBare({ schema: site.schema, statements, body });
    const ours = async (durationMs: number) => load(`${api.url}${path}`, headers, { connections: 8, durationMs });
    const theirs = async (durationMs: number) => load(bare.url, {}, { connections: 8, durationMs });
    await ours(5_000);
    await theirs(2_000);
    const pairs: { readonly ours: LoadResult; readonly theirs: LoadResult }[] = [];
    for (let round = 0; round < rounds; round += 1)
      pairs.push({ ours: await ours(4_000), theirs: await theirs(4_000) });
    bare.close();
    const last = { ours: figures(pairs.at(-1)?.ours), reference: figures(pairs.at(-1)?.theirs) };
    const rate = spread(pairs.map((pair) => pair.ours.requestsPerSecond / pair.theirs.requestsPerSecond));
    const tail = spread(pairs.map((pair) => pair.ours.p99Ms / pair.theirs.p99Ms));
    return [
      {
        name: `${name} requests/s (${String(statements.length)} statements, ${String(body.length)} bytes)`,
        ...last,
        ratio: rate,
        goal: `>= ${String(leastRate)}`,
        met: rate.median >= leastRate,
      },
      ...(mostTail === null
        ? []
        : [
            { name: `${name} p99`, ...last, ratio: tail, goal: `<= ${String(mostTail)}`, met: tail.median <= mostTail },
          ]),
    ];
  } finally {
    await api.kill();
    await site.close();
  }
}

/** Returns the id of a server. */
async function fill(schema: TestSchema, demo: Api): Promise<number> {
  const connection = await connect(schema);
  await insertServers(connection, { projectId: demo.login?.project_id ?? 0, from: 1, to: servers });
  await connection.end();
  const answer = await demo.get<{ servers: readonly { id: number }[] }>('/servers?limit=1&order=asc');
  return answer.body.servers[0]?.id ?? 0;
}

async function statementsOf(schema: TestSchema, demo: Api, path: string): Promise<readonly string[]> {
  const log = await StatementLog.open(schema);
  const statements = await log.ofRequest(() => demo.get(path));
  await log.close();
  return statements;
}

async function startBare(order: BareOrder): Promise<{ readonly url: string; readonly close: () => void }> {
  const child = fork('dist/bench/bare-server.js');
  child.send(order);
  const [url] = (await once(child, 'message')) as [string];
  return { url, close: () => child.kill('SIGKILL') };
}

function figures(result: LoadResult | undefined): string {
  if (result === undefined) return '';
  return `${result.requestsPerSecond.toFixed(0)}/s, p99 ${result.p99Ms.toFixed(1)} ms`;
}
