import { isInside } from './addresses.js';
import { touch } from './cloud.js';
import { isRecord, listOf, textOf, type Json } from './json.js';
import type { FixedIp, Network, Port, Subnet } from './model.js';
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
import { invalidInput, notFound, refusal } from './neutron-errors.js';
import { listAnswer } from './neutron-list.js';
import { portView } from './neutron-views.js';
import { createPort as makePort, deletePort as removePort } from './port-lifecycle.js';
import { ensureDefaultGroup } from './security-group-lifecycle.js';
import { sees } from './access.js';
import { empty, ok, type Answer } from './wire.js';

const filters = ['id', 'name', 'network_id', 'project_id', 'tenant_id', 'device_id', 'device_owner', 'description'];
const moreFilters = [
  'status',
  'mac_address',
  'admin_state_up',
  'fixed_ips',
  'security_groups',
  'revision_number',
  'tags',
];
const changeable = ['name', 'description', 'security_groups', 'fixed_ips', 'admin_state_up', 'port_security_enabled'];
const settable = [...changeable, 'device_id', 'device_owner', 'binding:vnic_type', 'allowed_address_pairs'];
const fields = ['network_id', 'project_id', 'tenant_id', 'mac_address', 'tags', ...settable];

export function listPorts(call: NeutronCall): Answer {
  const { cloud, access } = call;
  return listAnswer(call, {
    key: 'ports',
    kind: 'port',
    filters: [...filters, ...moreFilters],
    things: cloud.ports,
    isSeen: (port) => sees(access, port) && !cloud.isTooFresh(port),
    view: (port) => portView(port, access.isAdmin),
    direct: { device_id: ({ deviceId }) => deviceId, network_id: ({ networkId }) => networkId },
  });
}

export function showPort(call: NeutronCall, id: string): Answer {
  return ok({ port: portView(find(call, 'port', call.cloud.ports, id), call.access.isAdmin) });
}

export function createPort(call: NeutronCall): Answer {
  requireWriter(call, 'create_port');
  const { cloud, access } = call;
  const body = bodyOf(call, 'port', fields);
  const network = networkOf(call, required(body, 'network_id'));
  const projectId = ownerOf(call, body);
  const [name, description] = [shortText(body, 'name') ?? '', shortText(body, 'description') ?? ''];
  const hasPortSecurity =
    typeof body['port_security_enabled'] === 'boolean' ? body['port_security_enabled'] : network.hasPortSecurity;
  const securityGroupIds = groupsOf(call, body, { projectId, hasPortSecurity });
  requireQuota(call, projectId, 'port');
  const fixedIps = takeFixedIps(call, network, body);
  const port = makePort(cloud, { network, projectId, name, description, fixedIps, securityGroupIds, hasPortSecurity });
  return { ...ok({ port: portView(port, access.isAdmin) }, 201), created: port.id };
}

function networkOf(call: NeutronCall, id: string): Network {
  const { cloud, access } = call;
  const network = cloud.networks.get(id);
  if (network === undefined || !(sees(access, network) || network.isShared || network.isExternal))
    throw notFound('network', id);
  if (sees(access, network) || network.isShared) return network;
  const text = `Tenant ${access.projectId} not allowed to create port on this network`;
  throw refusal(403, 'HTTPForbidden', text);
}

/** Left out: the project's default group; on a network without port security none, and none may be asked for. */
function groupsOf(
  call: NeutronCall,
  body: Json,
  { projectId, hasPortSecurity }: { readonly projectId: string; readonly hasPortSecurity: boolean },
): readonly string[] {
  const { cloud } = call;
  if (body['security_groups'] === undefined) {
    return hasPortSecurity ? [ensureDefaultGroup(cloud, projectId).id] : [];
  }
  const wanted = listOf(body, 'security_groups').map((id) => uuid('security_groups', id));
  const twice = wanted.find((id, index) => wanted.indexOf(id) !== index);
  if (twice !== undefined) throw invalidInput('security_groups', `Duplicate items in the list: '${twice}'`);
  for (const id of wanted) {
    const group = cloud.securityGroups.get(id);
    if (group === undefined || !sees(call.access, group)) throw notFound('security_group', id);
  }
  if (wanted.length > 0 && !hasPortSecurity) {
    const text = 'Port security must be enabled and port must have an IP address in order to use security groups.';
    throw refusal(400, 'PortSecurityAndIPRequiredForSecurityGroups', text);
  }
  return wanted;
}

/** One address of the network unless others are asked for. All are free again when one cannot be had. */
function takeFixedIps(call: NeutronCall, network: Network, body: Json): FixedIp[] {
  const subnets = [...call.cloud.subnets.values()].filter(({ networkId }) => networkId === network.id);
  const wanted = body['fixed_ips'] === undefined ? (subnets.length === 0 ? [] : [{}]) : listOf(body, 'fixed_ips');
  const taken: FixedIp[] = [];
  try {
    for (const item of wanted) taken.push(takeFixedIp(call, network, subnets, item));
  } catch (error) {
    for (const { subnetId, address } of taken) call.cloud.addresses.release(subnetId, address);
    throw error;
  }
  return taken;
}

function takeFixedIp(call: NeutronCall, network: Network, subnets: readonly Subnet[], item: unknown): FixedIp {
  if (!isRecord(item)) throw invalidInput('fixed_ips', `'${String(item)}' is not a valid dictionary`);
  const [subnetId, address] = [textOf(item, 'subnet_id'), textOf(item, 'ip_address')];
  if (subnetId !== null && !call.cloud.subnets.has(subnetId)) throw notFound('subnet', subnetId);
  const subnet = subnets.find(
    ({ id, cidr }) => (subnetId === null || id === subnetId) && (address === null || isInside(cidr, address)),
  );
  if (subnet === undefined) {
    const text =
      address === null
        ? `Failed to create port on network ${network.id}, because fixed_ips included invalid subnet ${subnetId ?? ''}.`
        : `IP address ${address} is not a valid IP for any of the subnets on the specified network.`;
    throw refusal(400, address === null ? 'InvalidInput' : 'InvalidIpForNetwork', text);
  }
  if (address !== null) {
    if (call.cloud.addresses.claim(subnet, address)) return { subnetId: subnet.id, address };
    const text = `IP address ${address} already allocated in subnet ${subnet.id}`;
    throw refusal(409, 'IpAddressAlreadyAllocated', text);
  }
  const free = call.cloud.addresses.take(subnet);
  if (free === null) {
    const text = `No more IP addresses available on network ${network.id}.`;
    throw refusal(409, 'IpAddressGenerationFailure', text);
  }
  return { subnetId: subnet.id, address: free };
}

export function updatePort(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'update_port');
  const port = find(call, 'port', call.cloud.ports, id);
  const body = bodyOf(call, 'port', settable);
  requireRevision(call, port);
  const { projectId, hasPortSecurity } = port;
  if (body['security_groups'] !== undefined) {
    port.securityGroupIds = groupsOf(call, body, { projectId, hasPortSecurity });
  }
  if (body['fixed_ips'] !== undefined) replaceFixedIps(call, port, body);
  port.name = shortText(body, 'name') ?? port.name;
  port.description = shortText(body, 'description') ?? port.description;
  port.deviceId = textOf(body, 'device_id') ?? port.deviceId;
  port.deviceOwner = textOf(body, 'device_owner') ?? port.deviceOwner;
  touch(call.cloud, port);
  return ok({ port: portView(port, call.access.isAdmin) });
}

function replaceFixedIps(call: NeutronCall, port: Port, body: Json): void {
  const network = call.cloud.networks.get(port.networkId);
  if (network === undefined) throw notFound('network', port.networkId);
  const before = port.fixedIps;
  for (const { subnetId, address } of before) call.cloud.addresses.release(subnetId, address);
  port.fixedIps = takeFixedIps(call, network, body);
}

/** A port of a server may go too: the server stays, without it. */
export function deletePort(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'delete_port');
  const port = find(call, 'port', call.cloud.ports, id);
  requireRevision(call, port);
  removePort(call.cloud, port);
  return empty();
}
