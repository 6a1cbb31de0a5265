import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  adminCall,
  projectCall,
  type OpenStackCall,
  type OpenStackService,
} from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound, OpenStackQuotaExceeded } from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import { Cloud, eventually } from './cloud.js';

/** In a project of the test's own, since quotas would disturb whoever else works on the cloud. */
describe('quotas', () => {
  let cloud: Cloud;
  let projectId: string;
  let call: OpenStackCall;

  beforeAll(async () => {
    cloud = await Cloud.open();
  });
  beforeEach(async () => {
    const name = `quota-${cloud.deployment}-${randomUUID()}`;
    projectId = await cloud.provide('identity', '/projects', 'project', { name, domain_id: 'default' });
    call = projectCall(projectId);
    await becomeMember();
  });
  afterEach(() => cloud.cleanUp());
  afterAll(async () => {
    const left = await cloud.marked();
    await cloud.close();
    expect(left).toEqual([]);
  });

  /** A port on a network of the project's own. */
  async function createPort(): Promise<string> {
    const { networkInterfaces } = cloud.admin;
    const networkId = await cloud.provideNetwork(projectId);
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
    await cloud.admin.http.send({
      service,
      method: 'PUT',
      path,
      operation: 'PUT of the test',
      body: service === 'network' ? { quota: limits } : { quota_set: limits },
      ok: [200],
      schema: null,
      call: adminCall,
    });
    cloud.later(() => cloud.remove(service, path));
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
    await expect(volumes.create(call, { ...volume, marker: cloud.newMarker() })).rejects.toMatchObject({
      name: 'OpenStackQuotaExceeded',
      text: expect.stringMatching(/number of volumes allowed \(1\)/),
    });
  });

  it('of ports and floating IPs are told from other conflicts', async () => {
    const { networkInterfaces, floatingIps } = cloud.admin;
    const { seed } = cloud;
    const { networkId } = await networkInterfaces.get(call, await createPort());
    // Networks have ports of their own, and Neutron takes no limit below what is in use.
    const used = await collect(networkInterfaces.list(call));
    await limit('network', { port: used.length, floatingip: 0 });
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
    await limit('compute', { instances: 0 });
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
