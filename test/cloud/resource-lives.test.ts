import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import { Api } from '../support/api.js';
import { KeyPairRequests } from '../support/key-pairs.js';
import { goodPassword, MemberRequests, signUp } from '../support/people.js';
import { publicKeys } from '../support/public-keys.js';
import { outOfFour, outOfSix, tcp } from '../support/security-groups.js';
import type { ServerBody } from '../support/servers.js';
import { Agreement, type InterfaceBody } from './agreement.js';
import { CloudApp } from './app.js';
import { Cloud } from './cloud.js';
import { Inventory } from './inventory.js';

describe('the life of each resource, through the API', () => {
  let cloud: Cloud;
  let app: CloudApp;
  let agree: Agreement;
  let inventory: Inventory;

  beforeAll(async () => {
    cloud = await Cloud.open();
    app = await CloudApp.start(cloud);
    agree = new Agreement(cloud, app);
    inventory = await Inventory.take(cloud, app.deployment);
  });

  afterAll(async () => {
    const settled = await inventory.settle();
    await app.close();
    await cloud.close();
    expect(settled).toEqual({ come: [], gone: [] });
  });

  const name = (what: string) => `test-${cloud.deployment}-${what}`;

  it('a person signs up, joins, logs in, leaves and is deleted', async () => {
    const accountId = `u-${cloud.deployment}-someone`;
    const { id } = await app.done(await signUp(app.url, accountId, { name: 'Someone' }));
    const row = await app.row('user', id);
    const openstackId = String(row['openstack_id']);
    expect(row).toMatchObject({ account_id: accountId, name: 'Someone', enabled: 1 });
    expect(await cloud.admin.users.get(adminCall, openstackId)).toMatchObject({
      name: accountId,
      enabled: true,
      description: agree.marker(row),
    });
    const credentials = { account_id: accountId, password: goodPassword };
    const login = async () => {
      const { status, body } = await new Api(app.url).post<{ code?: string }>('/auth/login', credentials);
      return [status, body.code];
    };
    expect(await login()).toEqual([400, 'USER_NOT_JOINED_ANY_PROJECT']);

    const roles = async () =>
      (await cloud.admin.projects.roleAssignments(adminCall, { userId: openstackId })).map(
        ({ projectId, roleName }) => `${String(projectId)} ${roleName}`,
      );
    const places = async () =>
      (
        await app.database.query<RowDataPacket[]>('SELECT project_id, role FROM project_user WHERE user_id = ?', [id])
      )[0];
    const members = new MemberRequests(app.member);
    await app.done(await members.add(app.projectId, id, { role: 'member' }));
    expect(await roles()).toContain(`${cloud.projectId} member`);
    expect(await places()).toEqual([{ project_id: app.projectId, role: 'member' }]);
    const person = await Api.login(app.url, credentials);
    expect(person.login?.project_id).toBe(app.projectId);
    expect((await person.get<{ project: { id: number } }>('/auth/me')).body.project.id).toBe(app.projectId);

    await app.done(await members.remove(app.projectId, id));
    expect(await roles()).toEqual([]);
    expect(await places()).toEqual([]);
    expect((await person.get('/servers')).status).toBe(401);
    expect(await login()).toEqual([400, 'USER_NOT_JOINED_ANY_PROJECT']);

    await app.done(await members.add(app.projectId, id, { role: 'reader' }));
    expect(await places()).toEqual([{ project_id: app.projectId, role: 'reader' }]);
    expect(await roles()).toEqual([`${cloud.projectId} reader`]);
    const again = await Api.login(app.url, credentials);
    await app.done(await again.delete(`/users/${String(id)}`), again);
    expect((await app.row('user', id))['deleted_at']).not.toBeNull();
    await expect(cloud.admin.users.get(adminCall, openstackId)).rejects.toThrow(OpenStackNotFound);
    expect(await login()).toEqual([401, 'INVALID_AUTH']);
  });

  it('a security group gets rules, other rules, another name, and is deleted', async () => {
    const groups = app.securityGroups;
    const rules = [tcp(22), tcp(443, { remote_ip_prefix: '10.1.2.3/8' })];
    const created = await app.done(await groups.post(name('group'), rules, { description: 'for the web' }));
    const first = await agree.securityGroup(created.id);
    // Neutron lets everything out of a new group.
    expect(first.rules.map((rule) => [rule.direction, rule.port_range_min, rule.remote_ip_prefix]).sort()).toEqual([
      ['egress', null, null],
      ['egress', null, null],
      ['ingress', 22, null],
      ['ingress', 443, '10.0.0.0/8'],
    ]);
    const replaced = [tcp(22), tcp(8080), outOfFour, outOfSix];
    await app.done(await groups.put(created.id, { name: name('group'), rules: replaced, description: 'for the web' }));
    const after = await agree.securityGroup(created.id);
    expect(after.rules).toHaveLength(4);
    const kept = first.rules.find((rule) => rule.port_range_min === 22);
    expect(after.rules.map((rule) => rule.openstack_id)).toContain(kept?.openstack_id);
    await app.done(await groups.put(created.id, { name: name('renamed'), rules: replaced, description: null }));
    expect(await agree.securityGroup(created.id)).toMatchObject({ name: name('renamed'), description: null });
    await app.done(await groups.delete(created.id));
    await agree.gone('security_group', created.id);
  });

  describe('a server and what hangs on it', () => {
    let keyPairId: number;
    let server: ServerBody;

    it('a key pair is kept here alone', async () => {
      const keyPairs = new KeyPairRequests(app.member);
      const keyPair = await keyPairs.add(name('key'));
      expect(keyPair.public_key).toBe(publicKeys.ed25519);
      keyPairId = keyPair.id;
      const [[row]] = await app.database.query<RowDataPacket[]>('SELECT * FROM key_pair WHERE id = ?', [keyPairId]);
      expect(row).toMatchObject({ name: name('key'), public_key: publicKeys.ed25519, deleted_at: null });
    });

    it('a server is made with its port, its root volume and the key', async () => {
      const answer = await app.servers.post(name('server'), { key_pair_id: keyPairId });
      const { id } = await app.done(answer);
      server = await agree.server(id);
      expect(server).toMatchObject({ status: 'ACTIVE', name: name('server') });
      expect(server.network_interfaces).toHaveLength(1);
      expect(server.volumes.map((volume) => volume.is_root_volume)).toEqual([true]);
      for (const { id: volumeId } of server.volumes) await agree.volume(volumeId);
      for (const nic of server.network_interfaces) await agree.networkInterface(nic.id);
      const row = await app.row('server', id);
      const { keyName } = await cloud.admin.servers.get(cloud.call, String(row['openstack_id']));
      expect([keyName, row['key_name']]).toEqual([row['uuid'], name('key')]);
      await expect(cloud.admin.keyPairs.get(cloud.call, String(row['uuid']))).rejects.toThrow(OpenStackNotFound);
    });

    it('the key pair goes, its server stays', async () => {
      await app.done(await app.member.delete(`/key-pairs/${String(keyPairId)}`));
      expect((await app.member.get(`/key-pairs/${String(keyPairId)}`)).status).toBe(404);
      const [[row]] = await app.database.query<RowDataPacket[]>('SELECT deleted_at FROM key_pair WHERE id = ?', [
        keyPairId,
      ]);
      expect(row?.['deleted_at']).not.toBeNull();
      await agree.server(server.id);
    });

    it('the server is renamed, stopped, started and rebooted, and shows its console', async () => {
      const { servers, member } = app;
      await app.done(await servers.rename(server.id, { name: name('renamed'), description: 'for all' }));
      expect(await agree.server(server.id)).toMatchObject({ name: name('renamed'), description: 'for all' });
      await app.done(await servers.setStatus(server.id, 'SHUTOFF'));
      expect((await agree.server(server.id)).status).toBe('SHUTOFF');
      await app.done(await servers.setStatus(server.id, 'ACTIVE'));
      expect((await agree.server(server.id)).status).toBe('ACTIVE');
      for (const type of ['soft', 'hard']) {
        await app.done(await servers.reboot(server.id, type));
        expect((await agree.server(server.id)).status).toBe('ACTIVE');
      }
      const path = `/servers/${String(server.id)}`;
      const log = await member.get<{ output: string }>(`${path}/console-log`);
      expect([log.status, log.body.output]).toEqual([
        200,
        await cloud.admin.serverConsoles.output(cloud.call, server.openstack_id ?? '', 1000),
      ]);
      const console = await member.get<Record<string, string>>(`${path}/vnc-url`);
      expect([console.status, Object.values(console.body)]).toEqual([200, [expect.stringMatching(/^https?:.*token/)]]);
    });

    it('a volume is made, renamed, extended, attached, detached and deleted', async () => {
      const { volumes } = app;
      const type = { volume_type_id: cloud.seed.volumeTypeId };
      const { id } = await app.done(await volumes.post(name('volume'), type));
      expect(await agree.volume(id)).toMatchObject({ status: 'AVAILABLE', size: 1, server_id: null });
      await app.done(await volumes.update(id, { name: name('data'), description: 'what we keep' }));
      expect(await agree.volume(id)).toMatchObject({ name: name('data'), description: 'what we keep' });
      await app.done(await volumes.resize(id, 2));
      expect(await agree.volume(id)).toMatchObject({ status: 'AVAILABLE', size: 2 });
      await app.done(await volumes.attach(server.id, id));
      expect(await agree.volume(id)).toMatchObject({ status: 'IN_USE', server_id: server.id });
      expect((await agree.server(server.id)).volumes).toHaveLength(2);
      await app.done(await volumes.detach(server.id, id));
      expect(await agree.volume(id)).toMatchObject({ status: 'AVAILABLE', server_id: null });
      expect((await agree.server(server.id)).volumes).toHaveLength(1);
      await app.done(await volumes.delete(id));
      await agree.gone('volume', id);
    });

    it('a floating IP is allocated, put on the server, taken off and released', async () => {
      const { floatingIps } = app;
      const nicId = server.network_interfaces[0]?.id ?? 0;
      const { id } = await app.done(await floatingIps.post(cloud.seed.externalNetworkId));
      expect(await agree.floatingIp(id)).toMatchObject({ status: 'DOWN', network_interface_id: null });
      await app.done(await floatingIps.associate(nicId, id));
      expect(await agree.floatingIp(id)).toMatchObject({ status: 'ACTIVE', server_id: server.id });
      expect((await agree.server(server.id)).floating_ips.map((address) => address.id)).toEqual([id]);
      await app.done(await floatingIps.disassociate(nicId, id));
      expect(await agree.floatingIp(id)).toMatchObject({ status: 'DOWN', server_id: null });
      await app.done(await floatingIps.release(id));
      await agree.gone('floating_ip', id);
    });

    it('the interface gets other security groups', async () => {
      const groups = app.securityGroups;
      const nicId = server.network_interfaces[0]?.id ?? 0;
      const before = await agree.networkInterface(nicId);
      expect(before.security_groups.map((group) => group.name)).toEqual(['default']);
      const group = await app.done(await groups.post(name('for-server'), [tcp(22)]));
      const put = (ids: readonly number[]) =>
        app.member.put<InterfaceBody>(`/network-interfaces/${String(nicId)}/security-groups`, {
          security_group_ids: ids,
        });
      await app.done(await put([group.id]));
      expect((await agree.networkInterface(nicId)).security_groups.map(({ id }) => id)).toEqual([group.id]);
      expect((await groups.delete(group.id)).status).toBe(409);
      await app.done(await put([]));
      expect((await agree.networkInterface(nicId)).security_groups).toEqual([]);
      await app.done(await groups.delete(group.id));
      await agree.gone('security_group', group.id);
    });

    it('the server goes, with its port and its root volume', async () => {
      await app.done(await app.member.delete(`/servers/${String(server.id)}`));
      await agree.gone('server', server.id);
      for (const volume of server.volumes) await agree.gone('volume', volume.id);
      for (const nic of server.network_interfaces) await agree.gone('network_interface', nic.id);
    });
  });
});
