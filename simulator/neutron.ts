import { accessOf, sees } from './access.js';
import type { Cloud } from './cloud.js';
import type { Json } from './json.js';
import { isRecord } from './json.js';
import { unauthenticatedElsewhere } from './keystone-errors.js';
import type { NeutronCall } from './neutron-call.js';
import { badRequest, forbidden, neutronError, notFound } from './neutron-errors.js';
import * as floatingIps from './neutron-floating-ips.js';
import { listAnswer } from './neutron-list.js';
import * as networks from './neutron-networks.js';
import * as ports from './neutron-ports.js';
import * as groups from './neutron-security-groups.js';
import { networkView, routerView, subnetView } from './neutron-views.js';
import { defaultQuotas, isQuotaName, neutronQuotas, type Quotas } from './settings.js';
import { empty, ok, Router, type Answer, type Call } from './wire.js';

const routes = new Router<NeutronCall>()
  .on('GET /v2.0/extensions', listExtensions)
  .on('GET /v2.0/availability_zones', () => ok({ availability_zones: [] }))
  .on('GET /v2.0/networks', listNetworks)
  .on('POST /v2.0/networks', networks.createNetwork)
  .on('GET /v2.0/networks/{id}', showNetwork)
  .on('DELETE /v2.0/networks/{id}', networks.deleteNetwork)
  .on('GET /v2.0/subnets', listSubnets)
  .on('POST /v2.0/subnets', networks.createSubnet)
  .on('GET /v2.0/subnets/{id}', showSubnet)
  .on('DELETE /v2.0/subnets/{id}', networks.deleteSubnet)
  .on('GET /v2.0/routers', listRouters)
  .on('GET /v2.0/ports', ports.listPorts)
  .on('POST /v2.0/ports', ports.createPort)
  .on('GET /v2.0/ports/{id}', ports.showPort)
  .on('PUT /v2.0/ports/{id}', ports.updatePort)
  .on('DELETE /v2.0/ports/{id}', ports.deletePort)
  .on('GET /v2.0/floatingips', floatingIps.listFloatingIps)
  .on('POST /v2.0/floatingips', floatingIps.createFloatingIp)
  .on('GET /v2.0/floatingips/{id}', floatingIps.showFloatingIp)
  .on('PUT /v2.0/floatingips/{id}', floatingIps.updateFloatingIp)
  .on('DELETE /v2.0/floatingips/{id}', floatingIps.deleteFloatingIp)
  .on('GET /v2.0/security-groups', groups.listGroups)
  .on('POST /v2.0/security-groups', groups.addGroup)
  .on('GET /v2.0/security-groups/{id}', groups.showGroup)
  .on('PUT /v2.0/security-groups/{id}', groups.updateGroup)
  .on('DELETE /v2.0/security-groups/{id}', groups.removeGroup)
  .on('GET /v2.0/security-group-rules', groups.listRules)
  .on('POST /v2.0/security-group-rules', groups.addRule)
  .on('GET /v2.0/security-group-rules/{id}', groups.showRule)
  .on('DELETE /v2.0/security-group-rules/{id}', groups.removeRule)
  .on('GET /v2.0/quotas/{id}', showQuotas)
  .on('PUT /v2.0/quotas/{id}', setQuotas)
  .on('DELETE /v2.0/quotas/{id}', resetQuotas)
  .on('GET /v2.0/quotas/{id}/details', showQuotaDetails);

export function neutron(cloud: Cloud, call: Call): Answer {
  const { method, path, origin, token } = call;
  if (method === 'GET' && (path === '' || path === '/')) {
    const links = [{ rel: 'self', href: `${origin}/network/v2.0/` }];
    return ok({ versions: [{ id: 'v2.0', status: 'CURRENT', links }] });
  }
  if (token === null) return unauthenticatedElsewhere(origin);
  const handle = routes.find(method, path.replace(/\.json$/, ''));
  if (handle === null) return neutronError(404, 'HTTPNotFound', 'The resource could not be found.');
  if (call.hasBrokenBody) throw badRequest('Body contains invalid data');
  const access = accessOf(cloud, token);
  return handle({ ...call, cloud, token, access });
}

const extensions = [
  'availability_zone',
  'external-net',
  'filter-validation',
  'fip-port-details',
  'net-mtu',
  'pagination',
  'binding',
  'port-security',
  'project-id',
  'quotas',
  'quota_details',
  'revision-if-match',
  'router',
  'security-group',
  'sorting',
  'standard-attr-description',
  'standard-attr-revisions',
  'standard-attr-tag',
  'standard-attr-timestamp',
  'stateful-security-group',
];

function listExtensions(): Answer {
  const view = (alias: string): Json => ({
    name: alias,
    alias,
    description: '',
    updated: '2020-07-15T10:00:00-00:00',
    links: [],
  });
  return ok({ extensions: extensions.map(view) });
}

const networkFilters = ['id', 'name', 'status', 'shared', 'router:external', 'project_id', 'tenant_id', 'description'];

function listNetworks(call: NeutronCall): Answer {
  const { cloud, access } = call;
  return listAnswer(call, {
    key: 'networks',
    kind: 'network',
    filters: networkFilters,
    things: cloud.networks,
    isSeen: (one) => sees(access, one) || one.isExternal || one.isShared,
    view: (network) => networkView(cloud, network),
  });
}

function showNetwork(call: NeutronCall, id: string): Answer {
  const { cloud, access } = call;
  const network = cloud.networks.get(id);
  if (network === undefined || !(sees(access, network) || network.isExternal || network.isShared)) {
    throw notFound('network', id);
  }
  return ok({ network: networkView(cloud, network) });
}

const subnetFilters = ['id', 'name', 'network_id', 'cidr', 'ip_version', 'project_id', 'tenant_id'];

/** Subnets of an external network are seen with it. */
function listSubnets(call: NeutronCall): Answer {
  const { cloud, access } = call;
  return listAnswer(call, {
    key: 'subnets',
    kind: 'subnet',
    filters: subnetFilters,
    things: cloud.subnets,
    isSeen: (one) => sees(access, one) || cloud.networks.get(one.networkId)?.isExternal === true,
    view: (subnet) => subnetView(cloud, subnet),
  });
}

function showSubnet(call: NeutronCall, id: string): Answer {
  const { cloud, access } = call;
  const subnet = cloud.subnets.get(id);
  if (subnet === undefined || !sees(access, subnet)) throw notFound('subnet', id);
  return ok({ subnet: subnetView(cloud, subnet) });
}

function listRouters(call: NeutronCall): Answer {
  const { cloud, access } = call;
  return listAnswer(call, {
    key: 'routers',
    kind: 'router',
    filters: ['id', 'name', 'project_id', 'tenant_id'],
    things: cloud.routers,
    isSeen: (router) => sees(access, router),
    view: routerView,
  });
}

function requireOwnQuotas({ access }: NeutronCall, projectId: string): void {
  if (!access.isAdmin && access.projectId !== projectId) throw forbidden('get_quota');
}

function showQuotas(call: NeutronCall, projectId: string): Answer {
  requireOwnQuotas(call, projectId);
  const quotas = call.cloud.quotasOf(projectId);
  return ok({ quota: Object.fromEntries(neutronQuotas.map((name) => [name, quotas[name]])) });
}

function showQuotaDetails(call: NeutronCall, projectId: string): Answer {
  requireOwnQuotas(call, projectId);
  const { cloud } = call;
  const quotas = cloud.quotasOf(projectId);
  const details = neutronQuotas.map((name) => {
    return [name, { limit: quotas[name], used: cloud.used(projectId, name), reserved: 0 }];
  });
  return ok({ quota: Object.fromEntries(details) });
}

function setQuotas(call: NeutronCall, projectId: string): Answer {
  if (!call.access.isAdmin) throw forbidden('update_quota');
  const given = isRecord(call.body) ? call.body['quota'] : undefined;
  if (!isRecord(given)) throw badRequest("Unable to find 'quota' in request body");
  const quotas: Partial<Quotas> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!isQuotaName(name) || typeof value !== 'number') throw badRequest(`Unrecognized attribute(s) '${name}'`);
    quotas[name] = value;
  }
  call.cloud.setQuotas(projectId, quotas);
  return showQuotas(call, projectId);
}

function resetQuotas(call: NeutronCall, projectId: string): Answer {
  if (!call.access.isAdmin) throw forbidden('delete_quota');
  const defaults = neutronQuotas.map((name) => [name, defaultQuotas[name]] as const);
  call.cloud.setQuotas(projectId, Object.fromEntries(defaults));
  return empty();
}
