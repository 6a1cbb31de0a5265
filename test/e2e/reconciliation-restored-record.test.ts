import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { startSimulator } from '../../simulator/simulator.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests } from '../support/floating-ips.js';
import { Looks, quickLoops } from '../support/looks.js';
import { connect, emptyTables, type TestSchema } from '../support/schema.js';
import { SecurityGroupRequests } from '../support/security-groups.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { quickTimings } from '../support/settings.js';
import { markedObjects } from '../support/simulated-objects.js';
import { VolumeRequests } from '../support/volumes.js';

type Backup = ReadonlyMap<string, readonly RowDataPacket[]>;

const orphanAgeMs = ['LEASE_MS', 'HTTP_TIMEOUT_MS', 'SETTLING_MS'].reduce(
  (sum, name) => sum + Number(quickTimings[name]),
  0,
);

/** P13: what was made since is not in the record, what was deleted since is in it again, and what was under way is under way again. */
describe('a record that was restored from yesterday', () => {
  let simulator: Simulator;
  let app: TestApp;
  let looks: Looks;
  let schema: TestSchema;
  let demo: Api;
  let kept: ServerBody;
  let restoredAt: number;
  let today: readonly string[];
  let underWay: number;

  beforeAll(async () => {
    simulator = await startSimulator({ port: 0 });
    const first = await startApp({ simulator });
    schema = first.schema;
    demo = await first.login('demo');
    const servers = await ServerRequests.of(demo);
    const volumes = new VolumeRequests(demo);
    kept = await servers.create('kept');
    const deletedToday = await volumes.create('deleted-today');
    // One of which Cinder makes nothing before it is asked again: its answer is lost, and the settling time runs.
    simulator.faults.add({ method: 'POST', path: '/volumes$', action: 'reset-after', times: 1 });
    const asked = await volumes.post('under-way');
    underWay = asked.body.id;
    while (simulator.log.list({ method: 'POST', path: '/volumes$' }).at(-1)?.outcome !== 'reset') await sleep(20);
    const backup = await takeBackup(schema);
    const before = new Set(markedObjects(simulator).map(({ id }) => id));

    await demo.finished(asked);
    await servers.create('made-today');
    await volumes.create('data-of-today');
    await new FloatingIpRequests(demo).allocate();
    await new SecurityGroupRequests(demo).create('group-of-today');
    expect((await volumes.delete(deletedToday.id)).status).toBe(204);
    const unknown = markedObjects(simulator).filter(({ id }) => !before.has(id));
    today = unknown.map(({ type, id }) => `${type} ${id}`).sort();
    await first.close();

    await restore(schema, backup);
    restoredAt = simulator.log.list().at(-1)?.id ?? 0;
    app = await startApp({ simulator, schema, settings: quickLoops });
    demo = await app.login('demo');
    looks = await Looks.of(app);
    await looks.setPolicies({ missing_grace_seconds: 0 });
    await looks.resume();
  }, 90_000);

  afterAll(async () => {
    await looks.close();
    await app.close();
    await simulator.close();
  });

  it('goes on with what was under way by what it finds', async () => {
    const volume = await demo.until<{ operation: unknown; status: string }>(
      `/volumes/${String(underWay)}`,
      ({ body }) => body.operation === null,
    );
    expect(volume.body.status).toBe('AVAILABLE');
    const creations = simulator.log.list({ after: restoredAt, method: 'POST', path: '/volumes$' });
    expect(creations.map(({ outcome }) => outcome)).toEqual([]);
  });

  it('has nothing deleted in OpenStack, however often the loops come round', async () => {
    await sleep(orphanAgeMs + 3_000);
    const writing = simulator.log
      .list({ after: restoredAt })
      .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'));
    expect(writing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    const there = new Set(markedObjects(simulator).map(({ type, id }) => `${type} ${id}`));
    expect(today.filter((object) => !there.has(object))).toEqual([]);
    expect(today.length).toBe(6);
  });

  it('has everything of today reported as unmanaged, and adopted under its own marker when asked', async () => {
    const plan = await looks.runs.plan();
    const findings = await looks.runs.findings(plan.id);
    expect(plan.counts).toEqual({ UNMANAGED: today.length });
    expect(findings.filter(({ allowed, action }) => allowed || action !== null)).toEqual([]);
    await looks.setPolicies({ unmanaged: 'adopt' });
    await demo.until<{ servers: ServerBody[] }>('/servers', ({ body }) =>
      ['kept', 'made-today'].every((name) => body.servers.some((server) => server.name === name)),
    );
    expect(kept.openstack_id).not.toBeNull();
    await sleep(orphanAgeMs + 1_000);
    expect((await looks.runs.plan()).counts).toEqual({});
    expect(markedObjects(simulator).filter(({ type, id }) => today.includes(`${type} ${id}`)).length).toBe(6);
  });
});

async function takeBackup(schema: TestSchema): Promise<Backup> {
  const database = await connect(schema);
  const backup = new Map<string, readonly RowDataPacket[]>();
  for (const table of await tablesOf(database)) {
    const [rows] = await database.query<RowDataPacket[]>(`SELECT * FROM \`${table}\``);
    backup.set(table, rows);
  }
  await database.end();
  return backup;
}

/** Nothing that uses the schema may be running. */
async function restore(schema: TestSchema, backup: Backup): Promise<void> {
  await emptyTables(schema);
  const database = await connect(schema);
  await database.query('SET foreign_key_checks = 0');
  for (const [table, rows] of backup) {
    const columns = await storedColumns(database, table);
    for (const row of rows) {
      const values = columns.map((column) => valueOf(row[column] as unknown));
      const names = columns.map((column) => `\`${column}\``).join(', ');
      await database.query(`INSERT INTO \`${table}\` (${names}) VALUES (?)`, [values]);
    }
  }
  await database.end();
}

async function tablesOf(database: Connection): Promise<readonly string[]> {
  const [rows] = await database.query<RowDataPacket[]>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name <> 'migrations'`,
  );
  return rows.map((row) => String(row['name']));
}

async function storedColumns(database: Connection, table: string): Promise<readonly string[]> {
  const [rows] = await database.query<RowDataPacket[]>(
    `SELECT column_name AS name FROM information_schema.columns
      WHERE table_schema = DATABASE() AND table_name = ? AND extra NOT LIKE '%GENERATED%'`,
    [table],
  );
  return rows.map((row) => String(row['name']));
}

/** As it is to be written: JSON comes back parsed. */
function valueOf(value: unknown): unknown {
  const isJson = typeof value === 'object' && value !== null && !(value instanceof Date) && !Buffer.isBuffer(value);
  return isJson ? JSON.stringify(value) : value;
}
