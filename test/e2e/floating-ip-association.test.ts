import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests, type FloatingIpBody } from '../support/floating-ips.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

describe('floating IPs on network interfaces', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let floatingIps: FloatingIpRequests;
  let database: Connection;
  let server: ServerBody;
  let nic: number;
  let elsewhere: ServerBody;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    floatingIps = new FloatingIpRequests(demo);
    database = await connect(app.schema);
    [server, elsewhere] = await Promise.all([servers.create('web-1'), servers.create('web-2')]);
    nic = nicOf(server);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(async () => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
    const list = await demo.get<{ floating_ips: FloatingIpBody[] }>('/floating-ips');
    for (const { network_interface_id: on, id } of list.body.floating_ips) {
      if (on !== null) await floatingIps.disassociate(on, id);
    }
  });

  const neutronOf = ({ openstack_id: id }: FloatingIpBody) =>
    app.simulator.inventory().floating_ips.find((floatingIp) => floatingIp.id === id);
  const portOf = ({ network_interfaces: [first] }: ServerBody) => first?.openstack_id ?? '';
  const puts = (since: number) => app.simulator.log.list({ method: 'PUT', path: '/floatingips/', after: since });
  const now = () => app.simulator.log.list().at(-1)?.id ?? 0;

  async function locks(): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM operation_lock');
    return Number(rows[0]?.['n']);
  }

  describe('POST', () => {
    it('puts the address on the interface; both, and the server, show it as ACTIVE', async () => {
      const mine = await floatingIps.allocate();
      const answer = await floatingIps.associate(nic, mine.id);
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(await floatingIps.get(mine.id)).toMatchObject({
        status: 'ACTIVE',
        network_interface_id: nic,
        fixed_ip_address: server.fixed_ip_addresses[0],
        server_id: server.id,
        server: { id: server.id, name: 'web-1' },
        fault: null,
        operation: null,
      });
      expect((await servers.get(server.id)).floating_ips).toEqual([
        { id: mine.id, network_interface_id: nic, address: mine.address },
      ]);
      const shown = await demo.get(`/network-interfaces/${String(nic)}`);
      expect(shown.body).toMatchObject({ floating_ip: { id: mine.id, address: mine.address } });
      expect(neutronOf(mine)).toMatchObject({ port_id: portOf(server), status: 'ACTIVE' });
      expect(await locks()).toBe(0);
      const preview = await demo.delete(`/floating-ips/${String(mine.id)}?dry_run=true`);
      expect(preview.body).toMatchObject({
        blocked_by: [
          { type: 'network_interface', id: nic, name: null },
          { type: 'server', id: server.id, name: 'web-1' },
        ],
      });
    });

    it('is done without a call when Neutron has it there already, and the record follows', async () => {
      const mine = await floatingIps.allocate();
      app.simulator.outside.moveFloatingIp(mine.openstack_id ?? '', portOf(server));
      const since = now();
      expect((await floatingIps.associate(nic, mine.id)).status).toBe(204);
      expect(await floatingIps.get(mine.id)).toMatchObject({ network_interface_id: nic, status: 'ACTIVE' });
      expect(puts(since)).toEqual([]);
    });

    it('answers 409 for an address that is on an interface, this one too', async () => {
      const mine = await floatingIps.allocate();
      await floatingIps.associate(nic, mine.id);
      const answer = await floatingIps.associate<ProblemBody>(nic, mine.id);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE',
        blocked_by: [{ type: 'network_interface', id: nic }],
      });
    });

    it('answers 409 for an interface that has one', async () => {
      const [one, two] = [await floatingIps.allocate(), await floatingIps.allocate()];
      await floatingIps.associate(nic, one.id);
      const answer = await floatingIps.associate<ProblemBody>(nic, two.id);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'NETWORK_INTERFACE_HAS_FLOATING_IP',
        blocked_by: [{ type: 'floating_ip', id: one.id, name: one.address }],
      });
      expect(neutronOf(two)?.port_id).toBeNull();
    });

    it('answers 409 for an interface that got one outside, of which the record knows nothing', async () => {
      const [one, two] = [await floatingIps.allocate(), await floatingIps.allocate()];
      app.simulator.outside.moveFloatingIp(one.openstack_id ?? '', portOf(server));
      const answer = await floatingIps.associate<ProblemBody>(nic, two.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'NETWORK_INTERFACE_HAS_FLOATING_IP']);
      app.simulator.outside.moveFloatingIp(one.openstack_id ?? '', null);
    });

    it('never moves an address that someone put elsewhere; the record follows', async () => {
      const mine = await floatingIps.allocate();
      app.simulator.outside.moveFloatingIp(mine.openstack_id ?? '', portOf(elsewhere));
      const answer = await floatingIps.associate<ProblemBody>(nic, mine.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE']);
      expect(await floatingIps.get(mine.id)).toMatchObject({
        network_interface_id: nicOf(elsewhere),
        fault: { code: 'FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE' },
      });
      expect(neutronOf(mine)?.port_id).toBe(portOf(elsewhere));
    });

    it('does not move one that is put elsewhere between our look and our call', async () => {
      const mine = await floatingIps.allocate();
      app.simulator.faults.add({ method: 'PUT', path: '/floatingips/', delay_ms: 250, times: 1 });
      const since = now();
      const answered = floatingIps.associate<ProblemBody>(nic, mine.id);
      await until(() => app.simulator.log.list({ method: 'GET', path: '/floatingips$', after: since }).length > 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      app.simulator.outside.moveFloatingIp(mine.openstack_id ?? '', portOf(elsewhere));
      const answer = await answered;
      expect([answer.status, answer.body.code]).toEqual([409, 'FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE']);
      expect(puts(since).map(({ status }) => status)).toEqual([412]);
      expect(neutronOf(mine)?.port_id).toBe(portOf(elsewhere));
      expect((await floatingIps.get(mine.id)).network_interface_id).toBe(nicOf(elsewhere));
    });

    it('answers 409 NETWORK_NOT_ROUTED where no router leads, and changes nothing', async () => {
      const unrouted = await servers.create('unrouted', { network_id: seed.networks['no-router'] });
      const mine = await floatingIps.allocate();
      const answer = await floatingIps.associate<ProblemBody>(nicOf(unrouted), mine.id);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({ code: 'NETWORK_NOT_ROUTED', operation_id: expect.any(Number) });
      expect(await floatingIps.get(mine.id)).toMatchObject({
        network_interface_id: null,
        status: 'DOWN',
        fault: { code: 'NETWORK_NOT_ROUTED' },
        operation: null,
      });
      expect((await floatingIps.associate(nic, mine.id)).status).toBe(204);
      expect((await floatingIps.get(mine.id)).fault).toBeNull();
    });

    it('answers 409 when the address is gone from Neutron, which alone does not delete our record of it', async () => {
      const mine = await floatingIps.allocate();
      app.simulator.outside.delete(mine.openstack_id ?? '');
      const answer = await floatingIps.associate<ProblemBody>(nic, mine.id);
      expect([answer.status, answer.body.code]).toEqual([404, 'FLOATING_IP_NOT_FOUND']);
      expect((await floatingIps.get(mine.id)).network_interface_id).toBeNull();
    });

    it.each(['reset-before', 'reset-after', 'respond-after', 'late-commit', 'malformed'] as const)(
      'goes through when the answer is lost: %s',
      async (action) => {
        const mine = await floatingIps.allocate();
        app.simulator.faults.add({
          method: 'PUT',
          path: '/floatingips/',
          action,
          times: 1,
          ...(action === 'respond-after' ? { status: 500 } : {}),
          ...(action === 'late-commit' ? { delay_ms: 500 } : {}),
        });
        expect((await floatingIps.associate(nic, mine.id)).status).toBe(204);
        expect(await floatingIps.get(mine.id)).toMatchObject({ network_interface_id: nic, status: 'ACTIVE' });
        expect(neutronOf(mine)?.port_id).toBe(portOf(server));
      },
    );

    it('does not wait for ever for a status that does not come', async () => {
      app.simulator.configure({ floating_ip_ms: 600_000 });
      const mine = await floatingIps.allocate();
      expect((await floatingIps.associate(nic, mine.id)).status).toBe(204);
      expect(await floatingIps.get(mine.id)).toMatchObject({ network_interface_id: nic, status: 'DOWN', fault: null });
    });

    it('lets one of 20 at once have the interface', async () => {
      const [one, two] = [await floatingIps.allocate(), await floatingIps.allocate()];
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          floatingIps.associate<ProblemBody>(nic, index % 2 === 0 ? one.id : two.id),
        ),
      );
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      const allowed = [
        'OPERATION_IN_PROGRESS',
        'FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE',
        'NETWORK_INTERFACE_HAS_FLOATING_IP',
      ];
      for (const { status, body } of answers.filter((answer) => answer.status !== 204)) {
        expect(status).toBe(409);
        expect(allowed).toContain(body.code);
      }
      expect([neutronOf(one), neutronOf(two)].filter((seen) => seen?.port_id === portOf(server))).toHaveLength(1);
      expect((await servers.get(server.id)).floating_ips).toHaveLength(1);
    });

    it('lets one of two interfaces at once have the address', async () => {
      const mine = await floatingIps.allocate();
      const answers = await Promise.all(
        [nic, nicOf(elsewhere)].map((id) => floatingIps.associate<ProblemBody>(id, mine.id)),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    });

    it('answers 409 with the creation’s operation while the interface is being made', async () => {
      app.simulator.configure({ server_build_ms: 2_000 });
      const mine = await floatingIps.allocate();
      const created = await servers.post('in-build');
      const [building] = (await servers.get(created.body.id)).network_interfaces;
      const answer = await floatingIps.associate<ProblemBody>(building?.id ?? 0, mine.id);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'OPERATION_IN_PROGRESS',
        operation_id: created.body.operation?.id,
      });
      expect(answer.headers.get('location')).toBe(`/operations/${String(created.body.operation?.id)}`);
      await demo.finished(created);
    });

    it('checks the interface first, then the address, each for being there and for being the project’s', async () => {
      const other = await app.login('other');
      const theirs = await new FloatingIpRequests(other).allocate();
      const mine = await floatingIps.allocate();
      const codeOf = async (api: Api, nicId: number, id: number) => {
        const { status, body } = await new FloatingIpRequests(api).associate<ProblemBody>(nicId, id);
        return [status, body.code];
      };
      expect(await codeOf(demo, 999_999, 999_999)).toEqual([404, 'NETWORK_INTERFACE_NOT_FOUND']);
      expect(await codeOf(other, nic, 999_999)).toEqual([403, 'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED']);
      expect(await codeOf(demo, nic, 999_999)).toEqual([404, 'FLOATING_IP_NOT_FOUND']);
      expect(await codeOf(demo, nic, theirs.id)).toEqual([403, 'FLOATING_IP_ACCESS_PERMISSION_DENIED']);
      const viewer = await app.login('viewer');
      expect(await codeOf(viewer, nic, mine.id)).toEqual([403, 'PERMISSION_DENIED']);
    });

    it('is cancelled when the server is deleted, and the address stays free', async () => {
      const doomed = await servers.create('doomed');
      const mine = await floatingIps.allocate();
      app.simulator.faults.add({ method: 'PUT', path: '/floatingips/', action: 'refuse' });
      const pending = floatingIps.associate<ProblemBody>(nicOf(doomed), mine.id);
      const under = await demo.until<FloatingIpBody>(
        `/floating-ips/${String(mine.id)}`,
        ({ body }) => body.operation !== null,
      );
      const deletion = await demo.delete(`/servers/${String(doomed.id)}`);
      expect((await pending).body.code).toBe('OPERATION_CANCELLED');
      expect(await demo.finished(under.body.operation?.id ?? 0)).toMatchObject({ state: 'CANCELLED' });
      expect(await demo.finished(deletion)).toMatchObject({ state: 'SUCCEEDED' });
      expect(await floatingIps.get(mine.id)).toMatchObject({ network_interface_id: null, operation: null });
      expect(neutronOf(mine)?.port_id).toBeNull();
    });
  });

  describe('DELETE', () => {
    it('takes the address off; it is DOWN and can go on another interface', async () => {
      const mine = await floatingIps.allocate();
      await floatingIps.associate(nic, mine.id);
      expect((await floatingIps.disassociate(nic, mine.id)).status).toBe(204);
      expect(await floatingIps.get(mine.id)).toMatchObject({
        status: 'DOWN',
        network_interface_id: null,
        fixed_ip_address: null,
        server_id: null,
        server: null,
      });
      expect(neutronOf(mine)).toMatchObject({ port_id: null, status: 'DOWN' });
      expect((await servers.get(server.id)).floating_ips).toEqual([]);
      expect((await floatingIps.associate(nic, mine.id)).status).toBe(204);
    });

    it('answers 409 for an address on no interface, 400 for one on another', async () => {
      const mine = await floatingIps.allocate();
      const free = await floatingIps.disassociate<ProblemBody>(nic, mine.id);
      expect([free.status, free.body.code]).toEqual([409, 'FLOATING_IP_NOT_ATTACHED_TO_NETWORK_INTERFACE']);
      await floatingIps.associate(nic, mine.id);
      const wrong = await floatingIps.disassociate<ProblemBody>(nicOf(elsewhere), mine.id);
      expect([wrong.status, wrong.body.code]).toEqual([400, 'NETWORK_INTERFACE_NOT_MATCHED']);
      expect(neutronOf(mine)?.port_id).toBe(portOf(server));
    });

    it('leaves alone an address that someone moved meanwhile; the record follows', async () => {
      const mine = await floatingIps.allocate();
      await floatingIps.associate(nic, mine.id);
      app.simulator.outside.moveFloatingIp(mine.openstack_id ?? '', portOf(elsewhere));
      expect((await floatingIps.disassociate(nic, mine.id)).status).toBe(204);
      expect(neutronOf(mine)?.port_id).toBe(portOf(elsewhere));
      expect((await floatingIps.get(mine.id)).network_interface_id).toBe(nicOf(elsewhere));
    });

    it.each(['reset-before', 'reset-after'] as const)('goes through when the answer is lost: %s', async (action) => {
      const mine = await floatingIps.allocate();
      await floatingIps.associate(nic, mine.id);
      app.simulator.faults.add({ method: 'PUT', path: '/floatingips/', action, times: 1 });
      expect((await floatingIps.disassociate(nic, mine.id)).status).toBe(204);
      expect(neutronOf(mine)?.port_id).toBeNull();
    });
  });

  describe('DELETE /floating-ips/{id} of one that is in use', () => {
    it('answers 409 and names what it is on', async () => {
      const mine = await floatingIps.allocate();
      await floatingIps.associate(nic, mine.id);
      const answer = await floatingIps.release<ProblemBody>(mine.id);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'ATTACHED_FLOATING_IP_DELETION',
        blocked_by: [
          { type: 'network_interface', id: nic },
          { type: 'server', id: server.id, name: 'web-1' },
        ],
      });
      expect(neutronOf(mine)?.port_id).toBe(portOf(server));
    });

    it('answers 409 too when it was put there outside; the record follows', async () => {
      const mine = await floatingIps.allocate();
      app.simulator.outside.moveFloatingIp(mine.openstack_id ?? '', portOf(server));
      const answer = await floatingIps.release<ProblemBody>(mine.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'ATTACHED_FLOATING_IP_DELETION']);
      expect((await floatingIps.get(mine.id)).network_interface_id).toBe(nic);
    });
  });
});

function nicOf({ network_interfaces: [first] }: ServerBody): number {
  return first?.id ?? 0;
}

async function until(is: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !is();) {
    if (Date.now() > end) throw new Error('it did not come to that within 5 seconds');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
