import { randomUUID } from 'node:crypto';
import { sees } from './access.js';
import { touch } from './cloud.js';
import { textOf, type Json } from './json.js';
import type { FloatingIp, Network, Port, Router } from './model.js';
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
import { notFound, refusal } from './neutron-errors.js';
import { listAnswer } from './neutron-list.js';
import { floatingIpView } from './neutron-views.js';
import { associate, disassociate, releaseFloatingIp } from './port-lifecycle.js';
import { empty, ok, type Answer } from './wire.js';

const filters = [
  'id',
  'project_id',
  'tenant_id',
  'port_id',
  'floating_ip_address',
  'floating_network_id',
  'fixed_ip_address',
];
const moreFilters = ['router_id', 'status', 'description', 'revision_number', 'tags'];
const fields = ['port_id', 'fixed_ip_address', 'description'];
const newFields = [
  ...fields,
  'floating_network_id',
  'floating_ip_address',
  'subnet_id',
  'project_id',
  'tenant_id',
  'tags',
];

function bad(text: string): Error {
  return refusal(400, 'BadRequest', `Bad floatingip request: ${text}.`);
}

export function listFloatingIps(call: NeutronCall): Answer {
  const { cloud, access } = call;
  return listAnswer(call, {
    key: 'floatingips',
    kind: 'floatingip',
    filters: [...filters, ...moreFilters],
    things: cloud.floatingIps,
    isSeen: (one) => sees(access, one) && !cloud.isTooFresh(one),
    view: (one) => floatingIpView(cloud, one),
    direct: { port_id: ({ portId }) => portId ?? '' },
  });
}

export function showFloatingIp(call: NeutronCall, id: string): Answer {
  const { cloud } = call;
  return ok({ floatingip: floatingIpView(cloud, find(call, 'floatingip', cloud.floatingIps, id)) });
}

export function createFloatingIp(call: NeutronCall): Answer {
  requireWriter(call, 'create_floatingip');
  const { cloud } = call;
  const body = bodyOf(call, 'floatingip', newFields);
  const network = externalNetwork(call, required(body, 'floating_network_id'));
  const projectId = ownerOf(call, body);
  const description = shortText(body, 'description') ?? '';
  const target = targetOf(call, body, network, null);
  requireQuota(call, projectId, 'floatingip');
  const floatingIp = allocate(call, network, { projectId, description });
  if (target !== null) {
    associate(cloud, floatingIp, target.port, target.address, target.router.id);
    floatingIp.revision = 0;
  }
  return { ...ok({ floatingip: floatingIpView(cloud, floatingIp) }, 201), created: floatingIp.id };
}

function externalNetwork({ cloud, access }: NeutronCall, id: string): Network {
  const network = cloud.networks.get(id);
  if (network === undefined || !(network.isExternal || sees(access, network))) throw notFound('network', id);
  if (!network.isExternal) throw bad(`Network ${id} is not a valid external network`);
  return network;
}

function allocate(
  { cloud }: NeutronCall,
  network: Network,
  own: { readonly projectId: string; readonly description: string },
): FloatingIp {
  const subnet = [...cloud.subnets.values()].find(({ networkId }) => networkId === network.id);
  const address = subnet === undefined ? null : cloud.addresses.take(subnet);
  if (subnet === undefined || address === null) {
    const text = `No more IP addresses available on network ${network.id}.`;
    throw refusal(409, 'IpAddressGenerationFailure', text);
  }
  const now = cloud.now();
  const floatingIp: FloatingIp = {
    ...own,
    id: randomUUID(),
    networkId: network.id,
    subnetId: subnet.id,
    address,
    status: 'DOWN',
    portId: null,
    fixedAddress: null,
    routerId: null,
    createdAt: now,
    updatedAt: now,
    revision: 0,
    job: 0,
  };
  cloud.floatingIps.set(floatingIp.id, floatingIp);
  return floatingIp;
}

interface Target {
  readonly port: Port;
  readonly address: string;
  readonly router: Router;
}

/** Null when no port is asked for. */
function targetOf(call: NeutronCall, body: Json, network: Network, moved: FloatingIp | null): Target | null {
  const { cloud } = call;
  const wanted = textOf(body, 'fixed_ip_address');
  if (body['port_id'] === undefined || body['port_id'] === null) {
    if (wanted !== null) throw bad('fixed_ip_address cannot be specified without a port_id');
    return null;
  }
  const portId = uuid('port_id', body['port_id']);
  const port = find(call, 'port', cloud.ports, portId);
  const fixedIp = port.fixedIps.find(({ address }) => wanted === null || address === wanted);
  if (fixedIp === undefined) {
    throw bad(
      wanted === null
        ? `Cannot add floating IP to port ${portId} that has no fixed IPv4 addresses`
        : `Port ${portId} does not have fixed ip ${wanted}`,
    );
  }
  refuseDouble(call, port, fixedIp.address, network, moved);
  const router = [...cloud.routers.values()].find(
    ({ externalNetworkId, subnetIds }) => externalNetworkId === network.id && subnetIds.includes(fixedIp.subnetId),
  );
  if (router === undefined) {
    const text = `External network ${network.id} is not reachable from subnet ${fixedIp.subnetId}.  Therefore, cannot associate Port ${portId} with a Floating IP.`;
    throw refusal(404, 'ExternalGatewayForFloatingIPNotFound', text);
  }
  return { port, address: fixedIp.address, router };
}

function refuseDouble(
  { cloud }: NeutronCall,
  port: Port,
  fixedAddress: string,
  network: Network,
  moved: FloatingIp | null,
): void {
  for (const other of cloud.floatingIps.values()) {
    if (other === moved || other.portId !== port.id || other.fixedAddress !== fixedAddress) continue;
    if (other.networkId !== network.id) continue;
    const named = moved ?? other;
    const text = `Cannot associate floating IP ${named.address} (${named.id}) with port ${port.id} using fixed IP ${fixedAddress}, as that fixed IP already has a floating IP on external network ${network.id}.`;
    throw refusal(409, 'FloatingIPPortAlreadyAssociated', text);
  }
}

/** Moves an address that is in use elsewhere without a word; `If-Match` prevents it. */
export function updateFloatingIp(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'update_floatingip');
  const { cloud } = call;
  const floatingIp = find(call, 'floatingip', cloud.floatingIps, id);
  const body = bodyOf(call, 'floatingip', fields);
  requireRevision(call, floatingIp);
  const network = cloud.networks.get(floatingIp.networkId);
  if (network === undefined) throw notFound('network', floatingIp.networkId);
  const description = shortText(body, 'description');
  const target = 'port_id' in body ? targetOf(call, body, network, floatingIp) : null;
  if (description !== null) floatingIp.description = description;
  if (target !== null) associate(cloud, floatingIp, target.port, target.address, target.router.id);
  else if ('port_id' in body && floatingIp.portId !== null) disassociate(cloud, floatingIp);
  else touch(cloud, floatingIp);
  return ok({ floatingip: floatingIpView(cloud, floatingIp) });
}

export function deleteFloatingIp(call: NeutronCall, id: string): Answer {
  requireWriter(call, 'delete_floatingip');
  const floatingIp = find(call, 'floatingip', call.cloud.floatingIps, id);
  requireRevision(call, floatingIp);
  releaseFloatingIp(call.cloud, floatingIp);
  return empty();
}
