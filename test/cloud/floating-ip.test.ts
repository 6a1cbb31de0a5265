import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ObservedFloatingIp } from '../../src/floating-ip/floating-ip.client.js';
import type { ObservedPort } from '../../src/network-interface/network-interface.client.js';
import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound, OpenStackRefused } from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import { Cloud, eventually } from './cloud.js';

describe('floating IPs', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await Cloud.open();
  });
  afterEach(() => cloud.cleanUp());
  afterAll(async () => {
    const left = await cloud.marked();
    await cloud.close();
    expect(left).toEqual([]);
  });

  async function allocate(marker = cloud.newMarker()): Promise<ObservedFloatingIp> {
    const { admin, call, seed } = cloud;
    const made = await admin.floatingIps.allocate(call, { floatingNetworkId: seed.externalNetworkId, marker });
    cloud.later(() => admin.floatingIps.release(call, made.openstackId));
    return made;
  }

  async function createPort(): Promise<ObservedPort> {
    const { admin, call, seed } = cloud;
    const port = await admin.networkInterfaces.create(call, {
      name: 'a-server-nic0',
      networkId: seed.networkId,
      securityGroupIds: [],
      marker: cloud.newMarker(),
      subnetId: null,
    });
    cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
    return port;
  }

  it('is an address of the project that points nowhere', async () => {
    const marker = cloud.newMarker();
    const made = await allocate(marker);
    expect(made).toMatchObject({
      projectId: cloud.projectId,
      address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
      status: 'DOWN',
      floatingNetworkId: cloud.seed.externalNetworkId,
      portId: null,
      fixedIpAddress: null,
      description: marker,
    });
    expect(await cloud.admin.floatingIps.get(cloud.call, made.openstackId)).toMatchObject({ address: made.address });
  });

  it('is found by its marker, twice when it was allocated twice', async () => {
    const { floatingIps } = cloud.admin;
    const marker = cloud.newMarker();
    const one = await allocate(marker);
    await allocate();
    expect(ids(await floatingIps.findByMarker(cloud.call, marker))).toEqual([one.openstackId]);
    const two = await allocate(marker);
    expect([...ids(await floatingIps.findByMarker(cloud.call, marker))].sort()).toEqual(
      [one.openstackId, two.openstackId].sort(),
    );
    expect(await floatingIps.findByMarker(cloud.call, cloud.newMarker())).toEqual([]);
    expect(ids(await collect(floatingIps.list(cloud.call)))).toContain(one.openstackId);
    expect(ids(await collect(floatingIps.list(adminCall)))).toContain(one.openstackId);
  });

  it('points to a port and away again; each change raises the revision', async () => {
    const { floatingIps } = cloud.admin;
    const port = await createPort();
    const made = await allocate();
    const associated = await floatingIps.associate(cloud.call, made.openstackId, {
      portId: port.openstackId,
      fixedIpAddress: null,
      revision: made.revision,
    });
    expect(associated).toMatchObject({ portId: port.openstackId, fixedIpAddress: port.fixedIps[0]?.ipAddress });
    const seen = await floatingIps.get(cloud.call, made.openstackId);
    expect(seen.revision).toBeGreaterThan(made.revision);
    expect(ids(await floatingIps.listByPort(cloud.call, port.openstackId))).toEqual([made.openstackId]);

    await floatingIps.disassociate(cloud.call, made.openstackId, { revision: seen.revision });
    expect(await floatingIps.get(cloud.call, made.openstackId)).toMatchObject({ portId: null, fixedIpAddress: null });
    // Neutron's answer to the disassociation still says ACTIVE.
    await eventually('the address is DOWN', async () => {
      const { status } = await floatingIps.get(cloud.call, made.openstackId);
      return status === 'DOWN';
    });
    expect(await floatingIps.listByPort(cloud.call, port.openstackId)).toEqual([]);
  });

  it('is among the changed ones once it changed, and not when it was not', async () => {
    const { floatingIps } = cloud.admin;
    const [port, made] = [await createPort(), await allocate()];
    const changed = async (since: Date) => ids(await collect(floatingIps.listChanged(adminCall, since)));
    expect(await changed(made.updatedAt)).toContain(made.openstackId);
    const later = new Date(made.updatedAt.getTime() + 1_000);
    expect(await changed(later)).not.toContain(made.openstackId);
    await eventually('Neutron’s clock is a second further', () =>
      Promise.resolve(Date.now() > later.getTime() + 1_500),
    );
    const { openstackId, revision } = made;
    await floatingIps.associate(cloud.call, openstackId, { portId: port.openstackId, fixedIpAddress: null, revision });
    expect(await changed(later)).toContain(openstackId);
    await floatingIps.release(cloud.call, openstackId);
    expect(await changed(made.updatedAt)).not.toContain(openstackId);
  });

  it('is not moved by one who saw an older revision', async () => {
    const { floatingIps } = cloud.admin;
    const [first, second] = [await createPort(), await createPort()];
    const made = await allocate();
    const to = (port: ObservedPort) =>
      floatingIps.associate(cloud.call, made.openstackId, {
        portId: port.openstackId,
        fixedIpAddress: port.fixedIps[0]?.ipAddress ?? null,
        revision: made.revision,
      });
    await to(first);
    await expect(to(second)).rejects.toMatchObject({ name: 'OpenStackConflict', status: 412 });
    await expect(
      floatingIps.disassociate(cloud.call, made.openstackId, { revision: made.revision }),
    ).rejects.toMatchObject({ name: 'OpenStackConflict', status: 412 });
    expect(await floatingIps.get(cloud.call, made.openstackId)).toMatchObject({ portId: first.openstackId });
  });

  it('is refused where the fixed address has one already', async () => {
    const { floatingIps } = cloud.admin;
    const port = await createPort();
    const [one, two] = [await allocate(), await allocate()];
    const point = ({ openstackId, revision }: ObservedFloatingIp) =>
      floatingIps.associate(cloud.call, openstackId, { portId: port.openstackId, fixedIpAddress: null, revision });
    await point(one);
    await expect(point(two)).rejects.toMatchObject({
      name: 'OpenStackConflict',
      status: 409,
      type: 'FloatingIPPortAlreadyAssociated',
    });
  });

  it('is refused where no router leads', async () => {
    const { admin, call, seed } = cloud;
    const made = await allocate();
    const unrouted = await admin.networkInterfaces.create(adminCall, {
      name: 'unrouted',
      networkId: seed.externalNetworkId,
      securityGroupIds: [],
      marker: cloud.newMarker(),
      subnetId: null,
    });
    cloud.later(() => admin.networkInterfaces.delete(adminCall, unrouted.openstackId));
    const { openstackId, revision } = made;
    await expect(
      admin.floatingIps.associate(call, openstackId, { portId: unrouted.openstackId, fixedIpAddress: null, revision }),
    ).rejects.toMatchObject({ name: 'OpenStackNotFound', type: 'ExternalGatewayForFloatingIPNotFound' });
  });

  it('is freed when its port goes', async () => {
    const { admin, call } = cloud;
    const port = await createPort();
    const { openstackId, revision } = await allocate();
    await admin.floatingIps.associate(call, openstackId, { portId: port.openstackId, fixedIpAddress: null, revision });
    await admin.networkInterfaces.delete(call, port.openstackId);
    expect(await admin.floatingIps.get(call, openstackId)).toMatchObject({ portId: null, status: 'DOWN' });
  });

  it('is released while it is in use, and not found after that', async () => {
    const { floatingIps } = cloud.admin;
    const port = await createPort();
    const { openstackId, revision } = await allocate();
    await floatingIps.associate(cloud.call, openstackId, { portId: port.openstackId, fixedIpAddress: null, revision });
    await floatingIps.release(cloud.call, openstackId);
    await expect(floatingIps.get(cloud.call, openstackId)).rejects.toThrow(OpenStackNotFound);
    await expect(floatingIps.release(cloud.call, openstackId)).rejects.toThrow(OpenStackNotFound);
    await expect(
      floatingIps.associate(cloud.call, openstackId, { portId: port.openstackId, fixedIpAddress: null, revision }),
    ).rejects.toThrow(OpenStackNotFound);
  });

  it('is refused from a network that is not external or not there', async () => {
    const { admin, call, seed } = cloud;
    const from = (floatingNetworkId: string) =>
      admin.floatingIps.allocate(call, { floatingNetworkId, marker: cloud.newMarker() });
    await expect(from(seed.networkId)).rejects.toThrow(OpenStackRefused);
    await expect(from(randomUUID())).rejects.toThrow(OpenStackNotFound);
  });

  it('is not associated with a port that is not there', async () => {
    const { openstackId, revision } = await allocate();
    await expect(
      cloud.admin.floatingIps.associate(cloud.call, openstackId, {
        portId: randomUUID(),
        fixedIpAddress: null,
        revision,
      }),
    ).rejects.toThrow(OpenStackNotFound);
  });
});

function ids(things: readonly { readonly openstackId: string }[]): readonly string[] {
  return things.map(({ openstackId }) => openstackId);
}
