import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound, OpenStackRefused } from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import type { ObservedPort } from '../../src/network-interface/network-interface.client.js';
import { Cloud, eventually } from './cloud.js';

describe('ports', () => {
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

  async function createPort(marker: string, securityGroupIds: readonly string[] | null = null): Promise<ObservedPort> {
    const { seed, call, admin } = cloud;
    const command = { name: 'a-server-nic0', networkId: seed.networkId, securityGroupIds, marker, subnetId: null };
    const port = await admin.networkInterfaces.create(call, command);
    cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
    return port;
  }

  it('makes a port that is free, addressed, in the project, and carries the marker', async () => {
    const { seed, projectId } = cloud;
    const marker = cloud.newMarker();
    const port = await createPort(marker);
    expect(port).toMatchObject({
      name: 'a-server-nic0',
      projectId,
      networkId: seed.networkId,
      status: 'DOWN',
      deviceId: null,
      deviceOwner: '',
      description: marker,
      fixedIps: [{ subnetId: seed.subnetId, ipAddress: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) }],
    });
    expect(port.macAddress).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    expect(Math.abs(port.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
    expect(await cloud.admin.networkInterfaces.get(cloud.call, port.openstackId)).toMatchObject({
      openstackId: port.openstackId,
      description: marker,
    });
  });

  it('takes the subnet that is asked for', async () => {
    const { seed, call, admin } = cloud;
    const port = await admin.networkInterfaces.create(call, {
      name: 'chosen',
      networkId: seed.networkId,
      securityGroupIds: null,
      marker: cloud.newMarker(),
      subnetId: seed.subnetId,
    });
    cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
    expect(port.fixedIps.map(({ subnetId }) => subnetId)).toEqual([seed.subnetId]);
  });

  it('gives the default group when none is named, no group for an empty list, and the named ones', async () => {
    const groups = await collect(cloud.admin.securityGroups.list(cloud.call));
    const byDefault = groups.find(({ name }) => name === 'default')?.openstackId ?? '';
    expect((await createPort(cloud.newMarker(), null)).securityGroupIds).toEqual([byDefault]);
    expect((await createPort(cloud.newMarker(), [])).securityGroupIds).toEqual([]);
    expect((await createPort(cloud.newMarker(), [byDefault])).securityGroupIds).toEqual([byDefault]);
  });

  it('is found by its marker alone, not by one that begins alike', async () => {
    const marker = cloud.newMarker();
    const port = await createPort(marker);
    await createPort(cloud.newMarker());
    const found = await cloud.admin.networkInterfaces.findByMarker(cloud.call, marker);
    expect(found.map(({ openstackId }) => openstackId)).toEqual([port.openstackId]);
    expect(await cloud.admin.networkInterfaces.findByMarker(cloud.call, marker.slice(0, -1))).toEqual([]);
    expect(await cloud.admin.networkInterfaces.findByMarker(cloud.call, cloud.newMarker())).toEqual([]);
  });

  it('shows both ports when a creation was repeated blindly', async () => {
    const marker = cloud.newMarker();
    const made = [await createPort(marker), await createPort(marker)];
    const found = await cloud.admin.networkInterfaces.findByMarker(cloud.call, marker);
    expect(found.map(({ openstackId }) => openstackId).sort()).toEqual(
      made.map(({ openstackId }) => openstackId).sort(),
    );
  });

  it('is listed in its project and over all projects', async () => {
    const port = await createPort(cloud.newMarker());
    const { networkInterfaces } = cloud.admin;
    const ofProject = await collect(networkInterfaces.list(cloud.call));
    const ofAll = await collect(networkInterfaces.list(adminCall));
    expect(ofProject.map(({ openstackId }) => openstackId)).toContain(port.openstackId);
    expect(ofAll.map(({ openstackId }) => openstackId)).toContain(port.openstackId);
    expect(new Set(ofProject.map(({ projectId }) => projectId))).toEqual(new Set([cloud.projectId]));
    expect(await networkInterfaces.listByDevice(cloud.call, randomUUID())).toEqual([]);
  });

  it('is among the changed ones once it changed, and not when it was not', async () => {
    const { call, admin } = cloud;
    const { openstackId, updatedAt, revision } = await createPort(cloud.newMarker());
    const changed = async (since: Date) =>
      (await collect(admin.networkInterfaces.listChanged(adminCall, since))).map((port) => port.openstackId);
    expect(await changed(updatedAt)).toContain(openstackId);
    const later = new Date(updatedAt.getTime() + 1_000);
    expect(await changed(later)).not.toContain(openstackId);
    await eventually('Neutron’s clock is a second further', () =>
      Promise.resolve(Date.now() > later.getTime() + 1_500),
    );
    await admin.networkInterfaces.setSecurityGroups(call, openstackId, { securityGroupIds: [], revision });
    expect(await changed(later)).toContain(openstackId);
    await admin.networkInterfaces.delete(call, openstackId);
    expect(await changed(updatedAt)).not.toContain(openstackId);
  });

  it('takes a name with an emoji, replaced, and one in Hangul as it is', async () => {
    const { seed, call, admin } = cloud;
    for (const [name, taken] of [
      ['port 🚀', 'port _'],
      ['포트', '포트'],
    ] as const) {
      const command = {
        name,
        networkId: seed.networkId,
        securityGroupIds: null,
        marker: cloud.newMarker(),
        subnetId: null,
      };
      const port = await admin.networkInterfaces.create(call, command);
      cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
      expect(port.name).toBe(taken);
    }
  });

  it('is not found once it is gone, nor when it never was', async () => {
    const { networkInterfaces } = cloud.admin;
    const port = await createPort(cloud.newMarker());
    await networkInterfaces.delete(cloud.call, port.openstackId);
    await expect(networkInterfaces.get(cloud.call, port.openstackId)).rejects.toThrow(OpenStackNotFound);
    await expect(networkInterfaces.delete(cloud.call, port.openstackId)).rejects.toThrow(OpenStackNotFound);
    await expect(networkInterfaces.get(cloud.call, randomUUID())).rejects.toThrow(OpenStackNotFound);
  });

  it('takes no groups on a network without port security, and has none there', async () => {
    const { admin, call, projectId } = cloud;
    const networkId = await cloud.stage.networkWithoutPortSecurity(projectId, cloud.later);
    const networks = await admin.catalog.networks(call);
    expect(networks).toContainEqual(expect.objectContaining({ id: networkId, portSecurityEnabled: false }));
    const groups = await collect(admin.securityGroups.list(call));
    const base = { name: 'open', networkId, marker: cloud.newMarker(), subnetId: null };
    const securityGroupIds = groups.slice(0, 1).map(({ openstackId }) => openstackId);
    await expect(admin.networkInterfaces.create(call, { ...base, securityGroupIds })).rejects.toThrow(OpenStackRefused);
    const port = await admin.networkInterfaces.create(call, { ...base, securityGroupIds: null });
    cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
    expect(port).toMatchObject({ securityGroupIds: [], portSecurityEnabled: false });
  });

  it('is refused on an unknown network, with an unknown group, in an unknown subnet', async () => {
    const { seed, call, admin } = cloud;
    const base = {
      name: 'x',
      networkId: seed.networkId,
      securityGroupIds: null,
      marker: cloud.newMarker(),
      subnetId: null,
    };
    const create = (change: Partial<typeof base> | { securityGroupIds: string[] } | { subnetId: string }) =>
      admin.networkInterfaces.create(call, { ...base, ...change });
    await expect(create({ networkId: randomUUID() })).rejects.toThrow(OpenStackNotFound);
    await expect(create({ securityGroupIds: [randomUUID()] })).rejects.toThrow(OpenStackNotFound);
    await expect(create({ subnetId: randomUUID() })).rejects.toThrow(OpenStackNotFound);
    await expect(create({ networkId: 'no-uuid' })).rejects.toThrow(OpenStackRefused);
  });
});
