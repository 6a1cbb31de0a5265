import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests, type FloatingIpBody } from '../support/floating-ips.js';
import { quickTimings } from '../support/settings.js';
import { markedObjects } from '../support/simulated-objects.js';
import { connect } from '../support/schema.js';
import { Stranger } from '../support/stranger.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

interface DeletionBody {
  readonly server_id: number;
  readonly volume_id: number | null;
  readonly network_interface_ids: readonly number[];
  readonly operation: { readonly id: number };
}

describe('DELETE /servers/{id}', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
    app.simulator.setQuotas(seed.projects.demo, { instances: -1, cores: -1, ram: -1, volumes: -1, port: -1 });
  });

  const remove = (id: number) => demo.delete<DeletionBody>(`/servers/${String(id)}`);

  function ofServer(server: ServerBody): readonly string[] {
    return markedObjects(app.simulator)
      .filter((object) => object.name.startsWith(server.name))
      .map((object) => object.type);
  }

  it('takes server, port and root volume out of OpenStack and tells which went', async () => {
    const server = await servers.create('to-go');
    const answer = await remove(server.id);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      server_id: server.id,
      volume_id: server.volumes[0]?.id,
      network_interface_ids: server.network_interfaces.map((nic) => nic.id),
    });
    expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    expect((await demo.get(`/servers/${String(server.id)}`)).status).toBe(404);
    expect(ofServer(server)).toEqual([]);
    const [rows] = await database.query<RowDataPacket[]>(
      `SELECT 'server' AS t, deleted_reason AS reason FROM server WHERE id = ? AND deleted_at IS NOT NULL
       UNION ALL SELECT 'volume', deleted_reason FROM volume WHERE server_id = ? AND deleted_at IS NOT NULL
       UNION ALL SELECT 'nic', deleted_reason FROM network_interface WHERE server_id = ? AND deleted_at IS NOT NULL`,
      [server.id, server.id, server.id],
    );
    expect(rows).toEqual([
      { t: 'server', reason: 'user' },
      { t: 'volume', reason: 'cascade' },
      { t: 'nic', reason: 'cascade' },
    ]);
  });

  it('answers the same while it runs, and 404 afterwards', async () => {
    const server = await servers.create('twice');
    const first = await remove(server.id);
    const second = await remove(server.id);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual({ ...first.body, operation: expect.objectContaining({ id: first.body.operation.id }) });
    await demo.finished(first);
    expect((await remove(server.id)).status).toBe(404);
  });

  it('cancels a build under way and leaves nothing of it', async () => {
    app.simulator.configure({ server_build_ms: 60_000 });
    const created = await servers.post('never-built');
    await demo.until<ServerBody>(`/servers/${String(created.body.id)}`, ({ body }) => body.openstack_id !== null);
    const answer = await remove(created.body.id);
    expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await demo.finished(created)).toMatchObject({ state: 'CANCELLED' });
    expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('never-built'))).toEqual([]);
  });

  it('leaves nothing when it comes before the first call of the build is answered', async () => {
    app.simulator.faults.add({ method: 'POST', path: '/ports$', delay_ms: 250, times: 1 });
    const created = await servers.post('nipped');
    const answer = await remove(created.body.id);
    expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('nipped'))).toEqual([]);
  });

  it.each(['/servers/', '/ports/', '/volumes/'])(
    'goes on when the gateway before %s turns away one attempt after the other',
    async (path) => {
      const server = await servers.create(`turned-away${path.replaceAll('/', '-')}`);
      const fault = app.simulator.faults.add({ method: 'DELETE', path, status: 503, times: 4 });
      const answer = await remove(server.id);
      expect(answer.status).toBe(202);
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
      expect(app.simulator.faults.list().find(({ id }) => id === fault)?.hits).toBe(4);
      expect((await demo.get(`/servers/${String(server.id)}`)).status).toBe(404);
      expect(ofServer(server)).toEqual([]);
    },
  );

  it('waits for what OpenStack took only after the deadline, when it was away for long', async () => {
    const server = await servers.create('turned-away-for-long');
    app.simulator.configure({ server_delete_ms: 1_000 });
    const fault = app.simulator.faults.add({ method: 'DELETE', path: '/servers/', status: 503 });
    const answer = await remove(server.id);
    while (app.simulator.faults.list().find(({ id }) => id === fault)?.hits === 0) await sleep(20);
    await database.query('UPDATE operation SET deadline_at = NOW(3) - INTERVAL 1 MINUTE WHERE id = ?', [
      answer.body.operation.id,
    ]);
    app.simulator.faults.clear();
    expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    expect(ofServer(server)).toEqual([]);
  });

  it('has the time of an image copy where Cinder is still at one', async () => {
    app.simulator.configure({ volume_create_ms: 1_500 });
    const created = await servers.post('copied');
    await demo.until<{ step: string }>(
      `/operations/${String(created.body.operation?.id)}`,
      ({ body }) => body.step === 'root-volume-available',
    );
    const answer = await remove(created.body.id);
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT TIMESTAMPDIFF(SECOND, created_at, deadline_at) AS seconds FROM operation WHERE id = ?',
      [answer.body.operation.id],
    );
    expect(rows).toEqual([{ seconds: Number(quickTimings['DEADLINE_IMAGE_COPY_MS']) / 1000 }]);
    expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('copied'))).toEqual([]);
  });

  it('says at once that Cinder could not delete the root volume, and can be asked again', async () => {
    const server = await servers.create('given-up');
    app.simulator.outside.failNext('volume-delete');
    const first = await demo.finished(await remove(server.id));
    expect(first).toMatchObject({ state: 'FAILED', error: { code: 'OPENSTACK_REFUSED' } });
    expect((await servers.get(server.id)).fault?.message).toMatch(/could not be deleted completely.*delete it again/);
    expect(ofServer(server)).toEqual(['volume']);
    expect(await demo.finished(await remove(server.id))).toMatchObject({ state: 'SUCCEEDED' });
    expect(ofServer(server)).toEqual([]);
  });

  it('does not take the 404 of something that has no lists for an answer', async () => {
    const server = await servers.create('not-listed');
    for (const path of ['/servers/detail$', '/ports$', '/volumes/detail$'])
      app.simulator.faults.add({ method: 'GET', path, status: 404, times: 2 });
    expect(await demo.finished(await remove(server.id))).toMatchObject({ state: 'SUCCEEDED' });
    expect(ofServer(server)).toEqual([]);
  });

  it('frees the floating IP, which stays', async () => {
    const server = await servers.create('with-address');
    const networks = await demo.get<{ networks: { id: string; is_external: boolean }[] }>('/networks');
    const external = networks.body.networks.find((network) => network.is_external);
    const address = await demo.post<{ id: number }>('/floating-ips', { floating_network_id: external?.id });
    const nic = server.network_interfaces[0];
    await demo.post(`/network-interfaces/${String(nic?.id)}/floating-ips/${String(address.body.id)}`);
    await demo.finished(await remove(server.id));
    const after = await demo.get<{ status: string; network_interface_id: number | null }>(
      `/floating-ips/${String(address.body.id)}`,
    );
    expect(after.body).toMatchObject({ status: 'DOWN', network_interface_id: null });
  });

  it('removes a server that failed, of which OpenStack holds nothing', async () => {
    app.simulator.outside.failNext('no-valid-host');
    const server = await servers.create('failed');
    expect(server.status).toBe('ERROR');
    expect(await demo.finished(await remove(server.id))).toMatchObject({ state: 'SUCCEEDED' });
    expect((await servers.post('failed')).status).toBe(202);
  });

  it('takes what is gone already for done', async () => {
    const server = await servers.create('gone-outside');
    app.simulator.outside.delete(server.openstack_id ?? '');
    expect(await demo.finished(await remove(server.id))).toMatchObject({ state: 'SUCCEEDED' });
    expect(ofServer(server)).toEqual([]);
  });

  describe('with what hangs on it', () => {
    interface Loaded {
      readonly server: ServerBody;
      readonly volumeId: number;
      readonly volumeOpenstackId: string;
      readonly addressId: number;
      readonly address: string | null;
    }
    interface Preview {
      readonly delete: readonly unknown[];
      readonly detach: readonly unknown[];
      readonly keep: readonly unknown[];
      readonly blocked_by: readonly unknown[];
      readonly refusals: readonly unknown[];
    }

    /** A server with a data volume and an address. */
    async function loaded(name: string): Promise<Loaded> {
      const server = await servers.create(name);
      const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
      const volumeOpenstackId = await stranger.createVolume(`${name}-data`);
      await stranger.attachVolume(server.openstack_id ?? '', volumeOpenstackId);
      const [made] = await database.query<ResultSetHeader>(
        `INSERT INTO volume (project_id, server_id, openstack_id, name, status, size, uuid)
         SELECT project_id, id, ?, ?, 'IN_USE', 1, UUID() FROM server WHERE id = ?`,
        [volumeOpenstackId, `${name}-data`, server.id],
      );
      const floatingIps = new FloatingIpRequests(demo);
      const floatingIp = await floatingIps.allocate();
      await floatingIps.associate(server.network_interfaces[0]?.id ?? 0, floatingIp.id);
      return {
        server: await servers.get(server.id),
        volumeId: made.insertId,
        volumeOpenstackId,
        addressId: floatingIp.id,
        address: floatingIp.address,
      };
    }

    async function volumeRow(id: number): Promise<RowDataPacket | undefined> {
      const [rows] = await database.query<RowDataPacket[]>(
        'SELECT server_id, status, deleted_reason, fault_code FROM volume WHERE id = ?',
        [id],
      );
      return rows[0];
    }

    const inCinder = (id: string) => app.simulator.inventory().volumes.find((volume) => volume.id === id);
    const inNeutron = (address: string | null) =>
      app.simulator.inventory().floating_ips.find((floatingIp) => floatingIp.address === address);

    it('lets volume and address go when nothing is asked', async () => {
      const { server, volumeId, volumeOpenstackId, addressId, address } = await loaded('lets-go');
      expect(await demo.finished(await remove(server.id))).toMatchObject({ state: 'SUCCEEDED' });
      expect(inCinder(volumeOpenstackId)).toMatchObject({ status: 'available' });
      expect(await volumeRow(volumeId)).toMatchObject({ server_id: null, status: 'AVAILABLE', deleted_reason: null });
      expect(inNeutron(address)).toMatchObject({ port_id: null });
      expect((await demo.get<FloatingIpBody>(`/floating-ips/${String(addressId)}`)).body.server_id).toBeNull();
    });

    it('takes both along when asked, and the rows say so', async () => {
      const { server, volumeId, volumeOpenstackId, addressId, address } = await loaded('takes-along');
      const path = `/servers/${String(server.id)}?delete_volumes=true&release_floating_ips=true`;
      const key = { headers: { 'idempotency-key': 'takes-along' } };
      const answer = await demo.delete<DeletionBody>(path, key);
      expect(answer.status).toBe(202);
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
      expect([inCinder(volumeOpenstackId), inNeutron(address)]).toEqual([undefined, undefined]);
      expect(await volumeRow(volumeId)).toMatchObject({ deleted_reason: 'cascade' });
      expect((await demo.get(`/floating-ips/${String(addressId)}`)).status).toBe(404);
      const again = await demo.delete<DeletionBody>(path, key);
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([202, 'true']);
      expect(again.body).toMatchObject({ server_id: server.id, volume_id: server.volumes[0]?.id });
      const [locks] = await database.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM operation_lock');
      expect(locks).toEqual([{ n: 0 }]);
    });

    it('goes on when each of its calls loses its answer', async () => {
      const { server, volumeOpenstackId, address } = await loaded('lost-answers');
      app.simulator.faults.add({ method: 'DELETE', action: 'reset-after', times: 5 });
      const path = `/servers/${String(server.id)}?delete_volumes=true&release_floating_ips=true`;
      expect(await demo.finished(await demo.delete(path))).toMatchObject({ state: 'SUCCEEDED' });
      expect([inCinder(volumeOpenstackId), inNeutron(address)]).toEqual([undefined, undefined]);
    });

    it('keeps an address that was moved to another port meanwhile', async () => {
      const { server, address } = await loaded('moved-away');
      const elsewhere = await servers.create('elsewhere');
      const { id } = inNeutron(address) ?? { id: '' };
      app.simulator.outside.moveFloatingIp(id, elsewhere.network_interfaces[0]?.openstack_id ?? '');
      const path = `/servers/${String(server.id)}?release_floating_ips=true`;
      expect(await demo.finished(await demo.delete(path))).toMatchObject({ state: 'SUCCEEDED' });
      expect((await servers.get(elsewhere.id)).floating_ips).toMatchObject([{ address }]);
    });

    it('tells what would happen, and does nothing', async () => {
      const { server, volumeId, addressId, address } = await loaded('preview');
      const before = app.simulator.log.list().at(-1)?.id ?? 0;
      const path = `/servers/${String(server.id)}?dry_run=true`;
      const plain = await demo.delete<Preview>(path);
      const own = [
        { type: 'server', id: server.id, name: 'preview' },
        { type: 'network_interface', id: server.network_interfaces[0]?.id, name: null },
        { type: 'volume', id: server.volumes[0]?.id, name: 'preview-root' },
      ];
      const data = { type: 'volume', id: volumeId, name: 'preview-data' };
      const ip = { type: 'floating_ip', id: addressId, name: address };
      const group = { type: 'security_group', id: server.security_groups[0]?.id, name: 'default' };
      expect([plain.status, plain.body]).toEqual([
        200,
        { delete: own, detach: [data, ip], keep: [group], blocked_by: [], refusals: [] },
      ]);
      const whole = await demo.delete<Preview>(`${path}&delete_volumes=true&release_floating_ips=true`);
      expect(whole.body).toEqual({
        delete: [...own, data, ip],
        detach: [],
        keep: [group],
        blocked_by: [],
        refusals: [],
      });

      const stale = await demo.delete<ProblemBody>(path, { headers: { 'if-match': '"stale"' } });
      expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);

      await database.query('UPDATE volume SET protected = 1 WHERE id = ?', [volumeId]);
      await servers.rename(server.id, { name: 'preview', protected: true });
      const blocked = await demo.delete<Preview>(`${path}&delete_volumes=true`);
      expect(blocked.body.blocked_by).toEqual([own[0], data]);
      expect(blocked.body.refusals).toEqual([
        { code: 'PROTECTED', message: expect.stringContaining('"preview-data"') },
      ]);
      expect((await demo.delete<Preview>(path)).body.blocked_by).toEqual([own[0]]);

      const refused = await remove(server.id);
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({ code: 'PROTECTED', blocked_by: [own[0]] });
      await servers.rename(server.id, { name: 'preview', protected: false });
      const held = await demo.delete<ProblemBody>(`/servers/${String(server.id)}?delete_volumes=true`);
      expect([held.status, held.body.code]).toEqual([409, 'PROTECTED']);
      expect(held.body.blocked_by).toEqual([data]);
      expect(app.simulator.log.list({ method: 'DELETE', after: before, path: '^/(compute|network|volume)' })).toEqual(
        [],
      );
      expect((await servers.get(server.id)).operation).toBeNull();
      await demo.finished(await remove(server.id));
    });

    it('previews with the checks of the deletion', async () => {
      const server = await servers.create('preview-checks');
      const [other, viewer] = [await app.login('other'), await app.login('viewer')];
      const path = `/servers/${String(server.id)}?dry_run=true`;
      const missing = await demo.delete<ProblemBody>('/servers/999999999?dry_run=true');
      const foreign = await other.delete<ProblemBody>(path);
      const reader = await viewer.delete<ProblemBody>(path);
      const wrong = await demo.delete<ProblemBody>(`/servers/${String(server.id)}?dry_run=perhaps`);
      expect([missing.status, missing.body.code]).toEqual([404, 'SERVER_NOT_FOUND']);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SERVER_DELETE_PERMISSION_DENIED']);
      expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      expect([wrong.status, wrong.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    });
  });

  it('answers 404 for no server, 403 to another project and to a reader', async () => {
    const server = await servers.create('mine');
    const other = await app.login('other');
    const viewer = await app.login('viewer');
    const path = `/servers/${String(server.id)}`;
    const calls = app.simulator.log.list().at(-1)?.id ?? 0;
    const missing = await demo.delete<ProblemBody>('/servers/999999999');
    const foreign = await other.delete<ProblemBody>(path);
    const reader = await viewer.delete<ProblemBody>(path);
    expect([missing.status, missing.body.code]).toEqual([404, 'SERVER_NOT_FOUND']);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'SERVER_DELETE_PERMISSION_DENIED']);
    expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    expect(app.simulator.log.list({ method: 'DELETE', after: calls, path: '^/(compute|network|volume)' })).toEqual([]);
    expect((await servers.get(server.id)).status).toBe('ACTIVE');
  });
});
