import { parseMarker } from '../openstack/marker.js';
import type { Fact } from '../reconciliation/finding-kind.js';
import type { Difference, ReconciledRow } from '../reconciliation/marked-resource.js';
import { existingRule } from './observed-rule.js';
import { followedDescription, splitDescription } from './security-group-description.js';
import { keepsName } from './security-group-name.js';
import type { ExistingRule } from './security-group-rule.js';
import type { ObservedSecurityGroup } from './security-group.client.js';

/** A row with what Neutron can say of it. */
export interface ReconciledSecurityGroup extends ReconciledRow {
  readonly name: string;
  readonly description: string | null;
  readonly rules: readonly ExistingRule[] | null;
}

/** What people call a group, after a look at Neutron. */
export interface FollowedWords {
  readonly name: string;
  readonly description: string | null;
}

/** What the row and Neutron say differently; of the rules those that only one side has. */
export function compareGroup(row: ReconciledSecurityGroup, seen: ObservedSecurityGroup): readonly Difference[] {
  const words = followedWords(row, seen);
  const ours = row.rules ?? [];
  const theirs = followedRules(seen);
  const [gone, come] = [without(ours, theirs), without(theirs, ours)];
  return [
    ...(words.name === row.name ? [] : [different('name', row.name, words.name, 'name')]),
    ...(words.description === row.description
      ? []
      : [different('description', row.description, words.description, 'name')]),
    ...(gone.length + come.length === 0 ? [] : [different('rules', gone.map(factOf), come.map(factOf), 'field')]),
  ];
}

/** Ours stay while Neutron has what it made of them. */
export function followedWords(
  row: FollowedWords & { readonly uuid: string },
  seen: ObservedSecurityGroup,
): FollowedWords {
  const { marker } = splitDescription(seen.description);
  const isOfRow = marker !== null && parseMarker(marker)?.uuid === row.uuid;
  const named = nameOf(seen);
  return {
    name: keepsName(row.name, named) ? row.name : named,
    description: followedDescription(
      { description: row.description, marker: isOfRow ? marker : null },
      seen.description,
    ),
  };
}

/** Neutron allows a group without a name; here everything can be called by one. */
export function nameOf({ name, openstackId }: ObservedSecurityGroup): string {
  return name === '' ? openstackId : name;
}

export function followedRules({ rules }: ObservedSecurityGroup): readonly ExistingRule[] {
  return rules.map((rule) => existingRule(rule));
}

/** A rule never changes but for its description. */
function without(rules: readonly ExistingRule[], others: readonly ExistingRule[]): readonly ExistingRule[] {
  const descriptions = new Map(others.map(({ openstackId, description }) => [openstackId, description]));
  return rules.filter(({ openstackId, description }) => descriptions.get(openstackId) !== description);
}

function factOf(rule: ExistingRule): Fact {
  return {
    openstack_id: rule.openstackId,
    protocol: rule.protocol,
    ether_type: rule.etherType,
    direction: rule.direction,
    port_range_min: rule.portRangeMin,
    port_range_max: rule.portRangeMax,
    remote_ip_prefix: rule.remoteIpPrefix,
    remote_group_openstack_id: rule.remoteGroup,
    description: rule.description,
  };
}

function different(field: string, ours: Fact, theirs: Fact, kind: Difference['kind']): Difference {
  return { field, ours, theirs, kind };
}
