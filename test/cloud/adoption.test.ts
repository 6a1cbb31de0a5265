import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import type { Answer } from '../support/api.js';
import type { ServerBody } from '../support/servers.js';
import { Agreement } from './agreement.js';
import { CloudApp, type Table } from './app.js';
import { ByHand } from './by-hand.js';
import { Cloud, eventually } from './cloud.js';
import { Inventory } from './inventory.js';

interface AdoptionBody {
  readonly adopted: readonly {
    readonly type: Table;
    readonly id: number | null;
    readonly openstack_id: string;
    readonly name: string;
    readonly is_new: boolean;
  }[];
}

describe('adoption of a server that was made by hand', () => {
  let cloud: Cloud;
  let app: CloudApp;
  let agree: Agreement;
  let inventory: Inventory;
  let serverId: string;
  let portIds: readonly string[];
  let rootId: string;
  let dataId: string;
  let addressId: string;
  let adopted: AdoptionBody['adopted'];

  const name = (what: string) => `test-${cloud.deployment}-${what}`;

  beforeAll(async () => {
    cloud = await Cloud.open();
    app = await CloudApp.start(cloud);
    agree = new Agreement(cloud, app);
    inventory = await Inventory.take(cloud, app.deployment);
    const byHand = new ByHand(cloud);
    [rootId, dataId, ...portIds] = await Promise.all([
      byHand.createVolume(name('disk'), cloud.seed.imageId),
      byHand.createVolume(name('data'), null),
      byHand.createPort(name('a')),
      byHand.createPort(name('b')),
    ]);
    serverId = await byHand.createServer(name('server'), portIds, rootId);
    await byHand.attachVolume(serverId, dataId);
    addressId = await byHand.createFloatingIp(name('address'), portIds[1] ?? '');
    await byHand.floatingIpIs(addressId, 'ACTIVE');
  });

  afterAll(async () => {
    const settled = await inventory.settle();
    await app.close();
    await cloud.close();
    expect(settled).toEqual({ come: [], gone: [] });
  });

  const adopt = (changes: object = {}): Promise<Answer<AdoptionBody>> =>
    app.admin.post<AdoptionBody>('/admin/adoptions', {
      type: 'server',
      openstack_id: serverId,
      project_id: app.projectId,
      ...changes,
    });
  const idOf = (openstackId: string): number => adopted.find(({ openstack_id: id }) => id === openstackId)?.id ?? 0;

  /** All of it as OpenStack has it, with when and how often it was changed. */
  const seen = () =>
    Promise.all([
      agree.seen('server', serverId),
      ...portIds.map((id) => agree.seen('network_interface', id)),
      agree.seen('volume', rootId),
      agree.seen('volume', dataId),
      agree.seen('floating_ip', addressId),
    ]);

  async function rows(): Promise<readonly RowDataPacket[]> {
    const found = await Promise.all(
      (['server', 'network_interface', 'volume', 'floating_ip'] as const).map((table) =>
        app.database.query<RowDataPacket[]>(`SELECT * FROM ${table} ORDER BY id`),
      ),
    );
    return found.flatMap(([ofTable]) => ofTable);
  }

  /** Neither the simulator's log of requests nor what OpenStack has shows that anything was written there. */
  async function only<T>(reading: () => Promise<T>): Promise<T> {
    const before = [await seen(), cloud.stage.writes()];
    const result = await reading();
    expect([await seen(), cloud.stage.writes()]).toEqual(before);
    return result;
  }

  it('is told what would be adopted, and nothing is written anywhere', async () => {
    // Nova and Neutron write once more a moment after the server is ACTIVE.
    let last = '';
    await eventually('the server rests', async () => last === (last = JSON.stringify(await seen())));
    const { status, body } = await only(() => adopt({ dry_run: true }));
    expect(status).toBe(200);
    expect(body.adopted[0]).toEqual({
      type: 'server',
      id: null,
      openstack_id: serverId,
      name: name('server'),
      is_new: true,
    });
    expect(body.adopted.map(({ openstack_id: id }) => id)).toEqual(
      expect.arrayContaining([...portIds, rootId, dataId, addressId]),
    );
    expect(await rows()).toEqual([]);
  });

  it('is shown whole once it is adopted, and nothing is written in OpenStack', async () => {
    const { status, body } = await only(() => adopt());
    expect(status).toBe(201);
    adopted = body.adopted;
    expect(adopted.every(({ id }) => id !== null)).toBe(true);
    const { body: server } = await app.member.get<ServerBody>(`/servers/${String(idOf(serverId))}`);
    expect(server).toMatchObject({
      openstack_id: serverId,
      name: name('server'),
      status: 'ACTIVE',
      fault: null,
      operation: null,
      floating_ips: [{ id: idOf(addressId), network_interface_id: idOf(portIds[1] ?? '') }],
      security_groups: [{ name: 'default' }],
    });
    const ports = await Promise.all(portIds.map((id) => cloud.admin.networkInterfaces.get(cloud.call, id)));
    expect(server.network_interfaces.map(({ openstack_id: id }) => id).sort()).toEqual([...portIds].sort());
    expect([...server.fixed_ip_addresses].sort()).toEqual(
      ports.flatMap(({ fixedIps }) => fixedIps.map(({ ipAddress }) => ipAddress)).sort(),
    );
    expect(server.volumes.map(({ id, name: called, is_root_volume: isRoot }) => [id, called, isRoot])).toEqual([
      [idOf(rootId), name('disk'), true],
      [idOf(dataId), name('data'), false],
    ]);
    expect((await rows()).map((row) => String(row['managed_by']))).toEqual(Array<string>(6).fill('adopted'));
  });

  it('stays as it is when it is adopted again', async () => {
    const before = await rows();
    const { body } = await only(() => adopt());
    expect(body.adopted).toEqual(adopted.map((one) => ({ ...one, is_new: false })));
    expect(await rows()).toEqual(before);
  });

  it('is managed from then on: its deletion takes all of it', async () => {
    await app.done(await app.floatingIps.disassociate(idOf(portIds[1] ?? ''), idOf(addressId)));
    await app.done(await app.floatingIps.release(idOf(addressId)));
    await agree.gone('floating_ip', idOf(addressId));
    await app.done(await app.member.delete(`/servers/${String(idOf(serverId))}?delete_volumes=true`));
    await agree.gone('server', idOf(serverId));
    for (const id of portIds) await agree.gone('network_interface', idOf(id));
    for (const id of [rootId, dataId]) await agree.gone('volume', idOf(id));
  });
});
