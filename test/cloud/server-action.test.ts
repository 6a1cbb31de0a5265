import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { adminCall } from '../../src/openstack/openstack-call.js';
import {
  OpenStackConflict,
  OpenStackError,
  OpenStackNotFound,
  OpenStackRefused,
  OpenStackUnknownOutcome,
} from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import type { ServerAction } from '../../src/server/server-action.client.js';
import { publicKeys } from '../support/public-keys.js';
import { Cloud } from './cloud.js';
import { CloudServers } from './servers.js';

/** All on one server, since a real cloud takes its time for each. */
describe('what is done to a server', () => {
  let cloud: Cloud;
  let servers: CloudServers;
  let openstackId: string;

  beforeAll(async () => {
    cloud = await Cloud.open();
    servers = new CloudServers(cloud);
    openstackId = await servers.create();
    await servers.active(openstackId);
  });
  afterAll(async () => {
    await cloud.cleanUp();
    const left = await cloud.marked();
    await cloud.close();
    expect(left).toEqual([]);
  });

  const actions = (): Promise<readonly ServerAction[]> => cloud.admin.serverActions.actions(cloud.call, openstackId);
  const words = async (): Promise<readonly string[]> => (await actions()).map(({ action }) => action);

  it('renames it, and replaces what Nova refuses', async () => {
    const { admin, call } = cloud;
    await admin.serverActions.rename(call, openstackId, '다른 이름 🚀');
    expect(await admin.servers.get(call, openstackId)).toMatchObject({ name: '다른 이름 _' });
    await admin.serverActions.rename(call, openstackId, '다른 이름 🚀');
    expect(await admin.servers.get(call, openstackId)).toMatchObject({ name: '다른 이름 _', status: 'ACTIVE' });
  });

  it('stops and starts it; each is refused where the other is due', async () => {
    const { serverActions, servers: client } = cloud.admin;
    const { call } = cloud;
    await expect(serverActions.start(call, openstackId)).rejects.toThrow(OpenStackConflict);
    await serverActions.stop(call, openstackId);
    const stopping = await client.get(call, openstackId);
    expect([stopping.status, stopping.taskState]).toEqual(
      stopping.taskState === null ? ['SHUTOFF', null] : ['ACTIVE', 'powering-off'],
    );
    await servers.becomes(openstackId, 'SHUTOFF');
    await expect(serverActions.stop(call, openstackId)).rejects.toMatchObject({
      name: 'OpenStackConflict',
      text: expect.stringMatching(/^Cannot 'stop' instance .* while it is in vm_state stopped/),
    });
    await serverActions.start(call, openstackId);
    await servers.becomes(openstackId, 'ACTIVE');
    expect((await words()).slice(0, 2)).toEqual(['start', 'stop']);
  });

  it('reboots it softly and hard, and lists each once accepted, the newest first', async () => {
    const { serverActions } = cloud.admin;
    const { call } = cloud;
    const before = await actions();
    await serverActions.reboot(call, openstackId, 'soft');
    const [soft, ...rest] = await actions();
    expect(soft).toMatchObject({ action: 'reboot', hasFailed: false, requestId: expect.stringMatching(/^req-/) });
    expect(rest.map(({ requestId }) => requestId)).toEqual(before.map(({ requestId }) => requestId));
    await servers.becomes(openstackId, 'ACTIVE');
    await serverActions.reboot(call, openstackId, 'hard');
    await servers.becomes(openstackId, 'ACTIVE');
    const after = await actions();
    expect(after).toHaveLength(before.length + 2);
    expect(after[1]).toEqual(soft);
    expect(after.at(-1)).toMatchObject({ action: 'create' });
  });

  it('does not list what was refused', async () => {
    const { serverActions } = cloud.admin;
    const before = await words();
    await expect(serverActions.start(cloud.call, openstackId)).rejects.toThrow(OpenStackConflict);
    expect(await words()).toEqual(before);
  });

  it('reboots hard from SHUTOFF, and softly not', async () => {
    const { serverActions } = cloud.admin;
    const { call } = cloud;
    await serverActions.stop(call, openstackId);
    await servers.becomes(openstackId, 'SHUTOFF');
    await expect(serverActions.reboot(call, openstackId, 'soft')).rejects.toThrow(OpenStackConflict);
    await serverActions.reboot(call, openstackId, 'hard');
    await servers.becomes(openstackId, 'ACTIVE');
  });

  it('opens a console while it runs, at a new address each time', async () => {
    const { serverActions, serverConsoles } = cloud.admin;
    const { call } = cloud;
    const urls = [await serverConsoles.url(call, openstackId), await serverConsoles.url(call, openstackId)];
    expect(urls[0]).toMatch(/^https?:\/\/.+token/);
    expect(urls[0]).not.toBe(urls[1]);
    expect(await cloud.member.serverConsoles.url(call, openstackId)).toMatch(/^https?:/);
    await serverActions.stop(call, openstackId);
    await servers.becomes(openstackId, 'SHUTOFF');
    // Whether Nova gives one then is up to its driver.
    await expect(serverConsoles.url(call, openstackId).catch(refusal)).resolves.toMatch(
      /^(https?:|OpenStackConflict$)/,
    );
    await serverActions.start(call, openstackId);
    await servers.becomes(openstackId, 'ACTIVE');
  });

  it('tells the last lines of the console', async () => {
    const { serverConsoles } = cloud.admin;
    const whole = await serverConsoles.output(cloud.call, openstackId, 100);
    expect(typeof whole).toBe('string');
    const last = await serverConsoles.output(cloud.call, openstackId, 1);
    expect(last.trimEnd().split('\n').length).toBeLessThanOrEqual(1);
  });

  it('is not found on a server that is not there', async () => {
    const { serverActions, serverConsoles } = cloud.admin;
    const { call } = cloud;
    const nowhere = randomUUID();
    await expect(serverActions.rename(call, nowhere, 'x')).rejects.toThrow(OpenStackNotFound);
    await expect(serverActions.start(call, nowhere)).rejects.toThrow(OpenStackNotFound);
    await expect(serverActions.stop(call, nowhere)).rejects.toThrow(OpenStackNotFound);
    await expect(serverActions.reboot(call, nowhere, 'hard')).rejects.toThrow(OpenStackNotFound);
    await expect(serverActions.actions(call, nowhere)).rejects.toThrow(OpenStackNotFound);
    await expect(serverConsoles.url(call, nowhere)).rejects.toThrow(OpenStackNotFound);
    await expect(serverConsoles.output(call, nowhere, 10)).rejects.toThrow(OpenStackNotFound);
  });
});

/** The name of the error's class; only those of OpenStack's answers. */
function refusal(error: unknown): string {
  if (error instanceof OpenStackError) return error.name;
  throw error;
}

describe('key pairs of the service account', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await Cloud.open();
  });
  afterAll(async () => {
    await cloud.cleanUp();
    await cloud.close();
  });

  const publicKey = publicKeys.ed25519;

  async function importKey(key: string): Promise<string> {
    const name = randomUUID();
    await cloud.admin.keyPairs.create(cloud.call, { name, publicKey: key });
    cloud.later(() => cloud.admin.keyPairs.delete(cloud.call, name));
    return name;
  }

  it('are imported, found by name in whatever scope, and listed', async () => {
    const { admin, member, call } = cloud;
    const name = await importKey(publicKey);
    expect(await admin.keyPairs.get(call, name)).toMatchObject({ name, publicKey });
    expect(await admin.keyPairs.get(adminCall, name)).toMatchObject({ name });
    await expect(member.keyPairs.get(call, name)).rejects.toThrow(OpenStackNotFound);
    expect((await collect(admin.keyPairs.list(call))).map((keyPair) => keyPair.name)).toContain(name);
    await expect(admin.keyPairs.create(call, { name, publicKey })).rejects.toThrow(OpenStackConflict);
    await admin.keyPairs.delete(call, name);
    await expect(admin.keyPairs.get(call, name)).rejects.toThrow(OpenStackNotFound);
    await expect(admin.keyPairs.delete(call, name)).rejects.toThrow(OpenStackNotFound);
  });

  it.each([
    ['ssh-rsa', publicKeys.rsa],
    ['ecdsa', publicKeys.ecdsa256],
    ['sk-ssh-ed25519', publicKeys.skEd25519],
    ['sk-ecdsa', publicKeys.skEcdsa],
    ['one without a comment', publicKey.split(' ').slice(0, 2).join(' ')],
    ['one whose comment is Hangul', publicKey.replace('me@example', '내 열쇠')],
  ])('may be %s', async (_what, key) => {
    expect(await cloud.admin.keyPairs.get(cloud.call, await importKey(key))).toMatchObject({ publicKey: key });
  });

  it('are stored by MySQL, which fails on an emoji in the comment where it is utf8mb3', async () => {
    await expect(importKey(publicKey.replace('me', '🚀'))).rejects.toThrow(OpenStackUnknownOutcome);
  });

  it('are refused when they are none', async () => {
    await expect(importKey('ssh-ed25519 AAAA')).rejects.toThrow(OpenStackRefused);
    await expect(importKey('no key at all')).rejects.toThrow(OpenStackRefused);
  });
});

describe('availability zones', () => {
  it('are told by Nova and by Cinder', async () => {
    const cloud = await Cloud.open();
    try {
      const { availabilityZones } = cloud.admin;
      expect(await availabilityZones.ofServers(cloud.call)).toContainEqual({ name: 'nova', isAvailable: true });
      expect(await availabilityZones.ofVolumes(cloud.call)).toContainEqual({ name: 'nova', isAvailable: true });
      expect(await cloud.member.availabilityZones.ofServers(cloud.call)).toEqual(
        await availabilityZones.ofServers(cloud.call),
      );
    } finally {
      await cloud.close();
    }
  });
});
