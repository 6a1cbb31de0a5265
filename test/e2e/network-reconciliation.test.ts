import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { createPort } from '../../simulator/port-lifecycle.js';
import { createGroup } from '../../simulator/security-group-lifecycle.js';
import { seed } from '../../simulator/seed.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests, type FloatingIpBody } from '../support/floating-ips.js';
import { Reconciliations, summary, type FoundPlan } from '../support/recorded-runs.js';
import { connect } from '../support/schema.js';
import { SecurityGroupRequests } from '../support/security-groups.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';

const never = '3600000';

interface InterfaceBody {
  readonly server_id: number | null;
  readonly openstack_status: string;
  readonly mac_address: string;
  readonly fixed_ip_address: string | null;
  readonly fixed_ip_addresses: readonly string[];
  readonly security_groups: readonly { readonly name: string }[];
}

describe('reconciliation of network interfaces and floating IPs', () => {
  let app: TestApp;
  let database: Connection;
  let servers: ServerRequests;
  let floatingIps: FloatingIpRequests;
  let groups: SecurityGroupRequests;
  let runs: Reconciliations;
  let web: ServerBody;
  let shop: ServerBody;
  let address: FloatingIpBody;

  beforeAll(async () => {
    app = await startApp({ settings: { DELTA_MS: never, SWEEP_MS: never, ORPHAN_SWEEP_MS: never } });
    database = await connect(app.schema);
    runs = await Reconciliations.of(app, 'network_interface', 'floating_ip');
    const demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    floatingIps = new FloatingIpRequests(demo);
    groups = new SecurityGroupRequests(demo);
    [web, shop] = await Promise.all([servers.create('web'), servers.create('shop')]);
    address = await floatingIps.allocate();
    await floatingIps.associate(nicOf(web).id, address.id);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(async () => {
    await runs.setPolicies({});
    await converge();
  });

  function nicOf({ network_interfaces: [nic] }: ServerBody): ServerBody['network_interfaces'][number] {
    if (nic === undefined) throw new Error('a server without an interface');
    return nic;
  }

  const portOf = (server: ServerBody): string => nicOf(server).openstack_id ?? '';

  async function interfaceOf(server: ServerBody): Promise<InterfaceBody> {
    const { id } = nicOf(server);
    return (await servers.api.get<InterfaceBody>(`/network-interfaces/${String(id)}`)).body;
  }

  /** Until the record says what the simulator does. */
  async function converge(): Promise<void> {
    const plan = await runs.dryRun();
    if (plan.findings.some(({ allowed }) => allowed)) await runs.apply(plan);
  }

  /** A plan writes nothing to OpenStack, and what it found is gone once it was applied. */
  async function planned(): Promise<FoundPlan> {
    const before = app.simulator.log.list().at(-1)?.id ?? 0;
    const plan = await runs.dryRun();
    const writes = app.simulator.log.list({ after: before }).filter(({ method, path }) => {
      return method !== 'GET' && !path.includes('/auth/tokens');
    });
    expect(writes).toEqual([]);
    expect(plan.isComplete).toBe(true);
    return plan;
  }

  async function applied(plan: FoundPlan): Promise<void> {
    const done = await runs.apply(plan);
    expect(done.findings.filter(({ action }) => action !== null).map(({ state }) => state)).not.toContain('OPEN');
    expect(done.findings.filter(({ state }) => state === 'FAILED')).toEqual([]);
    expect(summary(await planned())).toEqual([]);
  }

  it('finds nothing where nothing differs, routers’ and floating IPs’ own ports included', async () => {
    expect(summary(await planned())).toEqual([]);
  });

  it('follows status, hardware address, addresses and groups of a port', async () => {
    const { openstack_id: group } = await groups.create('late');
    app.simulator.outside.changePort(portOf(web), {
      mac: 'fa:16:3e:00:00:99',
      addresses: ['10.20.0.77', '10.20.0.78'],
      securityGroupIds: [group ?? ''],
    });
    app.simulator.outside.setStatus(portOf(web), 'DOWN');
    const plan = await planned();
    expect(plan.findings).toMatchObject([
      {
        type: 'STATUS_DRIFT',
        resource_type: 'network_interface',
        resource_id: nicOf(web).id,
        openstack_id: portOf(web),
        before: { openstack_status: 'ACTIVE' },
        after: {
          openstack_status: 'DOWN',
          mac_address: 'fa:16:3e:00:00:99',
          fixed_ip_address: '10.20.0.77',
          fixed_ip_addresses: ['10.20.0.77', '10.20.0.78'],
        },
        action: 'FOLLOW',
        allowed: true,
      },
    ]);
    const unchanged = await interfaceOf(web);
    expect(unchanged.openstack_status).toBe('ACTIVE');
    await applied(plan);
    const nic = await interfaceOf(web);
    expect(nic).toMatchObject({ openstack_status: 'DOWN', fixed_ip_address: '10.20.0.77' });
    expect(nic.security_groups.map(({ name }) => name)).toEqual(['late']);
    app.simulator.outside.setStatus(portOf(web), 'ACTIVE');
  });

  it('leaves groups out that the record does not know, without finding them again and again', async () => {
    const { cloud, outside } = app.simulator;
    const foreign = createGroup(cloud, { projectId: seed.projects.admin, name: 'shared', description: '' });
    const own = app.simulator.inventory().ports.find(({ id }) => id === portOf(shop))?.security_group_ids ?? [];
    outside.changePort(portOf(shop), { securityGroupIds: [...own, foreign.id] });
    expect(summary(await planned())).toEqual([]);
    outside.changePort(portOf(shop), { securityGroupIds: own });
  });

  it('follows an address that was moved, and one that was taken off', async () => {
    app.simulator.outside.moveFloatingIp(address.openstack_id ?? '', portOf(shop));
    app.simulator.clock.advance(1_000);
    const moved = await planned();
    expect(moved.findings).toMatchObject([
      {
        type: 'FIELD_DRIFT',
        resource_type: 'floating_ip',
        resource_id: address.id,
        before: { network_interface_id: nicOf(web).id },
        after: { network_interface_id: nicOf(shop).id },
        action: 'FOLLOW',
      },
    ]);
    await applied(moved);
    expect(await floatingIps.get(address.id)).toMatchObject({ server_id: shop.id, status: 'ACTIVE' });
    app.simulator.outside.moveFloatingIp(address.openstack_id ?? '', null);
    app.simulator.clock.advance(1_000);
    const off = await planned();
    expect(off.findings).toMatchObject([{ type: 'STATUS_DRIFT', after: { status: 'DOWN' } }]);
    await applied(off);
    expect(await floatingIps.get(address.id)).toMatchObject({ server_id: null, fixed_ip_address: null });
  });

  it('takes a port off its server that was taken off it outside; the server’s deletion still takes it along', async () => {
    const server = await servers.create('loose');
    app.simulator.outside.unbindPort(portOf(server));
    const plan = await planned();
    expect(plan.findings).toMatchObject([
      { type: 'STATUS_DRIFT', before: { server_id: server.id }, after: { server_id: null } },
    ]);
    await applied(plan);
    expect(await interfaceOf(server)).toMatchObject({ server_id: null });
    const answer = await servers.api.delete(`/servers/${String(server.id)}`);
    await servers.api.finished(answer);
    expect(app.simulator.inventory().ports.map(({ id }) => id)).not.toContain(portOf(server));
    const { status } = await servers.api.get(`/network-interfaces/${String(nicOf(server).id)}`);
    expect(status).toBe(404);
  });

  it('marks what is missing, and deletes the row once the grace time is over', async () => {
    const [kept, lost] = [await floatingIps.allocate(), await floatingIps.allocate()];
    app.simulator.outside.delete(lost.openstack_id ?? '');
    const missed = await planned();
    expect(missed.findings).toMatchObject([
      { type: 'MISSING', resource_type: 'floating_ip', resource_id: lost.id, action: 'MARK_MISSING', allowed: true },
    ]);
    await runs.apply(missed);
    expect((await floatingIps.get(lost.id)).address).toBe(lost.address);
    await runs.setPolicies({ missing_grace_seconds: 0 });
    const gone = await planned();
    expect(gone.findings).toMatchObject([{ type: 'DELETED_OUTSIDE', resource_id: lost.id, action: 'TOMBSTONE' }]);
    await applied(gone);
    expect((await servers.api.get(`/floating-ips/${String(lost.id)}`)).status).toBe(404);
    await floatingIps.release(kept.id);
  });

  it('frees the addresses of a port that is gone', async () => {
    const server = await servers.create('portless');
    const mine = await floatingIps.allocate();
    await floatingIps.associate(nicOf(server).id, mine.id);
    app.simulator.outside.delete(portOf(server));
    await runs.setPolicies({ missing_grace_seconds: 0 });
    const plan = await planned();
    expect([...summary(plan)].sort()).toEqual([
      'DELETED_OUTSIDE network_interface is_deleted,is_missing',
      'STATUS_DRIFT floating_ip fixed_ip_address,network_interface_id,status',
    ]);
    await applied(plan);
    expect(await floatingIps.get(mine.id)).toMatchObject({ status: 'DOWN', network_interface_id: null });
    await floatingIps.release(mine.id);
    await servers.api.finished(await servers.api.delete(`/servers/${String(server.id)}`));
  });

  it('reports what was not made here, and adopts it where that is the policy', async () => {
    const { cloud } = app.simulator;
    const network = cloud.networks.get(servers.networkId);
    if (network === undefined) throw new Error('no network');
    const port = createPort(cloud, {
      network,
      projectId: seed.projects.demo,
      name: 'by-hand',
      description: '',
      fixedIps: [],
      securityGroupIds: [],
      hasPortSecurity: true,
    });
    const reported = await planned();
    expect(reported.findings).toMatchObject([
      { type: 'UNMANAGED', resource_id: null, openstack_id: port.id, action: null, allowed: false },
    ]);
    await runs.setPolicies({ unmanaged: 'adopt' });
    const plan = await planned();
    expect(plan.findings).toMatchObject([{ type: 'UNMANAGED', action: 'ADOPT', allowed: true }]);
    await applied(plan);
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT managed_by, server_id, openstack_status FROM network_interface WHERE openstack_id = ?',
      [port.id],
    );
    expect(rows).toEqual([{ managed_by: 'adopted', server_id: null, openstack_status: 'DOWN' }]);
    expect(cloud.ports.has(port.id)).toBe(true);
  });

  it('changes nothing on a list that is empty, and nothing on one that fails', async () => {
    const { ports, floatingIps: addresses } = app.simulator.cloud;
    const [kept, keptAddresses] = [new Map(ports), new Map(addresses)];
    ports.clear();
    addresses.clear();
    await runs.setPolicies({ missing_grace_seconds: 0 });
    const empty = await runs.dryRun();
    expect(empty.isComplete).toBe(false);
    expect(empty.findings.map(({ type, action }) => [type, action])).toEqual([
      ['INCOMPLETE_VIEW', null],
      ['INCOMPLETE_VIEW', null],
    ]);
    for (const [id, port] of kept) ports.set(id, port);
    for (const [id, floatingIp] of keptAddresses) addresses.set(id, floatingIp);
    for (const status of [401, 403, 404, 503]) {
      app.simulator.faults.add({ service: 'network', method: 'GET', status });
      const failing = await runs.dryRun();
      expect(failing.findings.map(({ type }) => type)).toEqual(['INCOMPLETE_VIEW', 'INCOMPLETE_VIEW']);
      app.simulator.faults.clear();
    }
  });
});
