import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ObservedPort } from '../../src/network-interface/network-interface.client.js';
import { adminCall } from '../../src/openstack/openstack-call.js';
import {
  OpenStackConflict,
  OpenStackNotFound,
  OpenStackRefused,
  OpenStackUnknownOutcome,
  type OpenStackError,
} from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import type {
  CreateSecurityGroupRuleCommand,
  ObservedSecurityGroup,
  ObservedSecurityGroupRule,
} from '../../src/security-group/security-group.client.js';
import { Cloud, eventually } from './cloud.js';

describe('security groups', () => {
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

  const described = (text: string): string => `${text} [${cloud.newMarker()}]`;

  async function createGroup(name = 'web', description = described('a group')): Promise<ObservedSecurityGroup> {
    const group = await cloud.admin.securityGroups.create(cloud.call, { name, description });
    cloud.later(() => cloud.admin.securityGroups.delete(cloud.call, group.openstackId));
    return group;
  }

  async function createPort(securityGroupIds: readonly string[]): Promise<ObservedPort> {
    const { seed, call, admin } = cloud;
    const command = { name: 'grouped', networkId: seed.networkId, marker: cloud.newMarker(), subnetId: null };
    const port = await admin.networkInterfaces.create(call, { ...command, securityGroupIds });
    cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
    return port;
  }

  const anything: CreateSecurityGroupRuleCommand = {
    protocol: null,
    etherType: 'IPv4',
    direction: 'ingress',
    portRangeMin: null,
    portRangeMax: null,
    remoteIpPrefix: null,
    remoteGroupOpenstackId: null,
    description: null,
  };
  const ssh = { ...anything, protocol: 'tcp', portRangeMin: 22, portRangeMax: 22 };

  function addRule(
    group: ObservedSecurityGroup,
    change: Partial<CreateSecurityGroupRuleCommand>,
  ): Promise<ObservedSecurityGroupRule> {
    return cloud.admin.securityGroups.createRule(cloud.call, group.openstackId, { ...anything, ...change });
  }

  const get = (group: ObservedSecurityGroup): Promise<ObservedSecurityGroup> =>
    cloud.admin.securityGroups.get(cloud.call, group.openstackId);

  async function typeOf(refused: Promise<unknown>): Promise<string | null> {
    const error = await refused.then(
      () => null,
      (thrown: unknown) => thrown as OpenStackError,
    );
    if (error === null) throw new Error('it was not refused');
    return error.type;
  }

  describe('a group', () => {
    it('comes with two rules that let everything out, and carries what it was described by', async () => {
      const description = described('Web servers,\nopen to all');
      const group = await createGroup('web', description);
      expect(group).toMatchObject({ name: 'web', projectId: cloud.projectId, description, revision: 1 });
      expect(group.rules.map(({ openstackId: _id, ...rule }) => rule)).toEqual(
        expect.arrayContaining([
          { ...anything, direction: 'egress' },
          { ...anything, direction: 'egress', etherType: 'IPv6' },
        ]),
      );
      expect(group.rules).toHaveLength(2);
      expect(await get(group)).toMatchObject({ openstackId: group.openstackId, description });
    });

    it('is found by the whole of its description alone', async () => {
      const description = described('Ärger mit Webservern');
      const group = await createGroup('web', description);
      await createGroup('web', described('Ärger mit Webservern'));
      const find = async (text: string): Promise<readonly string[]> =>
        (await cloud.admin.securityGroups.findByDescription(cloud.call, text)).map(({ openstackId }) => openstackId);
      expect(await find(description)).toEqual([group.openstackId]);
      for (const other of [description.slice(0, -1), description.toUpperCase(), `${description} `, described('x')]) {
        expect(await find(other)).toEqual([]);
      }
    });

    it('shows both when a creation was repeated blindly: names are not unique', async () => {
      const description = described('twice');
      const made = [await createGroup('web', description), await createGroup('web', description)];
      const found = await cloud.admin.securityGroups.findByDescription(cloud.call, description);
      expect(found.map(({ openstackId }) => openstackId).sort()).toEqual(
        made.map(({ openstackId }) => openstackId).sort(),
      );
    });

    it('is listed in its project and over all projects', async () => {
      const group = await createGroup();
      const { securityGroups } = cloud.admin;
      const ofProject = await collect(securityGroups.list(cloud.call));
      const ofAll = await collect(securityGroups.list(adminCall));
      expect(ofProject.map(({ openstackId }) => openstackId)).toContain(group.openstackId);
      expect(ofAll.map(({ openstackId }) => openstackId)).toContain(group.openstackId);
      expect(new Set(ofProject.map(({ projectId }) => projectId))).toEqual(new Set([cloud.projectId]));
    });

    it('is among the changed ones once a rule came, and not when nothing did', async () => {
      const { securityGroups } = cloud.admin;
      const group = await createGroup();
      const changed = async (since: Date) =>
        (await collect(securityGroups.listChanged(adminCall, since))).map(({ openstackId }) => openstackId);
      expect(await changed(group.updatedAt)).toContain(group.openstackId);
      const later = new Date(group.updatedAt.getTime() + 1_000);
      expect(await changed(later)).not.toContain(group.openstackId);
      await eventually('Neutron’s clock is a second further', () =>
        Promise.resolve(Date.now() > later.getTime() + 1_500),
      );
      await addRule(group, ssh);
      expect(await changed(later)).toContain(group.openstackId);
      await securityGroups.delete(cloud.call, group.openstackId);
      expect(await changed(group.updatedAt)).not.toContain(group.openstackId);
    });

    it('takes a name with an emoji, replaced; a description of 255 characters, not of 256', async () => {
      expect((await createGroup('web 🚀')).name).toBe('web _');
      expect((await createGroup('웹', described('서버'))).name).toBe('웹');
      const marker = ` [${cloud.newMarker()}]`;
      const longest = 'd'.repeat(255 - marker.length) + marker;
      expect((await createGroup('long', longest)).description).toBe(longest);
      await expect(createGroup('long', `d${longest}`)).rejects.toThrow(OpenStackRefused);
    });

    it.each(['default', 'Default'])('is not made under the name %s', async (name) => {
      await collect(cloud.admin.securityGroups.list(cloud.call));
      expect(await typeOf(createGroup(name))).toBe('SecurityGroupDefaultAlreadyExists');
      await expect(createGroup(name)).rejects.toThrow(OpenStackConflict);
    });

    it('changes name and description in the revision that was seen; rules count as a change', async () => {
      const group = await createGroup();
      const { securityGroups } = cloud.admin;
      const description = described('changed');
      await addRule(group, ssh);
      const command = { name: 'shop', description, revision: group.revision };
      const stale = securityGroups.update(cloud.call, group.openstackId, command);
      await expect(stale).rejects.toMatchObject({ status: 412, constructor: OpenStackConflict });
      const { revision } = await get(group);
      const changed = await securityGroups.update(cloud.call, group.openstackId, { ...command, revision });
      expect(changed).toMatchObject({ name: 'shop', description });
      expect(changed.revision).toBeGreaterThan(revision);
      expect(changed.rules).toHaveLength(3);
    });

    it('keeps the default group’s name, which may not even be sent; its description changes', async () => {
      const { securityGroups } = cloud.admin;
      const groups = await collect(securityGroups.list(cloud.call));
      const byDefault = groups.find(({ name }) => name === 'default');
      if (byDefault === undefined) throw new Error('there is no default group');
      const { openstackId, description, revision } = byDefault;
      const change = (name: string | null): Promise<ObservedSecurityGroup> =>
        securityGroups.update(cloud.call, openstackId, { name, description, revision });
      expect(await typeOf(change('default'))).toBe('SecurityGroupDefaultAlreadyExists');
      expect(await typeOf(change('shop'))).toBe('SecurityGroupCannotUpdateDefault');
      expect(await change(null)).toMatchObject({ name: 'default', description });
    });

    it('is not found once it is gone, nor when it never was', async () => {
      const { securityGroups } = cloud.admin;
      const group = await createGroup();
      await securityGroups.delete(cloud.call, group.openstackId);
      for (const id of [group.openstackId, randomUUID()]) {
        await expect(securityGroups.get(cloud.call, id)).rejects.toThrow(OpenStackNotFound);
        await expect(securityGroups.delete(cloud.call, id)).rejects.toThrow(OpenStackNotFound);
        const command = { name: 'x', description: 'x', revision: 1 };
        await expect(securityGroups.update(cloud.call, id, command)).rejects.toThrow(OpenStackNotFound);
        await expect(securityGroups.createRule(cloud.call, id, ssh)).rejects.toThrow(OpenStackNotFound);
      }
    });

    it('takes the rules of others that name it along', async () => {
      const [group, remote] = [await createGroup(), await createGroup()];
      await addRule(group, { remoteGroupOpenstackId: remote.openstackId });
      const { revision } = await get(group);
      await cloud.admin.securityGroups.delete(cloud.call, remote.openstackId);
      const after = await get(group);
      expect(after.rules).toHaveLength(2);
      expect(after.revision).toBeGreaterThan(revision);
    });
  });

  describe('a rule', () => {
    it('is there with everything that was said of it, and gone when it was deleted', async () => {
      const group = await createGroup();
      const rule = await addRule(group, { ...ssh, remoteIpPrefix: '203.0.113.0/24', description: 'the office' });
      expect(rule).toEqual({
        ...ssh,
        openstackId: expect.any(String),
        remoteIpPrefix: '203.0.113.0/24',
        description: 'the office',
      });
      expect((await get(group)).rules).toContainEqual(rule);
      await cloud.admin.securityGroups.deleteRule(cloud.call, rule.openstackId);
      expect((await get(group)).rules).toHaveLength(2);
      const again = cloud.admin.securityGroups.deleteRule(cloud.call, rule.openstackId);
      await expect(again).rejects.toThrow(OpenStackNotFound);
    });

    it.each([
      ['a number stays a number', { ...ssh, protocol: '6' }, { protocol: '6' }],
      ['a name becomes small', { ...ssh, protocol: 'TCP' }, { protocol: 'tcp' }],
      ['any protocol is none', { protocol: 'any' }, { protocol: null }],
      ['all ports are none', { ...ssh, portRangeMin: 1, portRangeMax: 65_535 }, { portRangeMin: null }],
      ['host bits stay', { remoteIpPrefix: '10.0.0.5/24' }, { remoteIpPrefix: '10.0.0.5/24' }],
      ['an address gets a length', { remoteIpPrefix: '10.0.0.5' }, { remoteIpPrefix: '10.0.0.5/32' }],
      [
        'IPv6 is written short and small',
        { etherType: 'IPv6', remoteIpPrefix: '2001:DB8:0:0::1/64' },
        { remoteIpPrefix: '2001:db8::1/64' },
      ],
      ['icmp of IPv6 has its own name', { etherType: 'IPv6', protocol: 'icmp' }, { protocol: 'ipv6-icmp' }],
      ['icmpv6 too', { etherType: 'IPv6', protocol: 'icmpv6' }, { protocol: 'ipv6-icmp' }],
      ['and its own number', { etherType: 'IPv6', protocol: '1' }, { protocol: '58' }],
      [
        'icmp has type and code for ports',
        { protocol: 'icmp', portRangeMin: 8, portRangeMax: 0 },
        { portRangeMin: 8, portRangeMax: 0 },
      ],
      ['icmp may have a type alone', { protocol: 'icmp', portRangeMin: 8 }, { portRangeMin: 8, portRangeMax: null }],
      ['udplite has ports', { protocol: 'udplite', portRangeMin: 1, portRangeMax: 2 }, { portRangeMax: 2 }],
      ['a number without a name', { protocol: '99' }, { protocol: '99' }],
    ])('is kept as Neutron writes it: %s', async (_what, given, kept) => {
      expect(await addRule(await createGroup(), given)).toMatchObject(kept);
    });

    it.each([
      ['the same', ssh, ssh],
      ['a protocol by its number', ssh, { ...ssh, protocol: '6' }],
      ['another description', ssh, { ...ssh, description: 'other' }],
      ['a prefix that is everything', ssh, { ...ssh, remoteIpPrefix: '0.0.0.0/0' }],
      ['protocol 0, which is ip', { protocol: '0' }, { protocol: 'ip' }],
      ['icmp of IPv6', { etherType: 'IPv6', protocol: '58' }, { etherType: 'IPv6', protocol: 'icmp' }],
      ['what every group lets out', {}, null],
    ])('is not made twice: %s', async (_what, first, second) => {
      const group = await createGroup();
      if (second !== null) await addRule(group, first);
      const again = addRule(group, second ?? { direction: 'egress' });
      await expect(again).rejects.toMatchObject({ type: 'SecurityGroupRuleExists', constructor: OpenStackConflict });
    });

    it.each([
      ['another prefix with the same network', { ...ssh, remoteIpPrefix: '10.0.0.5/24' }, '10.0.0.0/24'],
      ['another length', { ...ssh, remoteIpPrefix: '10.0.0.0/24' }, '10.0.0.0/25'],
    ])('is another one with %s', async (_what, first, remoteIpPrefix) => {
      const group = await createGroup();
      await addRule(group, first);
      expect(await addRule(group, { ...first, remoteIpPrefix })).toMatchObject({ remoteIpPrefix });
    });

    it.each([
      ['ports without a protocol', { portRangeMin: 1, portRangeMax: 2 }, 'SecurityGroupProtocolRequiredWithPorts'],
      ['port 0', { ...ssh, portRangeMin: 0 }, 'SecurityGroupInvalidPortValue'],
      ['a port above 65535', { ...ssh, portRangeMax: 65_536 }, 'SecurityGroupInvalidPortValue'],
      ['half a range', { ...ssh, portRangeMax: null }, 'SecurityGroupInvalidPortRange'],
      ['a range from the end', { ...ssh, portRangeMin: 23 }, 'SecurityGroupInvalidPortRange'],
      ['ports of gre', { ...ssh, protocol: 'gre' }, 'SecurityGroupInvalidProtocolForPort'],
      ['an icmp type of 256', { protocol: 'icmp', portRangeMin: 256 }, 'SecurityGroupInvalidIcmpValue'],
      ['an icmp code alone', { protocol: 'icmp', portRangeMax: 0 }, 'SecurityGroupMissingIcmpType'],
      ['an unknown protocol', { protocol: 'foo' }, 'SecurityGroupRuleInvalidProtocol'],
      ['a protocol above 255', { protocol: '256' }, 'SecurityGroupRuleInvalidProtocol'],
      ['ipv6-icmp in IPv4', { protocol: 'ipv6-icmp' }, 'SecurityGroupEthertypeConflictWithProtocol'],
      ['41 in IPv4', { protocol: '41' }, 'SecurityGroupEthertypeConflictWithProtocol'],
      ['no prefix', { remoteIpPrefix: 'ten/8' }, 'InvalidCIDR'],
      ['a prefix of the other family', { remoteIpPrefix: '2001:db8::/32' }, 'SecurityGroupRuleParameterConflict'],
    ])('is refused: %s', async (_what, given, type) => {
      const refused = addRule(await createGroup(), given);
      await expect(refused).rejects.toMatchObject({ type, constructor: OpenStackRefused });
    });

    it('is refused with a prefix and a group at once, and with a group that is not there', async () => {
      const group = await createGroup();
      const both = addRule(group, { remoteIpPrefix: '10.0.0.0/8', remoteGroupOpenstackId: group.openstackId });
      expect(await typeOf(both)).toBe('SecurityGroupMultipleRemoteEntites');
      const unknown = addRule(group, { remoteGroupOpenstackId: randomUUID() });
      await expect(unknown).rejects.toThrow(OpenStackNotFound);
      expect(await addRule(group, { remoteGroupOpenstackId: group.openstackId })).toMatchObject({
        remoteGroupOpenstackId: group.openstackId,
      });
    });

    it('has protocols that Neutron fails on', async () => {
      const broken = addRule(await createGroup(), { protocol: '06' });
      await expect(broken).rejects.toThrow(OpenStackUnknownOutcome);
    });
  });

  describe('on a port', () => {
    it('is not deleted, until the port has others', async () => {
      const [one, two] = [await createGroup('one'), await createGroup('two')];
      const { networkInterfaces, securityGroups } = cloud.admin;
      const port = await createPort([one.openstackId]);
      const inUse = securityGroups.delete(cloud.call, one.openstackId);
      await expect(inUse).rejects.toMatchObject({ type: 'SecurityGroupInUse', constructor: OpenStackConflict });
      const changed = await networkInterfaces.setSecurityGroups(cloud.call, port.openstackId, {
        securityGroupIds: [two.openstackId],
        revision: port.revision,
      });
      expect(changed.securityGroupIds).toEqual([two.openstackId]);
      await securityGroups.delete(cloud.call, one.openstackId);
    });

    it('is put there only in the revision that was seen', async () => {
      const group = await createGroup();
      const { networkInterfaces } = cloud.admin;
      const port = await createPort([]);
      const set = (securityGroupIds: readonly string[], revision: number): Promise<ObservedPort> =>
        networkInterfaces.setSecurityGroups(cloud.call, port.openstackId, { securityGroupIds, revision });
      const changed = await set([group.openstackId], port.revision);
      expect(changed).toMatchObject({ securityGroupIds: [group.openstackId] });
      expect(changed.revision).toBeGreaterThan(port.revision);
      await expect(set([], port.revision)).rejects.toMatchObject({ status: 412, constructor: OpenStackConflict });
      expect((await set([], changed.revision)).securityGroupIds).toEqual([]);
    });

    it('is refused when it is unknown, or named twice; the port keeps its groups', async () => {
      const group = await createGroup();
      const { networkInterfaces } = cloud.admin;
      const port = await createPort([group.openstackId]);
      const set = (...securityGroupIds: readonly string[]): Promise<ObservedPort> =>
        networkInterfaces.setSecurityGroups(cloud.call, port.openstackId, {
          securityGroupIds,
          revision: port.revision,
        });
      await expect(set(randomUUID())).rejects.toThrow(OpenStackNotFound);
      await expect(set(group.openstackId, group.openstackId)).rejects.toThrow(OpenStackRefused);
      const after = await networkInterfaces.get(cloud.call, port.openstackId);
      expect(after.securityGroupIds).toEqual([group.openstackId]);
    });

    it('is refused on a network without port security, where none is fine', async () => {
      const { admin, call, projectId } = cloud;
      const group = await createGroup();
      const networkId = await cloud.stage.networkWithoutPortSecurity(projectId, cloud.later);
      const port = await admin.networkInterfaces.create(call, {
        name: 'open',
        networkId,
        securityGroupIds: null,
        marker: cloud.newMarker(),
        subnetId: null,
      });
      cloud.later(() => admin.networkInterfaces.delete(call, port.openstackId));
      const set = (securityGroupIds: readonly string[]): Promise<ObservedPort> =>
        admin.networkInterfaces.setSecurityGroups(call, port.openstackId, {
          securityGroupIds,
          revision: port.revision,
        });
      await expect(set([group.openstackId])).rejects.toMatchObject({
        type: 'PortSecurityAndIPRequiredForSecurityGroups',
        constructor: OpenStackRefused,
      });
      expect((await set([])).securityGroupIds).toEqual([]);
    });
  });
});
