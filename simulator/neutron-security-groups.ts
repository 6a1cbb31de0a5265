import { networkOf } from './addresses.js';
import { sees } from './access.js';
import { touch } from './cloud.js';
import { numberOf, shown, textOf, type Json } from './json.js';
import type { SecurityGroup, SecurityGroupRule } from './model.js';
import {
  bodyOf,
  find,
  ownerOf,
  required,
  requireQuota,
  requireRevision,
  requireWriter,
  shortText,
  uuid,
  type NeutronCall,
} from './neutron-call.js';
import { badRequest, invalidInput, notFound, refusal } from './neutron-errors.js';
import { listAnswer } from './neutron-list.js';
import { groupView, ruleView } from './neutron-views.js';
import { createGroup, createRule, deleteGroup, ensureDefaultGroup, isInUse } from './security-group-lifecycle.js';
import { empty, ok, type Answer } from './wire.js';

const filters = [
  'id',
  'name',
  'description',
  'project_id',
  'tenant_id',
  'stateful',
  'shared',
  'revision_number',
  'tags',
];
const ruleFilters = ['id', 'security_group_id', 'direction', 'ethertype', 'protocol', 'project_id', 'tenant_id'];
const moreRuleFilters = [
  'port_range_min',
  'port_range_max',
  'remote_ip_prefix',
  'remote_group_id',
  'description',
  'revision_number',
];
const ruleFields = ['security_group_id', 'direction', 'ethertype', 'protocol', 'port_range_min', 'port_range_max'];
const moreRuleFields = ['remote_ip_prefix', 'remote_group_id', 'description', 'project_id', 'tenant_id'];

export function listGroups(call: NeutronCall): Answer {
  const { cloud, access } = call;
  if (access.projectId !== '') ensureDefaultGroup(cloud, access.projectId);
  const things = [...cloud.securityGroups.values()].filter((group) => sees(access, group));
  const view = (group: SecurityGroup): Json => groupView(cloud, group);
  return listAnswer(call, { key: 'security_groups', kind: 'security_group', filters, things, view });
}

export function showGroup(call: NeutronCall, id: string): Answer {
  const { cloud } = call;
  return ok({ security_group: groupView(cloud, find(call, 'security_group', cloud.securityGroups, id)) });
}

export function addGroup(call: NeutronCall): Answer {
  requireWriter(call, 'create_security_group');
  const { cloud } = call;
  const body = bodyOf(call, 'security_group', ['name', 'description', 'project_id', 'tenant_id', 'stateful']);
  const projectId = ownerOf(call, body);
  const [name, description] = [shortText(body, 'name') ?? '', shortText(body, 'description') ?? ''];
  ensureDefaultGroup(cloud, projectId);
  if (name === 'default') {
    throw refusal(409, 'SecurityGroupDefaultAlreadyExists', 'Default security group already exists.');
  }
  requireQuota(call, projectId, 'security_group');
  requireQuota(call, projectId, 'security_group_rule', 2);
  const group = createGroup(cloud, { projectId, name, description });
  return { ...ok({ security_group: groupView(cloud, group) }, 201), created: group.id };
}

export function updateGroup(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'update_security_group');
  const { cloud } = call;
  const group = find(call, 'security_group', cloud.securityGroups, id);
  const body = bodyOf(call, 'security_group', ['name', 'description', 'stateful']);
  requireRevision(call, group);
  const [name, description] = [shortText(body, 'name'), shortText(body, 'description')];
  if (name !== null && name !== group.name && group.name === 'default') {
    throw refusal(409, 'SecurityGroupCannotUpdateDefault', 'Updating default security group not allowed.');
  }
  group.name = name ?? group.name;
  group.description = description ?? group.description;
  touch(cloud, group);
  return ok({ security_group: groupView(cloud, group) });
}

export function removeGroup(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'delete_security_group');
  const { cloud, access } = call;
  const group = find(call, 'security_group', cloud.securityGroups, id);
  if (isInUse(cloud, id)) throw refusal(409, 'SecurityGroupInUse', `Security Group ${id} in use.`);
  if (group.name === 'default' && !access.isAdmin) {
    throw refusal(409, 'SecurityGroupCannotRemoveDefault', 'Insufficient rights for removing default security group.');
  }
  deleteGroup(cloud, group);
  return empty();
}

export function listRules(call: NeutronCall): Answer {
  const { cloud, access } = call;
  const things = [...cloud.securityGroupRules.values()].filter((rule) => sees(access, rule));
  const all = [...ruleFilters, ...moreRuleFilters];
  return listAnswer(call, {
    key: 'security_group_rules',
    kind: 'security_group_rule',
    filters: all,
    things,
    view: ruleView,
    direct: { security_group_id: ({ groupId }) => groupId },
  });
}

export function showRule(call: NeutronCall, id: string): Answer {
  return ok({ security_group_rule: ruleView(find(call, 'security_group_rule', call.cloud.securityGroupRules, id)) });
}

export function addRule(call: NeutronCall): Answer {
  requireWriter(call, 'create_security_group_rule');
  const { cloud } = call;
  const body = bodyOf(call, 'security_group_rule', [...ruleFields, ...moreRuleFields]);
  const group = find(call, 'security_group', cloud.securityGroups, required(body, 'security_group_id'));
  const values = ruleValues(call, body);
  refuseTwin(call, group, values);
  requireQuota(call, group.projectId, 'security_group_rule');
  const rule = createRule(cloud, group, { ...values, description: shortText(body, 'description') ?? '' });
  touch(cloud, group);
  return { ...ok({ security_group_rule: ruleView(rule) }, 201), created: rule.id };
}

type RuleValues = Pick<
  SecurityGroupRule,
  'direction' | 'etherType' | 'protocol' | 'portMin' | 'portMax' | 'remotePrefix' | 'remoteGroupId'
>;

function ruleValues(call: NeutronCall, body: Json): RuleValues {
  const direction = body['direction'];
  if (direction === undefined)
    throw badRequest("Failed to parse request. Required attribute 'direction' not specified");
  if (direction !== 'ingress' && direction !== 'egress') {
    throw invalidInput('direction', `'${shown(direction)}' is not in ['ingress', 'egress']`);
  }
  const etherType = body['ethertype'] ?? 'IPv4';
  if (etherType !== 'IPv4' && etherType !== 'IPv6') {
    throw invalidInput('ethertype', `'${shown(etherType)}' is not in ['IPv4', 'IPv6']`);
  }
  const protocol = protocolOf(body['protocol'] ?? null);
  const [portMin, portMax] = [numberOf(body, 'port_range_min'), numberOf(body, 'port_range_max')];
  checkPorts(protocol, portMin, portMax);
  return { direction, etherType, protocol, portMin, portMax, ...remoteOf(call, body, etherType) };
}

const protocolNumbers: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'ipv6-icmp',
  icmpv6: 'ipv6-icmp',
};
const protocols = [
  'ah',
  'dccp',
  'egp',
  'esp',
  'gre',
  'hopopt',
  'icmp',
  'igmp',
  'ip',
  'ipip',
  'ipv6-encap',
  'ipv6-frag',
];
const moreProtocols = [
  'ipv6-icmp',
  'ipv6-nonxt',
  'ipv6-opts',
  'ipv6-route',
  'ospf',
  'pgm',
  'rsvp',
  'sctp',
  'tcp',
  'udp',
  'udplite',
  'vrrp',
];

/** As Neutron writes it: a well-known number becomes its name, `any` becomes null. */
function protocolOf(value: unknown): string | null {
  if (value === null) return null;
  const text = shown(value).toLowerCase();
  if (text === 'any' || text === '') return null;
  const named = protocolNumbers[text] ?? text;
  const isNumber = /^\d{1,3}$/.test(named) && Number(named) <= 255;
  if (isNumber || protocols.includes(named) || moreProtocols.includes(named)) return named;
  const message = `Security group rule protocol ${text} not supported. Only protocol values [None, ${[...protocols, ...moreProtocols].map((name) => `'${name}'`).join(', ')}] and integer representations [0 to 255] are supported.`;
  throw refusal(400, 'SecurityGroupRuleInvalidProtocol', message);
}

function checkPorts(protocol: string | null, min: number | null, max: number | null): void {
  if (min === null && max === null) return;
  if (protocol === null) {
    throw refusal(400, 'SecurityGroupProtocolRequiredWithPorts', 'Must also specify protocol if port range is given.');
  }
  if (protocol.includes('icmp')) {
    for (const [field, value] of [
      ['type', min],
      ['code', max],
    ] as const) {
      if (value !== null && (value < 0 || value > 255)) {
        const text = `Invalid value for ICMP ${field} (port-range-${field === 'type' ? 'min' : 'max'}) ${String(value)}. It must be 0 to 255.`;
        throw refusal(400, 'SecurityGroupInvalidIcmpValue', text);
      }
    }
    if (min === null) {
      const text = `ICMP code (port-range-max) ${String(max)} is provided but ICMP type (port-range-min) is missing.`;
      throw refusal(400, 'SecurityGroupMissingIcmpType', text);
    }
    return;
  }
  const isRange = min !== null && max !== null && min <= max && min >= 0 && max <= 65_535;
  if (!isRange) {
    const text = 'For TCP/UDP protocols, port_range_min must be <= port_range_max';
    throw refusal(400, 'SecurityGroupInvalidPortRange', text);
  }
}

function remoteOf(
  call: NeutronCall,
  body: Json,
  etherType: 'IPv4' | 'IPv6',
): Pick<RuleValues, 'remotePrefix' | 'remoteGroupId'> {
  const [given, groupId] = [textOf(body, 'remote_ip_prefix'), body['remote_group_id'] ?? null];
  if (given !== null && groupId !== null) {
    const text = 'Only remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.';
    throw refusal(400, 'SecurityGroupMultipleRemoteEntites', text);
  }
  const remoteGroupId = groupId === null ? null : uuid('remote_group_id', groupId);
  if (remoteGroupId !== null) find(call, 'security_group', call.cloud.securityGroups, remoteGroupId);
  return { remotePrefix: given === null ? null : prefixOf(given, etherType), remoteGroupId };
}

function prefixOf(given: string, etherType: 'IPv4' | 'IPv6'): string {
  const isSix = given.includes(':');
  const normal = isSix ? (given.includes('/') ? given : `${given}/128`) : networkOf(given);
  if (normal === null) throw invalidInput('remote_ip_prefix', `'${given}' is not a valid IP subnet`);
  if (isSix === (etherType === 'IPv6')) return normal;
  const text = `Conflicting value ethertype ${etherType} for CIDR ${given}`;
  throw refusal(400, 'SecurityGroupRuleParameterConflict', text);
}

function refuseTwin(call: NeutronCall, group: SecurityGroup, values: RuleValues): void {
  for (const rule of call.cloud.securityGroupRules.values()) {
    if (rule.groupId !== group.id) continue;
    const isTwin =
      rule.direction === values.direction &&
      rule.etherType === values.etherType &&
      rule.protocol === values.protocol &&
      rule.portMin === values.portMin &&
      rule.portMax === values.portMax &&
      rule.remotePrefix === values.remotePrefix &&
      rule.remoteGroupId === values.remoteGroupId;
    if (isTwin) {
      throw refusal(409, 'SecurityGroupRuleExists', `Security group rule already exists. Rule id is ${rule.id}.`);
    }
  }
}

export function removeRule(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'delete_security_group_rule');
  const { cloud } = call;
  const rule = find(call, 'security_group_rule', cloud.securityGroupRules, id);
  requireRevision(call, rule);
  cloud.securityGroupRules.delete(id);
  const group = cloud.securityGroups.get(rule.groupId);
  if (group === undefined) throw notFound('security_group', rule.groupId);
  touch(cloud, group);
  return empty();
}
