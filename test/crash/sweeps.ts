import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { ApiProcess } from '../../scripts/api-process.js';
import type { Database } from '../../scripts/database.js';
import { parseMetrics, valueOf } from '../support/prometheus.js';
import { testSettings } from '../support/settings.js';
import type { CaseResult } from './case-result.js';
import { SeededRandom } from './seeded-random.js';
import { World } from './world.js';

const leaseMs = Number(testSettings['LEASE_MS']);
const fewestDisturbances = 6;
/** All that changes behind the service's back is found by the sweep and the list of changes alone. */
const loops = { SWEEP_MS: '1500', DELTA_MS: '700', ORPHAN_SWEEP_MS: '3600000' };

type Scene = (world: World) => Promise<readonly string[]>;

/** What happens to reconciliation when the process that does it stops in the middle. */
export async function sweeps(database: Database, seed: number): Promise<readonly CaseResult[]> {
  console.log('\nsweeps');
  return [
    await scene(database, 'a replica frozen in the middle of a sweep changes no row afterwards', frozenInSweep),
    await scene(database, '500 changed objects, replicas killed and frozen at random: each row follows once', (world) =>
      manyChanges(world, seed),
    ),
  ];
}

async function scene(database: Database, name: string, play: Scene): Promise<CaseResult> {
  const world = await World.create(database, loops);
  try {
    const problems = await play(world);
    console.log([`  ${problems.length === 0 ? 'holds' : 'WRONG'}  ${name}`, ...problems].join('\n    '));
    return { name, problems };
  } catch (error) {
    console.log(`  WRONG  ${name}`);
    return { name, problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  } finally {
    await world.close();
  }
}

async function frozenInSweep(world: World): Promise<readonly string[]> {
  const slow = await world.start();
  await world.login(slow);
  await adoptEverything(world);
  const [bulk] = world.simulator.bulk({ servers: 1, volumes_per_server: 0 });
  if (bulk === undefined) return ['the simulator made no server'];
  await eventually(async () => (await statuses(world)).get('ACTIVE') === 1, 'the server was not adopted');
  world.simulator.outside.stop(bulk.id);
  const hits = (): number => world.simulator.faults.list().reduce((sum, fault) => sum + fault.hits, 0);
  world.simulator.faults.add({ method: 'GET', path: '/servers/detail', query: '^(?!.*changes-since)', delay_ms: 400 });
  await eventually(() => Promise.resolve(hits() > 0), 'nobody asked for servers');
  // The answer that it waits for says SHUTOFF, and will be old when it goes on.
  await sleep(100);
  slow.freeze();
  world.simulator.faults.clear();
  await world.start();
  const takenOver = performance.now();
  await eventually(async () => (await statuses(world)).get('SHUTOFF') === 1, 'nobody took the sweep over');
  const tookMs = performance.now() - takenOver;
  world.simulator.outside.start(bulk.id);
  await eventually(async () => (await statuses(world)).get('ACTIVE') === 1, 'the row does not follow');
  slow.thaw();
  let wrong = 0;
  for (let look = 0; look < 20; look += 1) {
    if ((await statuses(world)).get('ACTIVE') !== 1) wrong += 1;
    await sleep(100);
  }
  const fenced = await fencedWrites([slow]);
  console.log(`    fenced writes ${String(fenced)}, taken over after ${String(Math.round(tookMs))} ms`);
  return [
    ...(fenced > 0 ? [] : ['nothing that it did afterwards was refused']),
    ...(wrong === 0 ? [] : [`the row showed the old status ${String(wrong)} times after the replica went on`]),
    ...(tookMs <= leaseMs + 10_000 ? [] : [`the sweep was taken over after ${String(Math.round(tookMs))} ms only`]),
  ];
}

async function manyChanges(world: World, seed: number): Promise<readonly string[]> {
  const random = new SeededRandom(seed);
  const first = await world.start();
  for (let index = 1; index < 3; index += 1) await world.start();
  await world.login(first);
  await adoptEverything(world);
  const servers = world.simulator.bulk({ servers: 500, volumes_per_server: 0 });
  await eventually(async () => (await statuses(world)).get('ACTIVE') === 500, 'not all servers were adopted', 90_000);
  await eventually(() => isSettled(world), 'the sweeps find something again and again', 60_000);
  const before = await versions(world);
  const [disturbing, watching] = [new AbortController(), new AbortController()];
  // Whoever stops does so in the middle of something.
  world.simulator.faults.add({
    method: 'GET',
    path: '/servers/detail|/volumes/detail|/ports|/security-groups',
    delay_ms: 150,
  });
  const [watched, disturbed] = [watchLeases(world, watching.signal), disturb(world, random, disturbing.signal)];
  for (const { id } of servers) world.simulator.outside.stop(id);
  await eventually(async () => (await statuses(world)).get('SHUTOFF') === 500, 'not all rows follow', 90_000);
  disturbing.abort();
  const { kills, freezes, fenced } = await disturbed;
  watching.abort();
  const { takeovers, slowestMs } = await watched;
  world.simulator.faults.clear();
  console.log(
    `    500 rows, kills ${String(kills)}, freezes ${String(freezes)}, fenced writes ${String(fenced)}, ` +
      `loops and runs taken over ${String(takeovers)}, at the latest ${String(Math.round(slowestMs))} ms after their lease had run out`,
  );
  const after = await versions(world);
  const repeated = [...after].filter(([id, version]) => version !== (before.get(id) ?? 0) + 1);
  const [written] = await world.connection.query<RowDataPacket[]>(
    `SELECT type, after_facts FROM reconciliation_finding WHERE state = 'APPLIED' AND resource_type = 'server' AND resource_id = ? ORDER BY id`,
    [repeated[0]?.[0] ?? 0],
  );
  const [findings] = await world.connection.query<RowDataPacket[]>(
    `SELECT resource_id FROM reconciliation_finding WHERE type = 'STATUS_DRIFT' AND state = 'APPLIED' AND resource_type = 'server'
      GROUP BY resource_id HAVING COUNT(*) > 1`,
  );
  return [
    ...(after.size === 500 ? [] : [`${String(after.size)} rows for 500 servers`]),
    ...(repeated.length === 0
      ? []
      : [`${String(repeated.length)} rows were not written exactly once, e.g. by ${JSON.stringify(written)}`]),
    ...(findings.length === 0 ? [] : [`${String(findings.length)} rows have more than one applied finding`]),
    ...(takeovers > 0 ? [] : ['nothing was taken over']),
    ...(slowestMs <= leaseMs ? [] : [`something was taken over ${String(Math.round(slowestMs))} ms too late`]),
  ];
}

interface Disturbance {
  readonly kills: number;
  readonly freezes: number;
  /** As far as those could tell that were not killed in between. */
  readonly fenced: number;
}

/** One replica of several dies, or stands still for longer than a lease, again and again: five times at least. */
async function disturb(world: World, random: SeededRandom, signal: AbortSignal): Promise<Disturbance> {
  let [kills, freezes, fenced] = [0, 0, 0];
  while (!signal.aborted || kills + freezes < fewestDisturbances) {
    await sleep(random.between(300, 1_500));
    const victim = random.pick(world.replicas);
    if (victim === undefined) continue;
    if (random.between(0, 2) >= 1) {
      fenced += await fencedWrites([victim]);
      kills += 1;
      await victim.kill();
      await world.restart(victim);
    } else {
      freezes += 1;
      victim.freeze();
      await sleep(leaseMs + 500);
      victim.thaw();
    }
  }
  return { kills, freezes, fenced: fenced + (await fencedWrites(world.replicas)) };
}

/** What was refused to these replicas because another one had taken over. */
async function fencedWrites(replicas: readonly ApiProcess[]): Promise<number> {
  let sum = 0;
  for (const { url } of replicas) {
    const samples = parseMetrics(await (await fetch(`${url}/metrics`)).text());
    for (const of of ['lease', 'reconciliation']) sum += valueOf(samples, `cloud_api_${of}_fenced_writes_total`) ?? 0;
  }
  return sum;
}

interface Lease extends RowDataPacket {
  readonly name: string;
  readonly epoch: number;
  readonly until: Date;
  readonly now: Date;
}

/** How many leases of loops and runs ran out in somebody's hands and were taken over, and how long after that at most. */
async function watchLeases(world: World, signal: AbortSignal): Promise<{ takeovers: number; slowestMs: number }> {
  const held = new Map<string, Lease>();
  let [takeovers, slowestMs] = [0, 0];
  while (!signal.aborted) {
    const [leases] = await world.connection.query<Lease[]>(
      `SELECT name, epoch, lease_until AS until, NOW(3) AS now FROM lease
       UNION ALL SELECT CONCAT('run ', id), epoch, lease_until, NOW(3) FROM reconciliation_run WHERE active_scope_key IS NOT NULL`,
    );
    for (const lease of leases) {
      const before = held.get(lease.name);
      // One that was freed lies in the past at once, in the same epoch.
      const ranOut = before !== undefined && before.until < lease.now;
      if (ranOut && lease.epoch > before.epoch) {
        takeovers += 1;
        slowestMs = Math.max(slowestMs, lease.until.getTime() - leaseMs - before.until.getTime());
      }
      if (lease.until > lease.now) held.set(lease.name, lease);
      else if (before?.until.getTime() !== lease.until.getTime()) held.delete(lease.name);
    }
    await sleep(30);
  }
  return { takeovers, slowestMs };
}

/** What was made by other hands gets rows by itself. */
async function adoptEverything(world: World): Promise<void> {
  await world.connection.query(`INSERT INTO policy (name, value) VALUES ('reconciliation', '{"unmanaged": "adopt"}')`);
}

/** The newest complete sweep found nothing to do. */
async function isSettled(world: World): Promise<boolean> {
  const [rows] = await world.connection.query<RowDataPacket[]>(
    `SELECT (SELECT COUNT(*) FROM reconciliation_finding f WHERE f.run_id = r.id AND f.action IS NOT NULL) AS n
       FROM reconciliation_run r WHERE r.state = 'DONE' ORDER BY r.id DESC LIMIT 1`,
  );
  return rows[0]?.['n'] === 0;
}

async function statuses(world: World): Promise<ReadonlyMap<string, number>> {
  const [rows] = await world.connection.query<RowDataPacket[]>(
    'SELECT status, COUNT(*) AS n FROM server WHERE deleted_at IS NULL GROUP BY status',
  );
  return new Map(rows.map((row) => [String(row['status']), Number(row['n'])]));
}

async function versions(world: World): Promise<ReadonlyMap<number, number>> {
  const [rows] = await world.connection.query<RowDataPacket[]>(
    'SELECT id, version FROM server WHERE deleted_at IS NULL',
  );
  return new Map(rows.map((row) => [Number(row['id']), Number(row['version'])]));
}

async function eventually(holds: () => Promise<boolean>, problem: string, limitMs = 30_000): Promise<void> {
  const until = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(problem);
    await sleep(50);
  }
}
