import { describe, expect, it } from '@jest/globals';
import { compareGroup, followedRules, type ReconciledSecurityGroup } from './security-group-comparison.js';
import type { ObservedSecurityGroup, ObservedSecurityGroupRule } from './security-group.client.js';

const now = new Date('2026-11-24T12:00:00Z');
const uuid = '00000000-0000-4000-8000-000000000006';
const marker = `cloud-api:abcdefgh:${uuid}`;

function rule(openstackId: string, more: Partial<ObservedSecurityGroupRule> = {}): ObservedSecurityGroupRule {
  return {
    openstackId,
    protocol: 'tcp',
    etherType: 'IPv4',
    direction: 'ingress',
    portRangeMin: 22,
    portRangeMax: 22,
    remoteIpPrefix: null,
    remoteGroupOpenstackId: null,
    description: null,
    ...more,
  };
}

const seen: ObservedSecurityGroup = {
  openstackId: 'group-1',
  name: 'web',
  projectId: 'project-1',
  description: `for the web [${marker}]`,
  rules: [rule('rule-1'), rule('rule-2', { portRangeMin: 443, portRangeMax: 443 })],
  revision: 4,
  createdAt: now,
  updatedAt: now,
};

const row: ReconciledSecurityGroup = {
  id: 6,
  uuid,
  openstackId: 'group-1',
  projectId: 1,
  name: 'web',
  observedAt: now,
  createdAt: now,
  missingSince: null,
  isDeleted: 0,
  deletedReason: null,
  operationId: null,
  readAt: now,
  description: 'for the web',
  rules: [...followedRules(seen)].reverse(),
};

describe('a row beside its security group', () => {
  it.each<[string, Partial<ReconciledSecurityGroup>, Partial<ObservedSecurityGroup>]>([
    ['whatever the order of rules', {}, {}],
    ['that was numbered, as its name is taken', { name: 'web-2' }, {}],
    ['that Neutron has no name for', { name: 'group-1' }, { name: '' }],
    ['without rules', { rules: null }, { rules: [] }],
    [
      'whose text the marker has cut',
      { description: 'x'.repeat(250) },
      { description: `${'x'.repeat(180)} [${marker}]` },
    ],
  ])('agrees with one %s', (_what, ours, theirs) => {
    expect(compareGroup({ ...row, ...ours }, { ...seen, ...theirs })).toEqual([]);
  });

  it.each<[string, Partial<ObservedSecurityGroup>, string, unknown]>([
    ['its name', { name: 'shop' }, 'name', 'shop'],
    ['its description', { description: `for all [${marker}]` }, 'description', 'for all'],
    ['no description', { description: `[${marker}]` }, 'description', null],
    ['a description in place of the marker', { description: 'mine now' }, 'description', 'mine now'],
  ])('differs by %s, which is a matter of names', (_what, change, field, theirs) => {
    expect(compareGroup(row, { ...seen, ...change })).toMatchObject([{ field, theirs, kind: 'name' }]);
  });

  it('differs by rules that came and went, and names no others', () => {
    const rules = [rule('rule-1'), rule('rule-3', { portRangeMin: 80, portRangeMax: 80 })];
    expect(compareGroup(row, { ...seen, rules })).toMatchObject([
      { field: 'rules', ours: [{ openstack_id: 'rule-2' }], theirs: [{ openstack_id: 'rule-3', port_range_min: 80 }] },
    ]);
  });

  it('differs by the description of a rule', () => {
    const rules = [rule('rule-1', { description: 'ssh' }), ...seen.rules.slice(1)];
    expect(compareGroup(row, { ...seen, rules })).toMatchObject([
      {
        ours: [{ openstack_id: 'rule-1', description: null }],
        theirs: [{ openstack_id: 'rule-1', description: 'ssh' }],
      },
    ]);
  });
});
