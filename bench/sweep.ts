import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import { seed } from '../simulator/seed.js';
import { connect } from '../test/support/schema.js';
import { spread, type BenchRow } from './measure.js';
import { mirrorServers } from './mirror.js';
import { login, openSite, productionSettings } from './site.js';

const types = ['server', 'network_interface', 'volume'];
const lists = [
  '/compute/v2.1/servers/detail',
  '/network/v2.0/ports',
  `/volume/v3/${seed.projects.admin}/volumes/detail`,
];
const pageSize = 1_000;

/** What one complete sweep over a record at rest took. */
interface SweepCost {
  readonly oursMs: number;
  /** Fetching and parsing the same pages, and nothing else. */
  readonly bareMs: number;
  /** What each page costs beyond what a sweep over nothing does. */
  readonly statementsAPage: number;
  readonly listCalls: number;
  readonly grownBytes: number;
}

/** A complete sweep of 10,000 servers, 10,000 ports and 20,000 volumes in which nothing has changed. */
export async function benchSweep(): Promise<readonly BenchRow[]> {
  const costs = await sweepsOf(10_000, 5);
  const ratio = spread(costs.map(({ oursMs, bareMs }) => oursMs / bareMs));
  const last = costs.at(-1);
  if (last === undefined) return [];
  const objects = 40_000;
  return [
    {
      name: 'sweep (40,000 objects)',
      ours: seconds(last.oursMs),
      reference: seconds(last.bareMs),
      ratio,
      goal: '<= 2',
      met: ratio.median <= 2,
    },
    // A last page that is full does not say that it is the last.
    counted('sweep: list calls', last.listCalls, objects / pageSize + types.length, 1),
    counted('sweep: statements a page, BEGIN and COMMIT aside', last.statementsAPage, 1, 4),
    counted('sweep: memory, MB', Math.max(...costs.map(({ grownBytes }) => grownBytes)) / 1e6, 1, 150),
  ];
}

/** How a sweep grows with the number of servers; for comparison, how fetching the same pages does. */
export async function benchSweepGrowth(): Promise<readonly BenchRow[]> {
  const [small, middle, large] = [await medianOf(1_000), await medianOf(10_000), await medianOf(50_000)];
  const exponent = (of: 'oursMs' | 'bareMs'): number => Math.log(large[of] / middle[of]) / Math.log(5);
  const all = [small, middle, large];
  return [
    {
      name: 'sweep-growth: exponent of 10,000 to 50,000 servers',
      ours: all.map(({ oursMs }) => seconds(oursMs)).join(', '),
      reference: `${all.map(({ bareMs }) => seconds(bareMs)).join(', ')}: ${exponent('bareMs').toFixed(2)}`,
      ratio: spread([exponent('oursMs')]),
      goal: '<= 1.1',
      met: exponent('oursMs') <= 1.1,
    },
    counted('sweep-growth: memory with 50,000 servers, MB', large.grownBytes / 1e6, 1, 150),
  ];
}

/** The middle one of three sweeps over so many servers, their ports and their volumes. */
async function medianOf(servers: number): Promise<SweepCost> {
  const costs = await sweepsOf(servers, 3);
  const middle = [...costs].sort((a, b) => a.oursMs - b.oursMs)[1];
  if (middle === undefined) throw new Error('there was no sweep');
  return { ...middle, grownBytes: Math.max(...costs.map(({ grownBytes }) => grownBytes)) };
}

async function sweepsOf(servers: number, rounds: number): Promise<readonly SweepCost[]> {
  const site = await openSite();
  const settings = {
    ...productionSettings(site.simulator, site.schema),
    SWEEP_MS: '0',
    DELTA_MS: '0',
    ORPHAN_SWEEP_MS: '86400000',
  };
  const api = await ApiProcess.start({ port: await freePort(), settings });
  const connection = await connect(site.schema);
  try {
    const demo = await login(api.url);
    const empty = await costOf(connection, () => sweep(connection));
    await mirrorServers(site.simulator, connection, demo.login?.project_id ?? 0, servers);
    await sweep(connection);
    const rss = await residentBytes(api.pid);
    const costs: SweepCost[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const callsBefore = site.simulator.log.list().at(-1)?.id ?? 0;
      const {
        result: { tookMs, pages },
        statements,
      } = await costOf(connection, () => sweep(connection));
      const listCalls = site.simulator.log.list({ method: 'GET', after: callsBefore, path: 'detail|/ports' }).length;
      const bareMs = await bareFetch(site.simulator.url);
      costs.push({
        oursMs: tookMs,
        bareMs,
        statementsAPage: (statements - empty.statements) / (pages - empty.result.pages),
        listCalls,
        grownBytes: (await residentBytes(api.pid)) - rss,
      });
    }
    return costs;
  } finally {
    await connection.end();
    await api.kill();
    await site.close();
  }
}

interface SweepEnd {
  readonly tookMs: number;
  readonly pages: number;
  /** How often it was looked for: statements of the bench. */
  readonly looks: number;
}

/** Has the service carry out a sweep, and waits for its end. */
async function sweep(connection: Connection): Promise<SweepEnd> {
  const [result] = await connection.query(
    `INSERT INTO reconciliation_run (origin, mode, scope_key, resource_types, lease_until)
     VALUES ('sweep', 'apply', 'bench', ?, NOW(3) - INTERVAL 1 SECOND)`,
    [JSON.stringify(types)],
  );
  const id = (result as { insertId: number }).insertId;
  for (let looks = 1; ; looks += 1) {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT state, pages, TIMESTAMPDIFF(MICROSECOND, started_at, finished_at) / 1000 AS tookMs,
              (SELECT COUNT(*) FROM reconciliation_finding f WHERE f.run_id = r.id) AS findings
         FROM reconciliation_run r WHERE id = ?`,
      [id],
    );
    const run = rows[0];
    if (run?.['state'] === 'DONE') {
      if (Number(run['findings']) > 0) console.log(`  (the sweep found ${String(run['findings'])} differences)`);
      return { tookMs: Number(run['tookMs']), pages: Number(run['pages']), looks };
    }
    if (run?.['state'] === 'FAILED') throw new Error('the sweep failed');
    // Seldom: the wait itself is statements.
    await sleep(500);
  }
}

async function bareFetch(url: string): Promise<number> {
  const token = await adminToken(url);
  const startedAt = performance.now();
  for (const path of lists) {
    // Neutron shows an administrator those of all projects, and refuses to be asked for it.
    const all = path.startsWith('/network/') ? '' : '&all_tenants=1';
    let next: string | null = `${url}${path}?limit=${String(pageSize)}${all}`;
    while (next !== null) {
      const answer = await fetch(next, {
        headers: { 'x-auth-token': token, 'openstack-api-version': 'compute 2.79, volume 3.60' },
      });
      if (!answer.ok) throw new Error(`${next}: ${String(answer.status)}`);
      const body = (await answer.json()) as Record<string, readonly { rel?: string; href?: string }[]>;
      const links = Object.entries(body).find(([name]) => name.endsWith('_links'))?.[1] ?? [];
      next = links.find(({ rel }) => rel === 'next')?.href ?? null;
    }
  }
  return performance.now() - startedAt;
}

async function adminToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'admin', domain: { id: 'default' }, password: seed.users.admin.password } },
        },
        scope: { project: { name: 'admin', domain: { id: 'default' } } },
      },
    }),
  });
  return answer.headers.get('x-subject-token') ?? '';
}

/** What `work` takes of statements, without its own looks and those that are heard in the same time when nothing is done. */
async function costOf<T extends { readonly looks: number }>(
  connection: Connection,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly statements: number }> {
  const [restBefore, restAt] = [await statements(connection), performance.now()];
  await sleep(10_000);
  const [before, startedAt] = [await statements(connection), performance.now()];
  const result = await work();
  const heard = (await statements(connection)) - before - result.looks;
  const restRate = (before - restBefore) / (startedAt - restAt);
  return { result, statements: heard - restRate * (performance.now() - startedAt) };
}

async function statements(connection: Connection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SHOW GLOBAL STATUS WHERE Variable_name IN
       ('Com_select', 'Com_insert', 'Com_update', 'Com_delete', 'Com_update_multi', 'Com_delete_multi')`,
  );
  return rows.reduce((total, row) => total + Number(row['Value']), 0);
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

function counted(name: string, ours: number, reference: number, most: number): BenchRow {
  const ratio = ours / reference;
  return {
    name,
    ours: ours.toFixed(1),
    reference: reference === 1 ? '–' : reference.toFixed(0),
    ratio: spread([ratio]),
    goal: `<= ${String(most)}`,
    met: ratio <= most,
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
