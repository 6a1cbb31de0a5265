import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import { Transaction } from '../../src/database/transaction.js';
import type { Policies } from '../../src/reconciliation/policy.js';
import { ServerDeletionService } from '../../src/server/server-deletion.service.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests } from '../support/floating-ips.js';
import { Plans } from '../support/plans.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { objectsOf } from '../support/simulated-objects.js';
import { Stranger } from '../support/stranger.js';
import { VolumeRequests } from '../support/volumes.js';

describe('servers that changed in OpenStack', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let volumes: VolumeRequests;
  let floatingIps: FloatingIpRequests;
  let plans: Plans;
  let everything: Plans;
  let database: Connection;
  let server: ServerBody;

  beforeAll(async () => {
    app = await startApp();
    app.simulator.setQuotas(seed.projects.demo, { volumes: -1, gigabytes: -1, instances: -1, cores: -1, ram: -1 });
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    volumes = new VolumeRequests(demo);
    floatingIps = new FloatingIpRequests(demo);
    plans = Plans.of(app, 'server');
    everything = Plans.of(app);
    database = await connect(app.schema);
    server = await servers.create('followed');
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.configure(defaultSettings);
  });

  const idOf = ({ openstack_id: id }: ServerBody): string => id ?? '';
  const isThere = (id: string): boolean => objectsOf(app.simulator).some((object) => object.id === id);
  const writes = (): number => app.simulator.log.list({}).filter(({ method }) => method !== 'GET').length;

  async function row(
    table: 'server' | 'volume' | 'network_interface' | 'floating_ip',
    id: number,
  ): Promise<RowDataPacket> {
    const [rows] = await database.query<RowDataPacket[]>(`SELECT * FROM ${table} WHERE id = ?`, [id]);
    if (rows[0] === undefined) throw new Error(`${table} ${String(id)} has no row`);
    return rows[0];
  }

  /** Finds exactly this about the server, applies it, and finds nothing more. */
  async function reconciled(
    expected: Readonly<Record<string, unknown>>,
    changes: Partial<Policies> = {},
  ): Promise<void> {
    const before = writes();
    const findings = await plans.plan(changes);
    expect(findings).toEqual([expect.objectContaining({ resourceType: 'server', resourceId: server.id, ...expected })]);
    expect(findings[0]?.evidence).toEqual([
      expect.objectContaining({ url: expect.stringContaining('/servers/detail') }),
    ]);
    expect(writes()).toBe(before);
    expect(await plans.apply(findings, changes)).toEqual([{ state: 'APPLIED' }]);
    expect(await plans.plan(changes)).toEqual([]);
  }

  it('says nothing of what is as it was recorded', async () => {
    expect(await everything.plan()).toEqual([]);
  });

  it('follows a stop and a start', async () => {
    app.simulator.outside.stop(idOf(server));
    await reconciled({
      type: 'STATUS_DRIFT',
      action: 'FOLLOW',
      before: { status: 'ACTIVE' },
      after: { status: 'SHUTOFF' },
    });
    expect(await servers.get(server.id)).toMatchObject({ status: 'SHUTOFF' });
    app.simulator.outside.start(idOf(server));
    await reconciled({ type: 'STATUS_DRIFT', before: { status: 'SHUTOFF' }, after: { status: 'ACTIVE' } });
  });

  it('tells why a server is in ERROR, and forgets it afterwards', async () => {
    app.simulator.outside.error(idOf(server), 'the disk is on fire');
    const told = { code: 'OPENSTACK_ERROR', message: 'Nova shows the server as ERROR. It said: the disk is on fire' };
    await reconciled({
      type: 'ERROR_FAULT',
      before: { status: 'ACTIVE', fault: null },
      after: { status: 'ERROR', fault: told },
    });
    expect(await servers.get(server.id)).toMatchObject({ status: 'ERROR', fault: told });
    app.simulator.outside.setStatus(idOf(server), 'active');
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'ACTIVE', fault: null } });
    expect(await servers.get(server.id)).toMatchObject({ status: 'ACTIVE', fault: null });
  });

  it('asks the server itself where the list does not tell why', async () => {
    const broken = app.simulator.cloud.servers.get(idOf(server));
    if (broken === undefined) throw new Error('the server is not there');
    broken.isUnplaced = true;
    app.simulator.outside.error(idOf(server), 'No valid host was found.');
    const message = 'Nova shows the server as ERROR. It said: No valid host was found.';
    await reconciled({ type: 'ERROR_FAULT', after: { status: 'ERROR', fault: { code: 'OPENSTACK_ERROR', message } } });
    broken.isUnplaced = false;
    app.simulator.outside.setStatus(idOf(server), 'active');
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'ACTIVE', fault: null } });
  });

  it('takes a name over, or gives ours, as the policy says', async () => {
    app.simulator.outside.rename(idOf(server), 'elsewhere');
    await reconciled({
      type: 'FIELD_DRIFT',
      action: 'FOLLOW',
      before: { name: 'followed' },
      after: { name: 'elsewhere' },
    });
    expect(await servers.get(server.id)).toMatchObject({ name: 'elsewhere' });
    app.simulator.outside.rename(idOf(server), 'followed');
    await reconciled({ type: 'FIELD_DRIFT', action: 'RENAME' }, { names: 'enforce' });
    expect(app.simulator.cloud.servers.get(idOf(server))?.name).toBe('elsewhere');
  });

  it('keeps a name that was taken here apart', async () => {
    const other = await servers.create('one-name');
    app.simulator.outside.rename(idOf(server), 'one-name');
    await reconciled({ type: 'FIELD_DRIFT', after: { name: 'one-name' } });
    expect(await servers.get(server.id)).toMatchObject({ name: 'one-name-2' });
    await demo.finished(await demo.delete(`/servers/${String(other.id)}`));
    expect(await plans.plan()).toEqual([]);
  });

  it('follows a resize to another flavor', async () => {
    app.simulator.outside.resizeServer(idOf(server), 'm1.small');
    await reconciled({
      type: 'FIELD_DRIFT',
      before: { flavor_id: seed.flavors['m1.tiny'] },
      after: { flavor_id: seed.flavors['m1.small'] },
    });
    app.simulator.outside.resizeServer(idOf(server), 'm1.tiny');
    await reconciled({ type: 'FIELD_DRIFT' });
  });

  it('reports what does not end, with the repair', async () => {
    app.simulator.outside.setStatus(idOf(server), 'building');
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'BUILD' } });
    const [stuck, ...more] = await plans.plan({ stuckAfterSeconds: 0 });
    expect(more).toEqual([]);
    expect(stuck).toMatchObject({ type: 'STUCK_TRANSITION', action: null, allowed: false, resourceId: server.id });
    expect(stuck?.reason).toContain(`openstack server set --state error ${idOf(server)}`);
    app.simulator.outside.setStatus(idOf(server), 'active');
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'ACTIVE' } });
  });

  it('concludes nothing from a cell that is down', async () => {
    app.simulator.outside.setCellDown(true);
    try {
      const findings = await plans.plan();
      expect(findings).toEqual([expect.objectContaining({ type: 'INCOMPLETE_VIEW', action: null })]);
      expect(await plans.apply(findings)).toEqual([]);
    } finally {
      app.simulator.outside.setCellDown(false);
    }
    expect(await servers.get(server.id)).toMatchObject({ status: 'ACTIVE' });
    expect(await plans.plan()).toEqual([]);
  });

  it('hears of changes and deletions from the list of changes', async () => {
    const since = new Date(app.simulator.cloud.now() - 1_000);
    app.simulator.outside.stop(idOf(server));
    const [found] = (await plans.changed(since)).filter(({ resourceId }) => resourceId === server.id);
    expect(found).toMatchObject({ type: 'STATUS_DRIFT', after: { status: 'SHUTOFF' } });
    app.simulator.outside.start(idOf(server));
    expect((await plans.changed(since)).filter(({ resourceId }) => resourceId === server.id)).toEqual([]);
  });

  it('takes a server that is only hidden for what it is, not for missing', async () => {
    // An empty list would be believed nothing.
    await servers.create('in-sight');
    const since = new Date(app.simulator.cloud.now() - 1_000);
    app.simulator.outside.setStatus(idOf(server), 'soft-delete');
    expect(await plans.plan()).toEqual([]);
    const changed = (await plans.changed(since)).filter(({ resourceId }) => resourceId === server.id);
    expect(changed).toEqual([expect.objectContaining({ type: 'STATUS_DRIFT', after: { status: 'SOFT_DELETED' } })]);
    expect(await plans.apply(changed)).toEqual([{ state: 'APPLIED' }]);
    expect(await servers.get(server.id)).toMatchObject({ status: 'SOFT_DELETED' });
    app.simulator.outside.setStatus(idOf(server), 'active');
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'ACTIVE' } });
  });

  it('keeps the data of a server that is gone, and deletes its ports', async () => {
    const gone = await servers.create('gone');
    const data = await volumes.create('gone-data');
    expect((await volumes.attach(gone.id, data.id)).status).toBe(200);
    const nic = gone.network_interfaces[0];
    const root = gone.volumes.find(({ is_root_volume: isRoot }) => isRoot);
    if (nic === undefined || root === undefined) throw new Error('the server has no interface or no root volume');
    const rootId = (await volumes.get(root.id)).openstack_id ?? '';
    const address = await floatingIps.allocate();
    expect((await floatingIps.associate(nic.id, address.id)).status).toBe(204);

    app.simulator.outside.delete(idOf(gone));
    const findings = await plans.plan();
    expect(findings).toEqual([
      expect.objectContaining({ type: 'DELETED_OUTSIDE', action: 'TOMBSTONE', resourceId: gone.id }),
    ]);
    expect(await plans.apply(findings)).toEqual([{ state: 'APPLIED' }]);
    const [operations] = await database.query<RowDataPacket[]>(
      "SELECT id, requested_by FROM operation WHERE kind = 'server.delete' AND resource_id = ?",
      [gone.id],
    );
    expect(operations).toEqual([{ id: expect.any(Number), requested_by: null }]);
    await demo.finished(Number(operations[0]?.['id']));

    expect(await row('server', gone.id)).toMatchObject({ status: 'DELETED', deleted_reason: 'external' });
    expect((await demo.get(`/servers/${String(gone.id)}`)).status).toBe(404);
    expect(isThere(nic.openstack_id ?? '')).toBe(false);
    expect(await row('network_interface', nic.id)).toMatchObject({ deleted_reason: 'cascade' });
    expect(await row('floating_ip', address.id)).toMatchObject({ network_interface_id: null, deleted_at: null });
    expect(isThere(address.openstack_id ?? '')).toBe(true);
    expect(await volumes.get(root.id)).toMatchObject({ status: 'AVAILABLE', server_id: null, is_root_volume: false });
    expect(await volumes.get(data.id)).toMatchObject({ status: 'AVAILABLE', server_id: null });
    expect([rootId, data.openstack_id ?? ''].filter((id) => !isThere(id))).toEqual([]);
    expect(await everything.plan()).toEqual([]);
  });

  it('deletes all that a person asks for, though a sweep is at what the server has left', async () => {
    const gone = await servers.create('gone-and-unwanted');
    const root = gone.volumes.find(({ is_root_volume: isRoot }) => isRoot);
    const rootId = (await volumes.get(root?.id ?? 0)).openstack_id ?? '';
    app.simulator.outside.delete(idOf(gone));
    app.simulator.faults.add({ method: 'DELETE', path: '/ports/', status: 503 });
    expect(await plans.apply(await plans.plan())).toEqual([{ state: 'APPLIED' }]);
    const { operation: own } = await servers.get(gone.id);
    expect(own).toMatchObject({ kind: 'server.delete' });
    const answer = await demo.delete<{ operation: { id: number } }>(`/servers/${String(gone.id)}`);
    app.simulator.faults.clear();
    expect([answer.status, answer.body.operation.id === own?.id]).toEqual([202, false]);
    expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await row('server', gone.id)).toMatchObject({ status: 'DELETED', deleted_reason: 'user' });
    expect(isThere(rootId)).toBe(false);
    expect(await everything.plan()).toEqual([]);
  });

  it('touches nothing when the server is there after all', async () => {
    const back = await servers.create('back');
    const before = writes();
    await app.app
      .get(Transaction, { strict: false })
      .run((tx) => app.app.get(ServerDeletionService, { strict: false }).beginDeletedOutside(tx, back.id));
    const { operation } = await servers.get(back.id);
    expect(operation).toMatchObject({ kind: 'server.delete' });
    expect((await demo.finished(operation?.id ?? 0)).state).toBe('FAILED');
    expect(writes()).toBe(before);
    expect(await servers.get(back.id)).toMatchObject({ status: 'ACTIVE', fault: null, operation: null });
    expect(await plans.plan()).toEqual([]);
  });

  it('reports a server that was not made here, and adopts it where the policy says so', async () => {
    const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    const volumeId = await stranger.createVolume('hand-made-root', { imageId: seed.images['lab-tiny'] });
    const portId = await stranger.createPort('hand-made', seed.networks.private);
    const openstackId = await stranger.createServer('hand-made', seed.flavors['m1.tiny'], portId, volumeId);
    while (app.simulator.cloud.servers.get(openstackId)?.vmState !== 'active') {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await plans.plan()).toEqual([expect.objectContaining({ type: 'UNMANAGED', openstackId, action: null })]);
    const [found, ...more] = await plans.plan({ unmanaged: 'adopt' });
    expect(more).toEqual([]);
    expect(await plans.apply(found === undefined ? [] : [found], { unmanaged: 'adopt' })).toEqual([
      { state: 'APPLIED' },
    ]);
    const [rows] = await database.query<RowDataPacket[]>('SELECT * FROM server WHERE openstack_id = ?', [openstackId]);
    expect(rows).toEqual([
      expect.objectContaining({
        name: 'hand-made',
        status: 'ACTIVE',
        managed_by: 'adopted',
        flavor_openstack_id: seed.flavors['m1.tiny'],
      }),
    ]);
    expect(await plans.plan()).toEqual([]);
  });
});
