import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adminCall, projectCall, type OpenStackCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound, OpenStackQuotaExceeded } from '../../src/openstack/openstack-errors.js';
import type { OpenStackRequest } from '../../src/openstack/openstack-http.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import { Cloud, eventually } from './cloud.js';

/** In a project of the test's own, since quotas would disturb whoever else works on the cloud. */
describe('quotas', () => {
  let cloud: Cloud;
  let projectId: string;
  let networkId: string;
  let call: OpenStackCall;

  beforeAll(async () => {
    cloud = await Cloud.open();
  });
  beforeEach(async () => {
    ({ projectId, networkId } = await cloud.stage.quietProject(cloud.later));
    call = projectCall(projectId);
    await becomeMember();
  });
  afterEach(() => cloud.cleanUp());
  afterAll(async () => {
    const left = await cloud.marked();
    await cloud.close();
    expect(left).toEqual([]);
  });

  async function createPort(): Promise<string> {
    const { networkInterfaces } = cloud.admin;
    const command = { name: 'x', networkId, securityGroupIds: [], subnetId: null, marker: cloud.newMarker() };
    const { openstackId } = await networkInterfaces.create(call, command);
    cloud.later(() => networkInterfaces.delete(call, openstackId));
    return openstackId;
  }

  async function becomeMember(): Promise<void> {
    const { projects, tokens } = cloud.admin;
    const { userId } = await tokens.identity();
    const role = (await projects.roles(adminCall)).find(({ name }) => name === 'member');
    await projects.assignRole(adminCall, { projectId, userId, roleId: role?.id ?? '' });
  }

  async function limit(
    service: 'compute' | 'volume' | 'network',
    limits: Readonly<Record<string, number>>,
  ): Promise<void> {
    const path = service === 'network' ? `/quotas/${projectId}` : `/os-quota-sets/${projectId}`;
    const body = service === 'network' ? { quota: limits } : { quota_set: limits };
    await change({ service, method: 'PUT', path, body });
    cloud.later(() => change({ service, method: 'DELETE', path }));
  }

  async function change(request: Omit<OpenStackRequest, 'operation' | 'ok'>): Promise<void> {
    const operation = `${request.method} of the test`;
    await cloud.admin.http.send({ ...request, operation, ok: [200, 202, 204], schema: null, call: adminCall });
  }

  const volume = { name: 'x', description: null, size: 1, imageId: null, volumeTypeId: null, availabilityZone: null };

  it('of volumes and gigabytes are told from other refusals', async () => {
    const { volumes } = cloud.admin;
    await limit('volume', { volumes: 1, gigabytes: 3 });
    await expect(volumes.create(call, { ...volume, size: 4, marker: cloud.newMarker() })).rejects.toMatchObject({
      name: 'OpenStackQuotaExceeded',
      status: 413,
      text: expect.stringMatching(/gigabytes quota.*Requested 4G/),
    });
    const { openstackId } = await volumes.create(call, { ...volume, marker: cloud.newMarker() });
    cloud.later(() => deleteVolume(openstackId));
    expect(await cloud.admin.quotas.volume(call)).toEqual({
      volumes: { limit: 1, used: 1 },
      gigabytes: { limit: 3, used: 1 },
    });
    await expect(volumes.create(call, { ...volume, marker: cloud.newMarker() })).rejects.toMatchObject({
      name: 'OpenStackQuotaExceeded',
      text: expect.stringMatching(/number of volumes allowed \(1\)/),
    });
  });

  it('of ports and floating IPs are told from other conflicts', async () => {
    const { networkInterfaces, floatingIps } = cloud.admin;
    const { seed } = cloud;
    await createPort();
    // Networks have ports of their own, and Neutron takes no limit below what is in use.
    const used = await collect(networkInterfaces.list(call));
    await limit('network', { port: used.length, floatingip: 0 });
    const { networkQuotas } = cloud.admin;
    expect(await networkQuotas.all(call, projectId)).toMatchObject({
      port: { limit: used.length, used: used.length },
      floatingip: { limit: 0, used: 0 },
      security_group: { limit: expect.any(Number), used: expect.any(Number) },
      security_group_rule: { limit: expect.any(Number), used: expect.any(Number) },
    });
    expect(await networkQuotas.get(call, projectId, 'port')).toEqual({ limit: used.length, used: used.length });
    expect(await networkQuotas.get(call, projectId, 'floatingip')).toEqual({ limit: 0, used: 0 });
    expect(await networkQuotas.get(call, projectId, 'no-such-thing')).toBeNull();
    const port = { name: 'x', networkId, securityGroupIds: [], subnetId: null };
    await expect(networkInterfaces.create(call, { ...port, marker: cloud.newMarker() })).rejects.toMatchObject({
      name: 'OpenStackQuotaExceeded',
      status: 409,
      type: 'OverQuota',
      text: expect.stringContaining('port'),
    });
    await expect(
      floatingIps.allocate(call, { floatingNetworkId: seed.externalNetworkId, marker: cloud.newMarker() }),
    ).rejects.toMatchObject({
      name: 'OpenStackQuotaExceeded',
      status: 409,
      type: 'OverQuota',
      text: expect.stringContaining('floatingip'),
    });
  });

  it('of servers and cores are told from a policy', async () => {
    const { seed, admin } = cloud;
    await limit('compute', { instances: 0, ram: -1 });
    expect(await admin.quotas.compute(call)).toEqual({
      servers: { limit: 0, used: 0 },
      cores: { limit: expect.any(Number), used: 0 },
      ram: { limit: -1, used: 0 },
    });
    const { openstackId } = await admin.volumes.create(call, {
      ...volume,
      imageId: seed.imageId,
      marker: cloud.newMarker(),
    });
    cloud.later(() => deleteVolume(openstackId));
    await eventually(
      'volume available',
      async () => (await admin.volumes.get(call, openstackId)).status === 'available',
    );
    const portId = await createPort();
    const server = admin.servers.create(call, {
      name: 'x',
      flavorId: seed.flavorId,
      portId,
      volumeId: openstackId,
      marker: cloud.newMarker(),
      availabilityZone: null,
      keyName: null,
      userData: null,
      adminPass: null,
    });
    await expect(server).rejects.toThrow(OpenStackQuotaExceeded);
    await expect(server).rejects.toMatchObject({
      status: 403,
      text: expect.stringMatching(/^Quota exceeded for instances/),
    });
    expect(await admin.volumes.get(call, openstackId)).toMatchObject({ status: 'available' });
  });

  async function deleteVolume(openstackId: string): Promise<void> {
    await cloud.admin.volumes.delete(call, openstackId);
    await eventually('volume gone', async () => {
      const found = await cloud.admin.volumes.get(call, openstackId).catch((error: unknown) => error);
      return found instanceof OpenStackNotFound;
    });
  }
});
