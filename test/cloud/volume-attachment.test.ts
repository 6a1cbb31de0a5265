import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { OpenStackConflict, OpenStackNotFound, OpenStackRefused } from '../../src/openstack/openstack-errors.js';
import { Cloud, eventually } from './cloud.js';

describe('attachments of volumes', () => {
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

  async function createVolume(imageId: string | null = null): Promise<string> {
    const { admin, call } = cloud;
    const { openstackId } = await admin.volumes.create(call, {
      name: 'to be attached',
      description: null,
      size: 1,
      imageId,
      volumeTypeId: null,
      availabilityZone: null,
      marker: cloud.newMarker(),
    });
    cloud.later(async () => {
      await admin.volumes.delete(call, openstackId);
      await eventually('volume gone', async () => (await statusOf(openstackId)) === null);
    });
    await becomes(openstackId, 'available');
    return openstackId;
  }

  async function createServer(isAwaited = true): Promise<{ readonly serverId: string; readonly rootId: string }> {
    const { admin, call, seed } = cloud;
    const port = await admin.networkInterfaces.create(call, {
      name: 'a-server-nic0',
      networkId: seed.networkId,
      securityGroupIds: [],
      marker: cloud.newMarker(),
      subnetId: null,
    });
    cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
    const rootId = await createVolume(seed.imageId);
    const { openstackId: serverId } = await admin.servers.create(call, {
      name: 'a server with volumes',
      flavorId: seed.flavorId,
      portId: port.openstackId,
      volumeId: rootId,
      marker: cloud.newMarker(),
      availabilityZone: null,
      keyName: null,
      userData: null,
      adminPass: null,
    });
    cloud.later(async () => {
      await admin.servers.delete(call, serverId);
      await eventually('server gone', async () => {
        const found = await admin.servers.get(call, serverId).catch((error: unknown) => error);
        return found instanceof OpenStackNotFound;
      });
    });
    if (isAwaited) {
      await eventually('server ACTIVE', async () => (await admin.servers.get(call, serverId)).status === 'ACTIVE');
    }
    return { serverId, rootId };
  }

  async function statusOf(volumeId: string): Promise<string | null> {
    try {
      return (await cloud.admin.volumes.get(cloud.call, volumeId)).status;
    } catch (error) {
      if (error instanceof OpenStackNotFound) return null;
      throw error;
    }
  }

  async function becomes(volumeId: string, status: string): Promise<void> {
    await eventually(`volume ${status}`, async () => (await statusOf(volumeId)) === status);
  }

  it('puts a volume on a server and takes it off again; each a second time is refused', async () => {
    const { admin, call } = cloud;
    const { volumeAttachments } = admin;
    const { serverId, rootId } = await createServer();
    const volumeId = await createVolume();
    const pair = { serverId, volumeId };

    const made = await volumeAttachments.attach(call, pair);
    expect(made).toEqual({ volumeId, device: expect.stringMatching(/^\/dev\//) });
    expect(await statusOf(volumeId)).toMatch(/^(reserved|attaching|in-use)$/);
    await expect(volumeAttachments.attach(call, pair)).rejects.toThrow(OpenStackRefused);
    await becomes(volumeId, 'in-use');
    expect(await admin.volumes.get(call, volumeId)).toMatchObject({
      attachments: [{ serverId, device: made.device }],
    });
    const attached = await volumeAttachments.list(call, serverId);
    expect(attached.map((one) => one.volumeId).sort()).toEqual([rootId, volumeId].sort());
    await expect(volumeAttachments.attach(call, pair)).rejects.toThrow(OpenStackRefused);

    await volumeAttachments.detach(call, pair);
    await becomes(volumeId, 'available');
    expect((await admin.volumes.get(call, volumeId)).attachments).toEqual([]);
    expect((await volumeAttachments.list(call, serverId)).map((one) => one.volumeId)).toEqual([rootId]);
    await expect(volumeAttachments.detach(call, pair)).rejects.toThrow(OpenStackNotFound);
  });

  it('refuses the root volume, unknown ones, and a volume that is elsewhere or not available', async () => {
    const { admin, call } = cloud;
    const { volumeAttachments } = admin;
    const { serverId, rootId } = await createServer();
    await expect(volumeAttachments.detach(call, { serverId, volumeId: rootId })).rejects.toThrow(OpenStackRefused);
    const volumeId = await createVolume();
    await expect(volumeAttachments.detach(call, { serverId, volumeId })).rejects.toThrow(OpenStackNotFound);
    await expect(volumeAttachments.attach(call, { serverId, volumeId: randomUUID() })).rejects.toThrow(
      OpenStackNotFound,
    );
    await expect(volumeAttachments.attach(call, { serverId: randomUUID(), volumeId })).rejects.toThrow(
      OpenStackNotFound,
    );
    await expect(volumeAttachments.list(call, randomUUID())).rejects.toThrow(OpenStackNotFound);
    await admin.volumes.resetToError({ scope: { kind: 'admin' } }, volumeId);
    await expect(volumeAttachments.attach(call, { serverId, volumeId })).rejects.toThrow(OpenStackRefused);
  });

  it('is refused as a conflict while the server is built', async () => {
    const volumeId = await createVolume();
    const { serverId } = await createServer(false);
    await expect(cloud.admin.volumeAttachments.attach(cloud.call, { serverId, volumeId })).rejects.toThrow(
      OpenStackConflict,
    );
    expect(await statusOf(volumeId)).toBe('available');
    await eventually(
      'server ACTIVE',
      async () => (await cloud.admin.servers.get(cloud.call, serverId)).status === 'ACTIVE',
    );
  });

  it('lets the volume go when the server is deleted', async () => {
    const { admin, call } = cloud;
    const volumeId = await createVolume();
    const { serverId } = await createServer();
    await admin.volumeAttachments.attach(call, { serverId, volumeId });
    await becomes(volumeId, 'in-use');
    await expect(admin.volumes.delete(call, volumeId)).rejects.toThrow(OpenStackRefused);
    await admin.servers.delete(call, serverId);
    await becomes(volumeId, 'available');
    expect((await admin.volumes.get(call, volumeId)).attachments).toEqual([]);
  });
});
