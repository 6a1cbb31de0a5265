import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import { Cloud } from './cloud.js';

describe('the catalogue', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await Cloud.open();
  });
  afterAll(() => cloud.close());

  it('has flavors', async () => {
    const flavors = await cloud.admin.catalog.flavors(cloud.call);
    expect(flavors).toContainEqual({
      id: expect.any(String),
      name: 'm1.small',
      vcpus: 1,
      ram: 2048,
      disk: 20,
      isPublic: true,
    });
  });

  it('gives an administrator the flavors and volume types that only some may use, too', async () => {
    const { admin, call, seed } = cloud;
    const flavors = await admin.catalog.allFlavors(adminCall);
    for (const flavor of await admin.catalog.flavors(call)) expect(flavors).toContainEqual(flavor);
    const types = await admin.catalog.allVolumeTypes(adminCall);
    expect(types.find(({ name }) => name === seed.volumeTypeName)?.id).toBe(seed.volumeTypeId);
    for (const type of await admin.catalog.volumeTypes(call)) expect(types).toContainEqual(type);
  });

  it('has images that can be used', async () => {
    const images = await cloud.admin.catalog.images(cloud.call);
    expect(images).toContainEqual(
      expect.objectContaining({
        id: cloud.seed.imageId,
        status: 'active',
        visibility: 'public',
        size: expect.any(Number),
        minDisk: expect.any(Number),
        minRam: expect.any(Number),
        diskFormat: expect.any(String),
      }),
    );
  });

  it('has the networks of the project and the external ones, with subnets', async () => {
    const networks = await cloud.admin.catalog.networks(cloud.call);
    expect(networks).toContainEqual({
      id: cloud.seed.networkId,
      name: 'private',
      isExternal: false,
      isShared: false,
      status: 'ACTIVE',
      projectId: cloud.projectId,
      portSecurityEnabled: true,
      subnets: [
        {
          id: cloud.seed.subnetId,
          name: expect.any(String),
          cidr: expect.stringMatching(/^10\..*\/16$/),
          ipVersion: 4,
          gatewayIp: expect.any(String),
        },
      ],
    });
    expect(networks).toContainEqual(expect.objectContaining({ name: 'public', isExternal: true }));
  });

  it('has volume types', async () => {
    const types = await cloud.admin.catalog.volumeTypes(cloud.call);
    expect(types.map(({ name }) => name)).toEqual(expect.arrayContaining(['__DEFAULT__', 'lab-ssd', 'lab-hdd']));
    expect(types.every(({ isPublic }) => isPublic)).toBe(true);
  });

  it('is to a member what it is to the service account in the project', async () => {
    const { admin, member, call } = cloud;
    const names = (things: readonly { readonly name: string }[]): string[] => things.map(({ name }) => name).sort();
    for (const part of ['flavors', 'images', 'networks', 'volumeTypes'] as const) {
      expect(names(await member.catalog[part](call))).toEqual(names(await admin.catalog[part](call)));
    }
  });

  it('has a default security group, with rules, from the first look', async () => {
    const { admin, call, projectId } = cloud;
    const groups = await collect(admin.securityGroups.list(call));
    const byDefault = groups.find(({ name }) => name === 'default');
    expect(byDefault).toMatchObject({ projectId, name: 'default' });
    expect(byDefault?.rules).toContainEqual(
      expect.objectContaining({ direction: 'egress', etherType: 'IPv4', protocol: null, remoteIpPrefix: null }),
    );
    expect(await admin.securityGroups.get(call, byDefault?.openstackId ?? '')).toMatchObject({ name: 'default' });
    expect(groups.every((group) => group.projectId === projectId)).toBe(true);
    const everywhere = await collect(admin.securityGroups.list(adminCall));
    expect(everywhere.map(({ openstackId }) => openstackId)).toContain(byDefault?.openstackId);
    await expect(admin.securityGroups.get(call, randomUUID())).rejects.toThrow(OpenStackNotFound);
  });
});
