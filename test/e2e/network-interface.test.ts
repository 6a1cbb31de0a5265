import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

interface NetworkInterfaceBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly server_id: number | null;
}

describe('GET /network-interfaces', () => {
  let app: TestApp;
  let demo: Api;
  let one: ServerBody;
  let two: ServerBody;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    const servers = await ServerRequests.of(demo);
    [one, two] = await Promise.all([servers.create('one'), servers.create('two')]);
  });

  afterAll(() => app.close());

  async function list(query = '', api = demo): Promise<readonly NetworkInterfaceBody[]> {
    const answer = await api.get<{ network_interfaces: NetworkInterfaceBody[]; next_cursor: string | null }>(
      `/network-interfaces${query}`,
    );
    expect(answer.status).toBe(200);
    expect(answer.body.next_cursor).toBeNull();
    return answer.body.network_interfaces;
  }

  it('shows an interface as its port in Neutron is', async () => {
    const id = one.network_interfaces[0]?.id ?? 0;
    const { status, body } = await demo.get<NetworkInterfaceBody>(`/network-interfaces/${String(id)}`);
    const port = app.simulator.inventory().ports.find((candidate) => candidate.id === body.openstack_id);
    expect(status).toBe(200);
    expect(body).toEqual({
      id,
      openstack_id: port?.id,
      project_id: demo.login?.project_id,
      server_id: one.id,
      network_id: seed.networks.private,
      fixed_ip_address: port?.addresses[0],
      fixed_ip_addresses: port?.addresses,
      mac_address: expect.stringMatching(/^fa:16:3e(:[0-9a-f]{2}){3}$/),
      openstack_status: expect.any(String),
      security_groups: [{ id: expect.any(Number), name: 'default' }],
      floating_ip: null,
      fault: null,
      operation: null,
      observed_at: expect.any(String),
      sync: 'fresh',
      missing_since: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      deleted_at: null,
    });
  });

  it('lists those of one server, or all of the project', async () => {
    expect((await list(`?server_id=${String(two.id)}`)).map((nic) => nic.id)).toEqual(
      two.network_interfaces.map((nic) => nic.id),
    );
    expect((await list()).map((nic) => nic.server_id).sort()).toEqual([one.id, two.id].sort());
    expect(await list('?server_id=999999')).toEqual([]);
  });

  it('comes in pages', async () => {
    const first = await demo.get<{ network_interfaces: NetworkInterfaceBody[]; next_cursor: string }>(
      '/network-interfaces?limit=1&order=desc',
    );
    expect(first.headers.get('link')).toContain('rel="next"');
    const second = await list(`?limit=1&order=desc&cursor=${first.body.next_cursor}`);
    const ids = [...first.body.network_interfaces, ...second].map((nic) => nic.id);
    expect(ids).toEqual((await list('?order=desc')).map((nic) => nic.id));
  });

  it('keeps projects apart', async () => {
    const other = await app.login('other');
    expect(await list('', other)).toEqual([]);
    expect(await list(`?server_id=${String(one.id)}`, other)).toEqual([]);
    const foreign = await other.get<ProblemBody>(`/network-interfaces/${String(one.network_interfaces[0]?.id)}`);
    expect([foreign.status, foreign.body.code]).toEqual([403, 'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED']);
    const unknown = await demo.get<ProblemBody>('/network-interfaces/999999');
    expect([unknown.status, unknown.body.code]).toEqual([404, 'NETWORK_INTERFACE_NOT_FOUND']);
    expect((await list('', await app.login('admin'))).map((nic) => nic.server_id)).toContain(one.id);
  });

  it('goes with its server', async () => {
    const servers = await ServerRequests.of(demo);
    const gone = await servers.create('gone');
    const id = String(gone.network_interfaces[0]?.id);
    await demo.finished(await demo.delete(`/servers/${String(gone.id)}`));
    expect((await demo.get(`/network-interfaces/${id}`)).status).toBe(404);
    const hidden = await demo.get<ProblemBody>('/network-interfaces?include_deleted=true');
    expect([hidden.status, hidden.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    const admin = await app.login('admin');
    const all = await list(`?include_deleted=true&server_id=${String(gone.id)}`, admin);
    expect(all.map((nic) => String(nic.id))).toEqual([id]);
  });
});
