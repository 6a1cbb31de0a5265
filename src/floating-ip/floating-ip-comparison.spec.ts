import { describe, expect, it } from '@jest/globals';
import { compareFloatingIp, type ReconciledFloatingIp } from './floating-ip-comparison.js';
import type { ObservedFloatingIp } from './floating-ip.client.js';

const now = new Date('2026-11-24T12:00:00Z');

const seen: ObservedFloatingIp = {
  openstackId: 'address-1',
  projectId: 'project-1',
  address: '198.18.0.5',
  status: 'ACTIVE',
  floatingNetworkId: 'network-1',
  portId: 'port-1',
  fixedIpAddress: '10.0.0.5',
  description: '',
  revision: 2,
  createdAt: now,
  updatedAt: now,
};

const row: ReconciledFloatingIp = {
  id: 5,
  uuid: '00000000-0000-4000-8000-000000000005',
  openstackId: 'address-1',
  projectId: 1,
  name: null,
  observedAt: now,
  createdAt: now,
  missingSince: null,
  isDeleted: 0,
  deletedReason: null,
  operationId: null,
  readAt: now,
  status: 'ACTIVE',
  openstackStatus: 'ACTIVE',
  address: '198.18.0.5',
  fixedIpAddress: '10.0.0.5',
  networkInterfaceId: 4,
};

const interfaces = new Map([
  ['port-1', 4],
  ['port-2', 6],
]);

describe('a row beside its floating IP', () => {
  it.each<[string, Partial<ObservedFloatingIp>, readonly (readonly [string, unknown, unknown])[]]>([
    ['the same', {}, []],
    ['another status', { status: 'DOWN' }, [['status', 'ACTIVE', 'DOWN']]],
    ['a status that nobody knows', { status: 'FLYING' }, [['status', 'ACTIVE', 'ERROR']]],
    ['another interface', { portId: 'port-2' }, [['network_interface_id', 4, 6]]],
    ['a port that is not ours', { portId: 'port-9' }, [['network_interface_id', 4, null]]],
    [
      'no port',
      { portId: null, fixedIpAddress: null },
      [
        ['network_interface_id', 4, null],
        ['fixed_ip_address', '10.0.0.5', null],
      ],
    ],
    ['another address', { address: '198.18.0.6' }, [['address', '198.18.0.5', '198.18.0.6']]],
  ])('with %s', (_what, change, expected) => {
    const found = compareFloatingIp(row, { ...seen, ...change }, interfaces);
    expect(found.map(({ field, ours, theirs }) => [field, ours, theirs])).toEqual(expected);
  });

  it('notes Neutron’s word where the contract’s stays the same', () => {
    const broken = { ...row, status: 'ERROR', openstackStatus: 'ERROR' };
    expect(compareFloatingIp(broken, { ...seen, status: 'FLYING' }, interfaces)).toEqual([
      { field: 'openstack_status', ours: 'ERROR', theirs: 'FLYING', kind: 'status' },
    ]);
  });
});
