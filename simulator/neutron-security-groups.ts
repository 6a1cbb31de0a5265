import { sees } from './access.js';
import { touch } from './cloud.js';
import type { SecurityGroup } from './model.js';
import {
  bodyOf,
  find,
  ownerOf,
  required,
  requireQuota,
  requireRevision,
  requireWriter,
  shortText,
  type NeutronCall,
} from './neutron-call.js';
import { notFound, refusal } from './neutron-errors.js';
import { listAnswer } from './neutron-list.js';
import { ruleKey, ruleValues, type RuleValues } from './neutron-rules.js';
import { groupView, ruleView } from './neutron-views.js';
import {
  createGroup,
  createRule,
  deleteGroup,
  ensureDefaultGroup,
  isInUse,
  rulesOf,
} from './security-group-lifecycle.js';
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
  return listAnswer(call, {
    key: 'security_groups',
    kind: 'security_group',
    filters,
    things: cloud.securityGroups,
    isSeen: (group) => sees(access, group),
    view: (group) => groupView(cloud, group),
  });
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
  refuseDefault(name);
  requireQuota(call, projectId, 'security_group');
  requireQuota(call, projectId, 'security_group_rule', 2);
  const group = createGroup(cloud, { projectId, name, description });
  return { ...ok({ security_group: groupView(cloud, group) }, 201), created: group.id };
}

/** The name of the group that Neutron makes by itself, in whatever case, and for that group itself too. */
function refuseDefault(name: string): void {
  if (name.toLowerCase() !== 'default') return;
  throw refusal(409, 'SecurityGroupDefaultAlreadyExists', 'Default security group already exists.');
}

export function updateGroup(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'update_security_group');
  const { cloud } = call;
  const group = find(call, 'security_group', cloud.securityGroups, id);
  const body = bodyOf(call, 'security_group', ['name', 'description', 'stateful']);
  requireRevision(call, group);
  const [name, description] = [shortText(body, 'name'), shortText(body, 'description')];
  refuseDefault(name ?? '');
  if (name !== null && group.name === 'default') {
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
  requireRevision(call, group);
  if (isInUse(cloud, id)) throw refusal(409, 'SecurityGroupInUse', `Security Group ${id} in use.`);
  if (group.name === 'default' && !access.isAdmin) {
    throw refusal(409, 'SecurityGroupCannotRemoveDefault', 'Insufficient rights for removing default security group.');
  }
  deleteGroup(cloud, group);
  return empty();
}

export function listRules(call: NeutronCall): Answer {
  const { cloud, access } = call;
  const all = [...ruleFilters, ...moreRuleFilters];
  return listAnswer(call, {
    key: 'security_group_rules',
    kind: 'security_group_rule',
    filters: all,
    things: cloud.securityGroupRules,
    isSeen: (rule) => sees(access, rule),
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
  const values = ruleValues(body);
  const remote = values.remoteGroupId === null ? null : cloud.securityGroups.get(values.remoteGroupId);
  // Whose the rule is, is asked of the remote group too.
  if (remote !== null && remote?.projectId !== group.projectId) {
    throw notFound('security_group', values.remoteGroupId ?? '');
  }
  refuseTwin(call, group, values);
  requireQuota(call, group.projectId, 'security_group_rule');
  const rule = createRule(cloud, group, { ...values, description: shortText(body, 'description') ?? '' });
  touch(cloud, group);
  return { ...ok({ security_group_rule: ruleView(rule) }, 201), created: rule.id };
}

function refuseTwin(call: NeutronCall, group: SecurityGroup, values: RuleValues): void {
  const key = ruleKey(values);
  for (const rule of rulesOf(call.cloud, group.id)) {
    if (ruleKey(rule) !== key) continue;
    throw refusal(409, 'SecurityGroupRuleExists', `Security group rule already exists. Rule id is ${rule.id}.`);
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
