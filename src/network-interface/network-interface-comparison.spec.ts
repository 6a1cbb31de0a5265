import { describe, expect, it } from '@jest/globals';
import { comparePort, isForeignPort, type ReconciledNetworkInterface } from './network-interface-comparison.js';
import type { ObservedPort } from './network-interface.client.js';

const now = new Date('2026-11-24T12:00:00Z');

const seen: ObservedPort = {
  openstackId: 'port-1',
  name: 'web-nic0',
  projectId: 'project-1',
  networkId: 'network-1',
  status: 'ACTIVE',
  deviceId: 'server-1',
  deviceOwner: 'compute:nova',
  description: '',
  macAddress: 'fa:16:3e:00:00:01',
  fixedIps: [{ subnetId: 'subnet-1', ipAddress: '10.0.0.5' }],
  securityGroupIds: ['group-2', 'group-1'],
  revision: 3,
  createdAt: now,
  updatedAt: now,
  portSecurityEnabled: true,
};

const row: ReconciledNetworkInterface = {
  id: 4,
  uuid: '00000000-0000-4000-8000-000000000004',
  openstackId: 'port-1',
  projectId: 1,
  name: null,
  observedAt: now,
  createdAt: now,
  missingSince: null,
  isDeleted: 0,
  deletedReason: null,
  operationId: null,
  readAt: now,
  serverId: 7,
  openstackStatus: 'ACTIVE',
  macAddress: 'fa:16:3e:00:00:01',
  fixedIpAddress: '10.0.0.5',
  fixedIps: ['10.0.0.5'],
  securityGroupIds: [2, 1],
};

const context = {
  servers: new Map([
    ['server-1', 7],
    ['server-2', 8],
  ]),
  securityGroups: new Map([
    ['group-1', 1],
    ['group-2', 2],
  ]),
};

describe('a row beside its port', () => {
  it('agrees whatever the order of groups', () => {
    expect(comparePort(row, seen, context)).toEqual([]);
  });

  it.each<[string, Partial<ObservedPort>, string, unknown, unknown]>([
    ['another status', { status: 'DOWN' }, 'openstack_status', 'ACTIVE', 'DOWN'],
    ['another server', { deviceId: 'server-2' }, 'server_id', 7, 8],
    ['no server', { deviceId: null }, 'server_id', 7, null],
    ['a server that is not ours', { deviceId: 'server-9' }, 'server_id', 7, null],
    [
      'another hardware address',
      { macAddress: 'fa:16:3e:00:00:02' },
      'mac_address',
      'fa:16:3e:00:00:01',
      'fa:16:3e:00:00:02',
    ],
    ['fewer groups', { securityGroupIds: ['group-1'] }, 'security_group_ids', [1, 2], [1]],
  ])('differs by %s', (_what, change, field, ours, theirs) => {
    const kind = field === 'openstack_status' ? 'status' : 'field';
    expect(comparePort(row, { ...seen, ...change }, context)).toEqual([{ field, ours, theirs, kind }]);
  });

  it('differs by its addresses, of which the first is the one that is shown', () => {
    const fixedIps = ['10.0.0.6', '10.0.0.7'].map((ipAddress) => ({ subnetId: 'subnet-1', ipAddress }));
    expect(comparePort(row, { ...seen, fixedIps }, context).map(({ field, theirs }) => [field, theirs])).toEqual([
      ['fixed_ip_addresses', ['10.0.0.6', '10.0.0.7']],
      ['fixed_ip_address', '10.0.0.6'],
    ]);
    expect(comparePort(row, { ...seen, fixedIps: [] }, context).map(({ theirs }) => theirs)).toEqual([[], null]);
  });

  it('agrees on groups that the record does not know', () => {
    const port = { ...seen, securityGroupIds: ['group-1', 'group-2', 'group-9'] };
    expect(comparePort(row, port, context)).toEqual([]);
    expect(
      comparePort({ ...row, securityGroupIds: null }, { ...seen, securityGroupIds: ['group-9'] }, context),
    ).toEqual([]);
  });
});

describe('a port that is nobody’s to manage', () => {
  it.each([
    ['network:router_interface', 'project-1', true],
    ['network:dhcp', 'project-1', true],
    ['network:floatingip', '', true],
    ['', '', true],
    ['', 'project-1', false],
    ['compute:nova', 'project-1', false],
  ])('is one of the owner "%s" in the project "%s": %s', (deviceOwner, projectId, expected) => {
    expect(isForeignPort({ ...seen, deviceOwner, projectId })).toBe(expected);
  });
});
