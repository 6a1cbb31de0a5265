import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { seed } from '../../simulator/seed.js';
import { Adopters, type Adopted } from '../../src/reconciliation/adoption.js';
import type { ManagedProject } from '../../src/reconciliation/reconciler.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { Plans } from '../support/plans.js';
import { connect } from '../support/schema.js';
import type { ServerBody } from '../support/servers.js';
import { objectsOf } from '../support/simulated-objects.js';
import { Stranger } from '../support/stranger.js';
import type { VolumeBody } from '../support/volumes.js';

/** A server made by hand: two ports, an address, a boot volume and another one. */
interface Graph {
  readonly serverId: string;
  readonly portIds: readonly string[];
  readonly floatingIpId: string;
  readonly rootId: string;
  readonly dataId: string;
}

describe('adoption of what was made by hand', () => {
  let app: TestApp;
  let demo: Api;
  let stranger: Stranger;
  let project: ManagedProject;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    app.simulator.setQuotas(seed.projects.demo, { volumes: -1, gigabytes: -1, instances: -1, cores: -1, ram: -1 });
    demo = await app.login('demo');
    stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    project = await Plans.of(app).project('demo');
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  async function build(name: string): Promise<Graph> {
    const rootId = await stranger.createVolume(`${name}-disk`, { imageId: seed.images['lab-tiny'] });
    const dataId = await stranger.createVolume(`${name}-data`);
    const portIds = [
      await stranger.createPort(`${name}-a`, seed.networks.private),
      await stranger.createPort(`${name}-b`, seed.networks.private),
    ];
    const serverId = await stranger.createServer(name, seed.flavors['m1.tiny'], portIds, rootId);
    while (app.simulator.cloud.servers.get(serverId)?.vmState !== 'active') await sleep(50);
    await stranger.attachVolume(serverId, dataId);
    const floatingIpId = await stranger.createFloatingIp(seed.networks.public, portIds[1] ?? '');
    while (app.simulator.cloud.floatingIps.get(floatingIpId)?.status !== 'ACTIVE') await sleep(50);
    return { serverId, portIds, floatingIpId, rootId, dataId };
  }

  function adopt(
    type: 'server' | 'volume' | 'network_interface' | 'floating_ip',
    openstackId: string,
    options: { readonly isDryRun?: boolean; readonly project?: ManagedProject } = {},
  ): Promise<readonly Adopted[]> {
    const adopter = app.app.get(Adopters, { strict: false }).of(type);
    if (adopter === null) throw new Error(`${type} cannot be adopted`);
    return adopter.adopt({ openstackId, project, isDryRun: false, ...options });
  }

  const idOf = (adopted: readonly Adopted[], openstackId: string): number =>
    adopted.find((one) => one.openstackId === openstackId)?.id ?? 0;
  const writes = (): number => app.simulator.log.list({}).filter(({ method }) => method !== 'GET').length;
  const isThere = (id: string): boolean => objectsOf(app.simulator).some((object) => object.id === id);

  async function rowsOf(table: string, openstackIds: readonly string[]): Promise<RowDataPacket[]> {
    const sql = `SELECT * FROM ${table} WHERE openstack_id IN (?) ORDER BY id`;
    return (await database.query<RowDataPacket[]>(sql, [openstackIds]))[0];
  }

  async function allRows({ serverId, portIds, floatingIpId, rootId, dataId }: Graph): Promise<RowDataPacket[]> {
    return [
      ...(await rowsOf('server', [serverId])),
      ...(await rowsOf('network_interface', portIds)),
      ...(await rowsOf('floating_ip', [floatingIpId])),
      ...(await rowsOf('volume', [rootId, dataId])),
    ];
  }

  it('says what would be adopted, and does nothing', async () => {
    const graph = await build('planned');
    const before = writes();
    const planned = await adopt('server', graph.serverId, { isDryRun: true });
    expect(planned[0]).toEqual({ type: 'server', id: null, openstackId: graph.serverId, name: 'planned', isNew: true });
    expect(planned.filter(({ type }) => type !== 'security_group')).toHaveLength(6);
    expect(planned.filter(({ type }) => type === 'security_group')).toHaveLength(1);
    expect(writes()).toBe(before);
    expect(await allRows(graph)).toEqual([]);
  });

  it('gives a server and all that belongs to it their rows, and changes nothing in OpenStack', async () => {
    const graph = await build('whole');
    const before = writes();
    const adopted = await adopt('server', graph.serverId);
    expect(writes()).toBe(before);
    expect(adopted.every(({ id }) => id !== null)).toBe(true);

    const rows = await allRows(graph);
    expect(rows).toHaveLength(6);
    expect(new Set(rows.map((row) => String(row['managed_by'])))).toEqual(new Set(['adopted']));
    const { body: server } = await demo.get<ServerBody>(`/servers/${String(idOf(adopted, graph.serverId))}`);
    expect(server).toMatchObject({
      openstack_id: graph.serverId,
      name: 'whole',
      status: 'ACTIVE',
      floating_ips: [{ id: idOf(adopted, graph.floatingIpId) }],
    });
    expect(server.network_interfaces.map(({ openstack_id: id }) => id).sort()).toEqual([...graph.portIds].sort());
    expect(server.fixed_ip_addresses).toHaveLength(2);
    expect(server.security_groups).toEqual([expect.objectContaining({ name: 'default' })]);
    expect(server.volumes.map(({ id, is_root_volume: isRoot }) => [id, isRoot])).toEqual([
      [idOf(adopted, graph.rootId), true],
      [idOf(adopted, graph.dataId), false],
    ]);
    expect(await rowsOf('floating_ip', [graph.floatingIpId])).toEqual([
      expect.objectContaining({ network_interface_id: idOf(adopted, graph.portIds[1] ?? '') }),
    ]);
    const findings = await Plans.of(app).plan();
    expect(findings.filter(({ resourceId }) => resourceId !== null)).toEqual([]);

    // Again: no effect.
    expect(await adopt('server', graph.serverId)).toEqual(adopted.map((one) => ({ ...one, isNew: false })));
    expect(await allRows(graph)).toEqual(rows);
  });

  it('adopts a volume by itself, and later the server that it is on', async () => {
    const graph = await build('in-turn');
    const [volume] = await adopt('volume', graph.dataId);
    expect(volume).toMatchObject({ type: 'volume', openstackId: graph.dataId, isNew: true });
    const { body } = await demo.get<VolumeBody>(`/volumes/${String(volume?.id)}`);
    expect(body).toMatchObject({ name: 'in-turn-data', status: 'IN_USE', server_id: null });
    const adopted = await adopt('server', graph.serverId);
    expect(adopted.find(({ openstackId }) => openstackId === graph.dataId)).toMatchObject({
      id: volume?.id,
      isNew: false,
    });
    const { body: after } = await demo.get<VolumeBody>(`/volumes/${String(volume?.id)}`);
    expect(after.server_id).toBe(idOf(adopted, graph.serverId));
  });

  it('adopts a port by itself, and its address', async () => {
    const portId = await stranger.createPort('alone', seed.networks.private);
    const floatingIpId = await stranger.createFloatingIp(seed.networks.public, portId);
    const [port] = await adopt('network_interface', portId);
    const [address] = await adopt('floating_ip', floatingIpId);
    expect([port, address]).toEqual([
      expect.objectContaining({ type: 'network_interface', isNew: true }),
      expect.objectContaining({ type: 'floating_ip', isNew: true }),
    ]);
    expect(await rowsOf('floating_ip', [floatingIpId])).toEqual([
      expect.objectContaining({ network_interface_id: port?.id, managed_by: 'adopted' }),
    ]);
  });

  it('leaves the ports of an adopted server that is gone: they carry no marker of ours', async () => {
    const graph = await build('without-marker');
    const adopted = await adopt('server', graph.serverId);
    app.simulator.outside.delete(graph.serverId);
    const plans = Plans.of(app, 'server');
    const findings = (await plans.plan()).filter(({ openstackId }) => openstackId === graph.serverId);
    expect(findings).toEqual([expect.objectContaining({ type: 'DELETED_OUTSIDE', action: 'TOMBSTONE' })]);
    expect(await plans.apply(findings)).toEqual([{ state: 'APPLIED' }]);
    const [operations] = await database.query<RowDataPacket[]>(
      "SELECT id FROM operation WHERE kind = 'server.delete' AND resource_id = ?",
      [idOf(adopted, graph.serverId)],
    );
    await demo.finished(Number(operations[0]?.['id']));
    expect(graph.portIds.filter((id) => !isThere(id))).toEqual([]);
    const ports = await rowsOf('network_interface', graph.portIds);
    const kept = expect.objectContaining({ server_id: null, deleted_at: null });
    expect(ports).toEqual([kept, kept]);
    expect(await rowsOf('server', [graph.serverId])).toEqual([expect.objectContaining({ deleted_reason: 'external' })]);
    expect(await rowsOf('volume', [graph.rootId])).toEqual([
      expect.objectContaining({ server_id: null, is_root_volume: 0, deleted_at: null }),
    ]);
  });

  it('refuses what another installation has made, and what is not in the project', async () => {
    const foreign = await stranger.createVolume('foreign', { marker: `cloud-api:someone1:${randomUUID()}` });
    await expect(adopt('volume', foreign)).rejects.toMatchObject({ code: 'ADOPTION_REFUSED' });
    await expect(adopt('volume', foreign, { isDryRun: true })).rejects.toMatchObject({ code: 'ADOPTION_REFUSED' });
    expect(await rowsOf('volume', [foreign])).toEqual([]);
    const other = await Plans.of(app).project('other');
    const mine = await stranger.createVolume('mine');
    await expect(adopt('volume', mine, { project: other })).rejects.toMatchObject({
      code: 'UNMANAGED_RESOURCE_NOT_FOUND',
    });
    await expect(adopt('server', randomUUID())).rejects.toMatchObject({ code: 'UNMANAGED_RESOURCE_NOT_FOUND' });
    expect(await rowsOf('volume', [mine])).toEqual([]);
  });

  it('refuses what is left over of a row of ours', async () => {
    const [rows] = await database.query<RowDataPacket[]>('SELECT deployment_id FROM deployment');
    const [volume] = await adopt('volume', await stranger.createVolume('original'));
    const [found] = await database.query<RowDataPacket[]>('SELECT uuid FROM volume WHERE id = ?', [volume?.id]);
    const marker = `cloud-api:${String(rows[0]?.['deployment_id'])}:${String(found[0]?.['uuid'])}`;
    const copy = await stranger.createVolume('copy', { marker });
    await expect(adopt('volume', copy)).rejects.toMatchObject({ code: 'ADOPTION_REFUSED' });
  });
});
