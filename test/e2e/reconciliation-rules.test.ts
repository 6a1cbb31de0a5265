import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { defaultSettings } from '../../simulator/settings.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { ReconciliationRequests, type FindingBody, type ReconciliationBody } from '../support/reconciliations.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { quickTimings } from '../support/settings.js';
import { objectsOf } from '../support/simulated-objects.js';
import { Stranger } from '../support/stranger.js';
import { VolumeRequests } from '../support/volumes.js';

const never = String(3_600_000);
/** How old the first sight of an orphan must be. */
const orphanAgeMs = ['LEASE_MS', 'HTTP_TIMEOUT_MS', 'SETTLING_MS'].reduce(
  (sum, name) => sum + Number(quickTimings[name]),
  0,
);

/** What reconciliation must not do, whatever it sees; each case fails when its rule is taken out. */
describe('rules of reconciliation', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let runs: ReconciliationRequests;
  let database: Connection;
  let deployment: string;

  beforeAll(async () => {
    app = await startApp({ settings: { ORPHAN_SWEEP_MS: never } });
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    runs = new ReconciliationRequests(await app.login('admin'));
    database = await connect(app.schema);
    const [rows] = await database.query<RowDataPacket[]>('SELECT deployment_id FROM deployment');
    deployment = String(rows[0]?.['deployment_id']);
  }, 60_000);

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(async () => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
    await policies({ missing_grace_seconds: 0 });
  });

  async function policies(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const { body } = await runs.api.get<Record<string, unknown>>('/admin/reconciliation-policies');
    const { version: _version, ...current } = body;
    const answer = await runs.api.put('/admin/reconciliation-policies', { ...current, ...changes });
    expect(answer.status).toBe(200);
  }

  async function plan(type: string): Promise<{ run: ReconciliationBody; findings: readonly FindingBody[] }> {
    const run = await runs.plan({ resource_types: [type] });
    return { run, findings: await runs.findings(run.id) };
  }

  async function apply({ id, plan_hash }: ReconciliationBody): Promise<readonly FindingBody[]> {
    expect((await runs.apply(id, { plan_hash })).status).toBe(202);
    expect(await runs.settled(id)).toMatchObject({ state: 'DONE' });
    return runs.findings(id);
  }

  const about = (findings: readonly FindingBody[], id: number): readonly FindingBody[] =>
    findings.filter(({ resource_id: resourceId }) => resourceId === id);
  const aboutObject = (findings: readonly FindingBody[], openstackId: string): readonly FindingBody[] =>
    findings.filter(({ openstack_id: id }) => id === openstackId);
  const isThere = (id: string): boolean => objectsOf(app.simulator).some((object) => object.id === id);
  const openstackIdOf = ({ openstack_id: id }: ServerBody): string => id ?? '';

  it('a row with a running operation keeps its status', async () => {
    const server = await servers.create('busy');
    app.simulator.outside.stop(openstackIdOf(server));
    const [operations] = await database.query<RowDataPacket[]>('SELECT MAX(id) AS id FROM operation');
    await database.query(
      "INSERT INTO operation_lock (resource_type, resource_id, operation_id) VALUES ('server', ?, ?)",
      [server.id, operations[0]?.['id']],
    );
    expect(about((await plan('server')).findings, server.id)).toEqual([]);
    await database.query("DELETE FROM operation_lock WHERE resource_type = 'server' AND resource_id = ?", [server.id]);
    expect(about((await plan('server')).findings, server.id)).toMatchObject([{ type: 'STATUS_DRIFT' }]);
  });

  it('an observation older than the row’s own changes nothing', async () => {
    const server = await servers.create('newer');
    app.simulator.outside.stop(openstackIdOf(server));
    const { run } = await plan('server');
    // Somebody has seen it later than this run will.
    await database.query('UPDATE server SET observed_at = NOW(3) + INTERVAL 1 HOUR WHERE id = ?', [server.id]);
    const [finding] = about(await apply(run), server.id);
    expect(finding).toMatchObject({ state: 'SKIPPED', reason: 'the row was brought up to date meanwhile' });
    expect(about((await plan('server')).findings, server.id)).toEqual([]);
    expect(await servers.get(server.id)).toMatchObject({ status: 'ACTIVE' });
  });

  it('a list that breaks off on its third page shows nothing as missing', async () => {
    const made = [await servers.create('page-1'), await servers.create('page-2'), await servers.create('page-3')];
    const [gone] = made;
    if (gone === undefined) throw new Error('no server was made');
    app.simulator.outside.delete(openstackIdOf(gone));
    app.simulator.configure({ page_size: 1 });
    app.simulator.faults.add({ method: 'GET', path: '/servers/detail', status: 500, skip: 2 });
    const { run, findings } = await plan('server');
    expect(run.complete).toBe(false);
    expect(findings.map(({ type }) => type)).toContain('INCOMPLETE_VIEW');
    expect(about(findings, gone.id)).toEqual([]);
    app.simulator.faults.clear();
    expect(about((await plan('server')).findings, gone.id)).toMatchObject([{ type: 'DELETED_OUTSIDE' }]);
  });

  it.each([401, 403, 404])('lists that answer %s show nothing as missing', async (status) => {
    app.simulator.faults.add({ method: 'GET', path: '/servers', service: 'compute', status });
    const { run, findings } = await plan('server');
    expect(run.complete).toBe(false);
    expect(findings.map(({ type }) => type)).toEqual(['INCOMPLETE_VIEW']);
  });

  describe('of what carries a marker', () => {
    const plant = async (uuid: string): Promise<string> =>
      (await Stranger.login(app.simulator.url, 'demo', 'demo')).createVolume('planted', {
        marker: `cloud-api:${deployment}:${uuid}`,
      });
    const volumeRow = async (id: number): Promise<RowDataPacket | undefined> =>
      (
        await database.query<RowDataPacket[]>('SELECT uuid, openstack_id, deleted_at FROM volume WHERE id = ?', [id])
      )[0][0];

    it('a second object of a row is deleted on second sight, and the recorded one stays', async () => {
      const volume = await new VolumeRequests(demo).create('twice');
      const second = await plant(String((await volumeRow(volume.id))?.['uuid']));
      const first = await plan('volume');
      expect(aboutObject(first.findings, second)).toMatchObject([{ type: 'ORPHAN', action: 'DELETE', allowed: false }]);
      await apply(first.run);
      expect(isThere(second)).toBe(true);
      await sleep(orphanAgeMs);
      const again = await plan('volume');
      expect(aboutObject(again.findings, second)).toMatchObject([{ type: 'ORPHAN', allowed: true }]);
      expect(aboutObject(await apply(again.run), second)).toMatchObject([{ state: 'APPLIED' }]);
      // Cinder takes its time.
      for (const end = Date.now() + 20_000; isThere(second) && Date.now() < end;) await sleep(20);
      expect(isThere(second)).toBe(false);
      expect(isThere(volume.openstack_id ?? '')).toBe(true);
      expect((await plan('volume')).findings).toEqual([]);
    }, 40_000);

    it('one whose row an operation has come to hold is not deleted', async () => {
      const volume = await new VolumeRequests(demo).create('held');
      const second = await plant(String((await volumeRow(volume.id))?.['uuid']));
      await plan('volume');
      await sleep(orphanAgeMs);
      const { run } = await plan('volume');
      const [operations] = await database.query<RowDataPacket[]>('SELECT MAX(id) AS id FROM operation');
      await database.query(
        "INSERT INTO operation_lock (resource_type, resource_id, operation_id) VALUES ('volume', ?, ?)",
        [volume.id, operations[0]?.['id']],
      );
      expect(aboutObject(await apply(run), second)).toMatchObject([{ state: 'SKIPPED' }]);
      expect(isThere(second)).toBe(true);
      await database.query("DELETE FROM operation_lock WHERE resource_type = 'volume' AND resource_id = ?", [
        volume.id,
      ]);
      app.simulator.outside.delete(second);
    }, 40_000);

    it('one whose row is not in the record, as after a restored backup, is never deleted', async () => {
      const stranger = await plant(randomUUID());
      const { run, findings } = await plan('volume');
      expect(aboutObject(findings, stranger)).toMatchObject([{ type: 'UNMANAGED', action: null, allowed: false }]);
      await apply(run);
      expect(isThere(stranger)).toBe(true);
      app.simulator.outside.delete(stranger);
    });

    it('one that was taken for deleted outside gets its row back', async () => {
      const volume = await new VolumeRequests(demo).create('undead');
      await database.query("UPDATE volume SET deleted_at = NOW(3), deleted_reason = 'external' WHERE id = ?", [
        volume.id,
      ]);
      const { run, findings } = await plan('volume');
      expect(findings).toMatchObject([{ type: 'UNDEAD', action: 'RESTORE', allowed: true, resource_id: volume.id }]);
      expect(await apply(run)).toMatchObject([{ state: 'APPLIED' }]);
      expect((await demo.get<{ name: string }>(`/volumes/${String(volume.id)}`)).body.name).toBe('undead');
      expect((await plan('volume')).findings).toEqual([]);
    });
  });
});
