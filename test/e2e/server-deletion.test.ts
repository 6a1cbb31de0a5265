import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { defaultSettings } from '../../simulator/settings.js';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { markedObjects } from '../support/simulated-objects.js';
import { connect } from '../support/schema.js';
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
