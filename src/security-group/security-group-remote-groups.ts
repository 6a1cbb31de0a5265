import { OperationInProgress } from '../common/errors.js';
import type { Principal } from '../common/principal.js';
import type { RuleValue } from './security-group-rule.js';
import type { SecurityGroupEntity } from './security-group.entity.js';
import { SecurityGroupAccessDenied, SecurityGroupNotFound } from './security-group.errors.js';

/** Groups that rules name, by our ids. */
export type RemoteGroups = ReadonlyMap<number, SecurityGroupEntity>;

/**
 * The groups that the rules of a request name, out of those that were found.
 *
 * @throws SecurityGroupNotFound, SecurityGroupAccessDenied naming the rule.
 */
export function remoteGroupsOf(
  principal: Principal,
  rules: readonly RuleValue<number>[],
  found: readonly SecurityGroupEntity[],
): RemoteGroups {
  const groups = new Map(found.map((group) => [group.id, group]));
  for (const [index, { remoteGroup }] of rules.entries()) {
    if (remoteGroup === null) continue;
    const field = `rules.${String(index)}.remote_group_id`;
    const group = groups.get(remoteGroup);
    if (group === undefined) throw new SecurityGroupNotFound(remoteGroup, field);
    if (group.projectId !== principal.projectId) throw new SecurityGroupAccessDenied(remoteGroup, field);
  }
  return groups;
}

/** The rules as Neutron gets them; of groups that stand. */
export function withOpenstackIds(rules: readonly RuleValue<number>[], groups: RemoteGroups): RuleValue<string>[] {
  return rules.map((rule) => ({ ...rule, remoteGroup: openstackIdOf(rule.remoteGroup, groups) }));
}

function openstackIdOf(id: number | null, groups: RemoteGroups): string | null {
  if (id === null) return null;
  const openstackId = groups.get(id)?.openstackId ?? null;
  if (openstackId === null) throw new OperationInProgress(`Security group ${String(id)} is still being made`);
  return openstackId;
}
