import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { Database } from '../../scripts/database.js';
import { testSettings } from '../support/settings.js';
import type { CaseResult } from './case-result.js';
import { SeededRandom } from './seeded-random.js';
import { World } from './world.js';

const leaseMs = Number(testSettings['LEASE_MS']);
/** All that changes behind the service's back is found by the sweep and the list of changes alone. */
const loops = { SWEEP_MS: '1500', DELTA_MS: '700' };

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
  world.simulator.faults.add({ method: 'GET', path: '/servers/detail', delay_ms: 400 });
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
  return [
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
  const disturbing = new AbortController();
  const disturbed = disturb(world, random, disturbing.signal);
  for (const { id } of servers) world.simulator.outside.stop(id);
  await eventually(async () => (await statuses(world)).get('SHUTOFF') === 500, 'not all rows follow', 90_000);
  disturbing.abort();
  await disturbed;
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
  ];
}

/** One replica of several dies, or stands still for longer than a lease, again and again. */
async function disturb(world: World, random: SeededRandom, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(random.between(300, 1_500));
    const victim = random.pick(world.replicas);
    if (victim === undefined) continue;
    if (random.between(0, 2) >= 1) {
      await victim.kill();
      await world.restart(victim);
    } else {
      victim.freeze();
      await sleep(leaseMs + 500);
      victim.thaw();
    }
  }
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
