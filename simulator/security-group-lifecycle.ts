import { randomUUID } from 'node:crypto';
import { touch, type Cloud } from './cloud.js';
import type { SecurityGroup, SecurityGroupRule } from './model.js';

interface RuleValues {
  readonly direction: 'ingress' | 'egress';
  readonly etherType: 'IPv4' | 'IPv6';
  readonly protocol?: string | null;
  readonly portMin?: number | null;
  readonly portMax?: number | null;
  readonly remotePrefix?: string | null;
  readonly remoteGroupId?: string | null;
  readonly description?: string;
}

/** The project's group `default`, made on first look. */
export function ensureDefaultGroup(cloud: Cloud, projectId: string): SecurityGroup {
  for (const group of cloud.securityGroups.values()) {
    if (group.projectId === projectId && group.name === 'default') return group;
  }
  const group = createGroup(cloud, { projectId, name: 'default', description: 'Default security group' });
  for (const etherType of ['IPv4', 'IPv6'] as const) {
    createRule(cloud, group, { direction: 'ingress', etherType, remoteGroupId: group.id });
  }
  return group;
}

/** A group comes with two rules that let everything out. */
export function createGroup(
  cloud: Cloud,
  values: { readonly projectId: string; readonly name: string; readonly description: string },
): SecurityGroup {
  const now = cloud.now();
  const group: SecurityGroup = { id: randomUUID(), ...values, createdAt: now, updatedAt: now, revision: 1 };
  cloud.securityGroups.set(group.id, group);
  for (const etherType of ['IPv4', 'IPv6'] as const) createRule(cloud, group, { direction: 'egress', etherType });
  return group;
}

export function createRule(cloud: Cloud, group: SecurityGroup, values: RuleValues): SecurityGroupRule {
  const now = cloud.now();
  const rule: SecurityGroupRule = {
    id: randomUUID(),
    projectId: group.projectId,
    groupId: group.id,
    direction: values.direction,
    etherType: values.etherType,
    protocol: values.protocol ?? null,
    portMin: values.portMin ?? null,
    portMax: values.portMax ?? null,
    remotePrefix: values.remotePrefix ?? null,
    remoteGroupId: values.remoteGroupId ?? null,
    description: values.description ?? '',
    isFromTemplate: values.description === undefined,
    createdAt: now,
    updatedAt: now,
    revision: 0,
  };
  cloud.securityGroupRules.set(rule.id, rule);
  return rule;
}

export function rulesOf(cloud: Cloud, groupId: string): SecurityGroupRule[] {
  return [...cloud.securityGroupRules.values()].filter((rule) => rule.groupId === groupId);
}

export function deleteGroup(cloud: Cloud, group: SecurityGroup): void {
  for (const rule of rulesOf(cloud, group.id)) cloud.securityGroupRules.delete(rule.id);
  // A rule that lets the group's members in goes with it.
  for (const rule of cloud.securityGroupRules.values()) {
    if (rule.remoteGroupId !== group.id) continue;
    cloud.securityGroupRules.delete(rule.id);
    const other = cloud.securityGroups.get(rule.groupId);
    if (other !== undefined) touch(cloud, other);
  }
  cloud.securityGroups.delete(group.id);
}

export function isInUse(cloud: Cloud, groupId: string): boolean {
  for (const port of cloud.ports.values()) if (port.securityGroupIds.includes(groupId)) return true;
  return false;
}
