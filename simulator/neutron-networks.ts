import { randomUUID } from 'node:crypto';
import { flagOf, textOf } from './json.js';
import type { Network, Revised, Subnet } from './model.js';
import {
  bodyOf,
  find,
  ownerOf,
  required,
  requireQuota,
  requireWriter,
  shortText,
  type NeutronCall,
} from './neutron-call.js';
import { forbidden, invalidInput, notFound, refusal } from './neutron-errors.js';
import { networkView, subnetView } from './neutron-views.js';
import { empty, ok, type Answer } from './wire.js';

const networkFields = [
  'name',
  'description',
  'project_id',
  'tenant_id',
  'shared',
  'router:external',
  'port_security_enabled',
  'admin_state_up',
];

export function createNetwork(call: NeutronCall): Answer {
  requireWriter(call, 'create_network');
  const { cloud, access } = call;
  const body = bodyOf(call, 'network', networkFields);
  const isOpen = flagOf(body, 'shared') === true || flagOf(body, 'router:external') === true;
  if (isOpen && !access.isAdmin) throw forbidden('create_network');
  const projectId = ownerOf(call, body);
  requireQuota(call, projectId, 'network');
  const network: Network = {
    ...revised(call, projectId, shortText(body, 'description') ?? ''),
    name: shortText(body, 'name') ?? '',
    status: 'ACTIVE',
    isExternal: flagOf(body, 'router:external') ?? false,
    isShared: flagOf(body, 'shared') ?? false,
    hasPortSecurity: flagOf(body, 'port_security_enabled') ?? true,
    mtu: 1442,
  };
  cloud.networks.set(network.id, network);
  return ok({ network: networkView(cloud, network) }, 201);
}

/** Its subnets go with it. */
export function deleteNetwork(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'delete_network');
  const { cloud } = call;
  find(call, 'network', cloud.networks, id);
  if ([...cloud.ports.values()].some(({ networkId }) => networkId === id)) {
    const text = `Unable to complete operation on network ${id}. There are one or more ports still in use on the network.`;
    throw refusal(409, 'NetworkInUse', text);
  }
  cloud.networks.delete(id);
  for (const subnet of cloud.subnets.values()) if (subnet.networkId === id) cloud.subnets.delete(subnet.id);
  return empty();
}

const subnetFields = [
  'name',
  'description',
  'project_id',
  'tenant_id',
  'network_id',
  'ip_version',
  'cidr',
  'gateway_ip',
];

/** IPv4 from /8 to /24; addresses are given from the first 254. */
export function createSubnet(call: NeutronCall): Answer {
  requireWriter(call, 'create_subnet');
  const { cloud } = call;
  const body = bodyOf(call, 'subnet', subnetFields);
  const network = find(call, 'network', cloud.networks, required(body, 'network_id'));
  const projectId = ownerOf(call, body);
  const cidr = textOf(body, 'cidr') ?? '';
  const match = /^(\d+\.\d+\.\d+)\.0\/(\d+)$/.exec(cidr);
  const [, prefix = '', length = ''] = match ?? [];
  if (match === null || Number(length) < 8 || Number(length) > 24) {
    throw invalidInput('cidr', `'${cidr}' is not a valid IP subnet`);
  }
  requireQuota(call, projectId, 'subnet');
  const subnet: Subnet = {
    ...revised(call, projectId, shortText(body, 'description') ?? ''),
    name: shortText(body, 'name') ?? '',
    networkId: network.id,
    cidr,
    ipVersion: 4,
    gatewayIp: textOf(body, 'gateway_ip') ?? `${prefix}.1`,
    poolStart: `${prefix}.2`,
    poolEnd: `${prefix}.254`,
  };
  cloud.subnets.set(subnet.id, subnet);
  return ok({ subnet: subnetView(cloud, subnet) }, 201);
}

export function deleteSubnet(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'delete_subnet');
  const { cloud } = call;
  if (!cloud.subnets.has(id)) throw notFound('subnet', id);
  find(call, 'subnet', cloud.subnets, id);
  if ([...cloud.ports.values()].some((port) => port.fixedIps.some(({ subnetId }) => subnetId === id))) {
    const text = `Unable to complete operation on subnet ${id}: One or more ports have an IP allocation from this subnet.`;
    throw refusal(409, 'SubnetInUse', text);
  }
  cloud.subnets.delete(id);
  return empty();
}

function revised({ cloud }: NeutronCall, projectId: string, description: string): Revised {
  const now = cloud.now();
  return { id: randomUUID(), projectId, description, createdAt: now, updatedAt: now, revision: 1 };
}
