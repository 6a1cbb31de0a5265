import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound, OpenStackRefused } from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import type { CreateVolumeCommand, ObservedVolume } from '../../src/volume/volume.client.js';
import { Cloud, eventually } from './cloud.js';

describe('volumes', () => {
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

  async function createVolume(change: Partial<CreateVolumeCommand> = {}): Promise<ObservedVolume> {
    const { call, admin } = cloud;
    const volume = await admin.volumes.create(call, {
      name: 'a volume',
      description: null,
      size: 1,
      imageId: null,
      volumeTypeId: null,
      availabilityZone: null,
      marker: cloud.newMarker(),
      ...change,
    });
    cloud.later(async () => {
      await admin.volumes.delete(call, volume.openstackId);
      await gone(volume.openstackId);
    });
    return volume;
  }

  async function available(openstackId: string): Promise<ObservedVolume> {
    let volume = await cloud.admin.volumes.get(cloud.call, openstackId);
    await eventually(`volume ${openstackId} available`, async () => {
      volume = await cloud.admin.volumes.get(cloud.call, openstackId);
      return volume.status === 'available';
    });
    return volume;
  }

  async function gone(openstackId: string): Promise<void> {
    await eventually(`volume ${openstackId} gone`, async () => {
      const found = await cloud.admin.volumes.get(cloud.call, openstackId).catch((error: unknown) => error);
      return found instanceof OpenStackNotFound;
    });
  }

  it('is listed among what has changed', async () => {
    const { admin, call } = cloud;
    const { openstackId } = await createVolume();
    await available(openstackId);
    const named = await admin.volumes.update(call, openstackId, { name: 'another name', description: null });
    const changedAt = (await admin.volumes.get(call, openstackId)).updatedAt?.getTime() ?? 0;
    const changedSince = async (time: number): Promise<ObservedVolume | undefined> =>
      (await collect(admin.volumes.listChanged(adminCall, new Date(time)))).find(
        (one) => one.openstackId === openstackId,
      );
    expect(await changedSince(changedAt)).toMatchObject({ name: named.name, status: 'available' });
    expect(await changedSince(changedAt - 3_600_000)).toMatchObject({ name: named.name });
    expect(await changedSince(changedAt + 60_000)).toBeUndefined();
    expect(await collect(admin.volumes.listChanged(adminCall, new Date(changedAt + 86_400_000)))).toEqual([]);
  });

  it('is creating at first, then available, with what was asked for', async () => {
    const { seed, projectId } = cloud;
    const marker = cloud.newMarker();
    const made = await createVolume({ marker, description: 'one\nтwo', volumeTypeId: seed.volumeTypeId });
    expect(made).toMatchObject({ name: 'a volume', status: 'creating', size: 1, metadataMarker: marker });
    expect(await available(made.openstackId)).toMatchObject({
      projectId,
      volumeType: seed.volumeTypeName,
      isBootable: false,
      metadataMarker: marker,
      attachments: [],
      imageId: null,
    });
    expect(Math.abs(made.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('is bootable when made from an image', async () => {
    const { seed } = cloud;
    const { openstackId } = await createVolume({ imageId: seed.imageId });
    expect(await available(openstackId)).toMatchObject({ isBootable: true, imageId: seed.imageId });
  });

  it('is found by its marker alone, and twice when it was made twice', async () => {
    const { volumes } = cloud.admin;
    const marker = cloud.newMarker();
    const one = await createVolume({ marker });
    await createVolume();
    expect((await volumes.findByMarker(cloud.call, marker)).map(({ openstackId }) => openstackId)).toEqual([
      one.openstackId,
    ]);
    const two = await createVolume({ marker });
    const found = await volumes.findByMarker(cloud.call, marker);
    expect(found.map(({ openstackId }) => openstackId).sort()).toEqual([one.openstackId, two.openstackId].sort());
    expect(await volumes.findByMarker(cloud.call, cloud.newMarker())).toEqual([]);
    expect(await volumes.findByMarker(adminCall, marker)).toHaveLength(2);
  });

  it('is listed in its project and over all projects', async () => {
    const { openstackId } = await createVolume();
    const ofProject = await collect(cloud.admin.volumes.list(cloud.call));
    const ofAll = await collect(cloud.admin.volumes.list(adminCall));
    expect(ofProject.map((volume) => volume.openstackId)).toContain(openstackId);
    expect(ofAll.map((volume) => volume.openstackId)).toContain(openstackId);
    expect(new Set(ofProject.map(({ projectId }) => projectId))).toEqual(new Set([cloud.projectId]));
  });

  it('takes a name with an emoji, replaced, and one in Hangul as it is', async () => {
    expect(await createVolume({ name: 'data 💾', description: 'for 🚀' })).toMatchObject({ name: 'data _' });
    expect(await createVolume({ name: '데이터' })).toMatchObject({ name: '데이터' });
  });

  it('gets another name and description, or none, with white space at the edges cut off', async () => {
    const { volumes } = cloud.admin;
    const { openstackId } = await createVolume({ description: 'before' });
    const named = await volumes.update(cloud.call, openstackId, { name: 'after 💾', description: 'one\ntwo' });
    expect(named).toMatchObject({ openstackId, name: 'after _', description: 'one\ntwo' });
    await volumes.update(cloud.call, openstackId, { name: 'after', description: ' three ' });
    expect(await volumes.get(cloud.call, openstackId)).toMatchObject({ name: 'after', description: 'three' });
    await volumes.update(cloud.call, openstackId, { name: 'after', description: null });
    expect(await volumes.get(cloud.call, openstackId)).toMatchObject({ name: 'after', description: null });
    await expect(volumes.update(cloud.call, randomUUID(), { name: 'nobody', description: null })).rejects.toThrow(
      OpenStackNotFound,
    );
  });

  it('grows, and never shrinks', async () => {
    const { volumes } = cloud.admin;
    const { openstackId } = await createVolume();
    await available(openstackId);
    await volumes.extend(cloud.call, openstackId, 3);
    await eventually('3 GiB', async () => (await volumes.get(cloud.call, openstackId)).size === 3);
    await available(openstackId);
    await expect(volumes.extend(cloud.call, openstackId, 3)).rejects.toThrow(OpenStackRefused);
    await expect(volumes.extend(cloud.call, openstackId, 2)).rejects.toThrow(OpenStackRefused);
    await expect(volumes.extend(cloud.call, randomUUID(), 2)).rejects.toThrow(OpenStackNotFound);
    expect(await volumes.get(cloud.call, openstackId)).toMatchObject({ size: 3, status: 'available' });
  });

  it('is as before when no backend has room for its growth, and a message tells', async () => {
    const { volumes } = cloud.admin;
    const { openstackId } = await createVolume();
    await available(openstackId);
    await volumes.extend(cloud.call, openstackId, cloud.stage.sizeToGrowWithoutBackend());
    await eventually('a message', async () => (await volumes.messages(cloud.call, openstackId)).length > 0);
    expect(await volumes.messages(cloud.call, openstackId)).toEqual([
      expect.stringMatching(/^extend volume: ?Could not find any available weighted backend/),
    ]);
    expect(await available(openstackId)).toMatchObject({ size: 1 });
  });

  it('does not grow while it is in error', async () => {
    const { volumes } = cloud.admin;
    const { openstackId } = await createVolume();
    await available(openstackId);
    await volumes.resetToError(adminCall, openstackId);
    await expect(volumes.extend(cloud.call, openstackId, 2)).rejects.toThrow(OpenStackRefused);
  });

  it('goes, and is not found after that', async () => {
    const { volumes } = cloud.admin;
    const { openstackId } = await createVolume();
    await available(openstackId);
    await volumes.delete(cloud.call, openstackId);
    await gone(openstackId);
    await expect(volumes.delete(cloud.call, openstackId)).rejects.toThrow(OpenStackNotFound);
    await expect(volumes.get(cloud.call, randomUUID())).rejects.toThrow(OpenStackNotFound);
  });

  it('is refused with an unknown image, type or zone, and when too small for its image', async () => {
    await expect(createVolume({ imageId: randomUUID() })).rejects.toThrow(OpenStackRefused);
    await expect(createVolume({ volumeTypeId: randomUUID() })).rejects.toThrow(OpenStackNotFound);
    await expect(createVolume({ availabilityZone: 'nowhere' })).rejects.toThrow(OpenStackRefused);
    await expect(createVolume({ size: 0 })).rejects.toThrow(OpenStackRefused);
  });

  it('has no snapshots and no messages as long as nothing happened', async () => {
    const { openstackId } = await createVolume();
    await available(openstackId);
    expect(await cloud.admin.volumes.snapshotCount(cloud.call, openstackId)).toBe(0);
    expect(await cloud.admin.volumes.snapshotCount(adminCall, openstackId)).toBe(0);
    expect(await cloud.admin.volumes.messages(cloud.call, openstackId)).toEqual([]);
  });

  it('fails where no backend has room, and tells why', async () => {
    const { openstackId } = await createVolume({ size: cloud.stage.sizeWithoutBackend() });
    await eventually('volume in error', async () => {
      return (await cloud.admin.volumes.get(cloud.call, openstackId)).status === 'error';
    });
    await eventually('a message', async () => {
      return (await cloud.admin.volumes.messages(cloud.call, openstackId)).length > 0;
    });
    expect(await cloud.admin.volumes.messages(cloud.call, openstackId)).toEqual([
      expect.stringMatching(/^schedule allocate volume: ?Could not find any available weighted backend/),
    ]);
  });

  it('is set to error by the admin, from outside its project, and can be deleted then', async () => {
    const { volumes } = cloud.admin;
    const { openstackId } = await createVolume();
    await available(openstackId);
    await volumes.resetToError(adminCall, openstackId);
    expect(await volumes.get(cloud.call, openstackId)).toMatchObject({ status: 'error' });
    await expect(cloud.member.volumes.resetToError(cloud.call, openstackId)).rejects.toThrow(OpenStackRefused);
    await volumes.delete(cloud.call, openstackId);
    await gone(openstackId);
  });

  it('is shown to an admin in another project', async () => {
    const { openstackId } = await createVolume();
    expect(await cloud.admin.volumes.get(adminCall, openstackId)).toMatchObject({ openstackId });
  });
});
