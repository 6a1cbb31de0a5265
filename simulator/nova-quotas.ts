import { isRecord } from './json.js';
import { forbidden, type NovaCall } from './nova-call.js';
import { refuse } from './openstack-fault.js';
import { isQuotaName, novaQuotas, type Quotas } from './settings.js';
import { ok, type Answer } from './wire.js';

/** Of the token's project. */
export function showLimits({ cloud, access }: NovaCall): Answer {
  const { projectId } = access;
  const quotas = cloud.quotasOf(projectId);
  const absolute = {
    maxTotalInstances: quotas.instances,
    maxTotalCores: quotas.cores,
    maxTotalRAMSize: quotas.ram,
    maxServerMeta: quotas.metadata_items,
    maxTotalKeypairs: quotas.key_pairs,
    maxServerGroups: quotas.server_groups,
    maxServerGroupMembers: quotas.server_group_members,
    totalRAMUsed: cloud.used(projectId, 'ram'),
    totalCoresUsed: cloud.used(projectId, 'cores'),
    totalInstancesUsed: cloud.used(projectId, 'instances'),
    totalServerGroupsUsed: 0,
  };
  return ok({ limits: { rate: [], absolute } });
}

function requireOwn({ access }: NovaCall, projectId: string, action: string): void {
  if (!access.isAdmin && access.projectId !== projectId) throw forbidden(`os_compute_api:os-quota-sets:${action}`);
}

export function showQuotas(call: NovaCall, projectId: string): Answer {
  requireOwn(call, projectId, 'show');
  const quotas = call.cloud.quotasOf(projectId);
  const values = novaQuotas.map((name) => [name, quotas[name]]);
  return ok({ quota_set: { id: projectId, ...Object.fromEntries(values) } });
}

export function showQuotaDetails(call: NovaCall, projectId: string): Answer {
  requireOwn(call, projectId, 'detail');
  const { cloud } = call;
  const quotas = cloud.quotasOf(projectId);
  const values = novaQuotas.map((name) => {
    return [name, { limit: quotas[name], in_use: cloud.used(projectId, name), reserved: 0 }];
  });
  return ok({ quota_set: { id: projectId, ...Object.fromEntries(values) } });
}

export function setQuotas(call: NovaCall, projectId: string): Answer {
  if (!call.access.isAdmin) throw forbidden('os_compute_api:os-quota-sets:update');
  const given = isRecord(call.body) ? call.body['quota_set'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'quota_set' is a required property");
  const quotas: Partial<Quotas> = {};
  for (const [name, value] of Object.entries(given))
    if (isQuotaName(name) && typeof value === 'number') quotas[name] = value;
  call.cloud.setQuotas(projectId, quotas);
  const all = call.cloud.quotasOf(projectId);
  return ok({ quota_set: Object.fromEntries(novaQuotas.map((name) => [name, all[name]])) });
}
