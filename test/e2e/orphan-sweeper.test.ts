import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { objectsOf } from '../support/simulated-objects.js';
import { connect } from '../support/schema.js';
import { Stranger } from '../support/stranger.js';
import { ReconciliationRequests } from '../support/reconciliations.js';
import { ServerRequests } from '../support/servers.js';
import { quickTimings } from '../support/settings.js';
import { VolumeRequests } from '../support/volumes.js';

const twoSweepsMs = 8_500;
/** How old the first sight of an orphan must be. */
const orphanAgeMs = ['LEASE_MS', 'HTTP_TIMEOUT_MS', 'SETTLING_MS'].reduce(
  (sum, name) => sum + Number(quickTimings[name]),
  0,
);

describe('the sweep for orphans', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;
  let deployment: string;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
    const [rows] = await database.query<RowDataPacket[]>('SELECT deployment_id FROM deployment');
    deployment = String(rows[0]?.['deployment_id']);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  const isThere = (id: string): boolean => objectsOf(app.simulator).some((object) => object.id === id);

  async function gone(id: string): Promise<void> {
    const end = Date.now() + 20_000;
    while (isThere(id) && Date.now() < end) await sleep(100);
    expect(isThere(id)).toBe(false);
  }

  async function plant(marker: string): Promise<string> {
    const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    return stranger.createVolume('planted', { marker });
  }

  async function uuidOf(table: 'volume', serverId: number): Promise<string> {
    const [rows] = await database.query<RowDataPacket[]>(`SELECT uuid FROM ${table} WHERE server_id = ?`, [serverId]);
    return String(rows[0]?.['uuid']);
  }

  it('deletes a second object of a live row and keeps the recorded one', async () => {
    const server = await servers.create('two-of-one');
    const second = await plant(`cloud-api:${deployment}:${await uuidOf('volume', server.id)}`);
    const plantedAt = performance.now();
    await gone(second);
    // On second sight, when nothing that was sent for it can take effect any more.
    expect(performance.now() - plantedAt).toBeGreaterThan(orphanAgeMs);
    expect(await servers.get(server.id)).toMatchObject({ status: 'ACTIVE' });
    const [rows] = await database.query<RowDataPacket[]>('SELECT openstack_id FROM volume WHERE server_id = ?', [
      server.id,
    ]);
    expect(isThere(String(rows[0]?.['openstack_id']))).toBe(true);
  });

  it('deletes what took effect after its server was deleted', async () => {
    const server = await servers.create('late');
    const uuid = await uuidOf('volume', server.id);
    await demo.finished(await demo.delete(`/servers/${String(server.id)}`));
    const late = await plant(`cloud-api:${deployment}:${uuid}`);
    await gone(late);
  });

  it('leaves what was given to another project to that one, though its row is deleted', async () => {
    const volumes = new VolumeRequests(demo);
    const volume = await volumes.create('given-away');
    const object = app.simulator.cloud.volumes.get(volume.openstack_id ?? '');
    if (object === undefined) throw new Error('no volume');
    app.simulator.cloud.volumes.set(object.id, { ...object, projectId: seed.projects.other });
    const deleted = await demo.delete(`/volumes/${String(volume.id)}`);
    if (deleted.status === 202) await demo.finished(deleted);
    expect((await demo.get(`/volumes/${String(volume.id)}`)).status).toBe(404);
    await sleep(orphanAgeMs + twoSweepsMs);
    expect(isThere(volume.openstack_id ?? '')).toBe(true);
  });

  it('deletes one that Cinder gave up on', async () => {
    const server = await servers.create('given-up');
    const uuid = await uuidOf('volume', server.id);
    const second = await plant(`cloud-api:${deployment}:${uuid}`);
    app.simulator.outside.setStatus(second, 'error_deleting');
    await gone(second);
  });

  /** The look before the deletion takes its time; meanwhile something happens. */
  async function whileLookedAt(openstackId: string, happens: () => Promise<unknown>): Promise<void> {
    const id = app.simulator.faults.add({ method: 'GET', path: `${openstackId}$`, delay_ms: 800, times: 1 });
    const end = Date.now() + 30_000;
    while (app.simulator.faults.list().find((fault) => fault.id === id)?.hits === 0) {
      if (Date.now() > end) throw new Error(`${openstackId} is not looked at`);
      await sleep(20);
    }
    await happens();
    await sleep(2_000);
  }

  it('only reports where the administrators’ policy says so, and rests once they have paused it', async () => {
    const server = await servers.create('reported');
    const second = await plant(`cloud-api:${deployment}:${await uuidOf('volume', server.id)}`);
    await database.query(`INSERT INTO policy (name, value) VALUES ('reconciliation', '{"orphans": "report"}')`);
    await sleep(twoSweepsMs);
    expect(isThere(second)).toBe(true);
    const runs = new ReconciliationRequests(await app.login('admin'));
    await database.query("DELETE FROM policy WHERE name = 'reconciliation'");
    await whileLookedAt(second, () => runs.pause());
    await sleep(twoSweepsMs / 2);
    expect(isThere(second)).toBe(true);
    await runs.resume();
    await gone(second);
  }, 60_000);

  describe('leaves alone', () => {
    const uuidOfVolume = ({ id }: { readonly id: number }): Promise<string> => uuidOf('volume', id);
    const planted = { unknown: '', anotherDeployment: '', unmarked: '', afterWords: '', held: '', missed: '' };

    /** All of them are looked at in the same sweeps. */
    beforeAll(async () => {
      const uuid = await uuidOfVolume(await servers.create('bystander'));
      const missed = await new VolumeRequests(demo).create('missed');
      app.simulator.configure({ server_build_ms: 60_000 });
      const underWay = await servers.post('under-way');
      Object.assign(planted, {
        unknown: await plant(`cloud-api:${deployment}:${randomUUID()}`),
        anotherDeployment: await plant(`cloud-api:someone1:${uuid}`),
        unmarked: await plant('bystander-root'),
        afterWords: await plant(`not ours cloud-api:${deployment}:${uuid}`),
        held: await plant(`cloud-api:${deployment}:${await uuidOfVolume(underWay.body)}`),
        missed: missed.openstack_id,
      });
      await database.query("UPDATE volume SET deleted_at = NOW(3), deleted_reason = 'external' WHERE id = ?", [
        missed.id,
      ]);
      await sleep(twoSweepsMs);
    });

    afterAll(() => {
      app.simulator.configure(defaultSettings);
    });

    it.each([
      ['an unknown uuid', 'unknown'],
      ['another deployment’s object', 'anotherDeployment'],
      ['an object without a marker', 'unmarked'],
      ['one whose marker comes after other words', 'afterWords'],
      ['an object whose row an operation holds', 'held'],
      ['the object of a row that was only missed: it is back', 'missed'],
    ] as const)('%s', (_what, which) => {
      expect(isThere(planted[which])).toBe(true);
    });
  });

  it('does not touch what its row has come to record in the very moment', async () => {
    const volume = await new VolumeRequests(demo).create('adopted-late');
    const [[row]] = await database.query<RowDataPacket[]>('SELECT uuid FROM volume WHERE id = ?', [volume.id]);
    const second = await plant(`cloud-api:${deployment}:${String(row?.['uuid'])}`);
    await whileLookedAt(second, () =>
      database.query('UPDATE volume SET openstack_id = ? WHERE id = ?', [second, volume.id]),
    );
    expect(isThere(second)).toBe(true);
    app.simulator.outside.delete(volume.openstack_id ?? '');
  }, 60_000);
});
