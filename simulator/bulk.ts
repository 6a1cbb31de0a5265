import { randomUUID } from 'node:crypto';
import type { Cloud } from './cloud.js';
import type { FixedIp, Network, Server } from './model.js';
import { createPort } from './port-lifecycle.js';
import { ensureDefaultGroup } from './security-group-lifecycle.js';
import { computeHosts, zone } from './seed-names.js';

export interface BulkOrder {
  readonly servers: number;
  readonly project_id: string;
  readonly user_id: string;
  readonly network_id: string;
  readonly flavor_id: string;
  /** Each server has this many, the first of them its root volume. */
  readonly volumes_per_server: number;
  readonly image_id: string;
  /** GiB */
  readonly volume_size: number;
  readonly name_prefix: string;
  /** With one, everything carries a marker `cloud-api:<deployment>:<uuid>`. */
  readonly deployment: string | null;
}

export interface BulkServer {
  readonly id: string;
  readonly port_id: string;
  readonly volume_ids: readonly string[];
}

export class WrongOrder extends Error {}

/** Servers at rest in ACTIVE, with their ports and volumes; no build, no quota, no request. 10,000 take about a second. */
export function createInBulk(cloud: Cloud, order: BulkOrder): readonly BulkServer[] {
  const network = cloud.networks.get(order.network_id);
  const flavor = cloud.flavors.get(order.flavor_id);
  if (network === undefined) throw new WrongOrder(`no network ${order.network_id}`);
  if (flavor === undefined) throw new WrongOrder(`no flavor ${order.flavor_id}`);
  if (!cloud.projects.has(order.project_id)) throw new WrongOrder(`no project ${order.project_id}`);
  const groupId = ensureDefaultGroup(cloud, order.project_id).id;
  const made: BulkServer[] = [];
  for (let number = 1; number <= order.servers; number += 1) {
    const name = `${order.name_prefix}${String(number)}`;
    const server = newServer(cloud, order, { name, flavor });
    const port = createPort(cloud, {
      network,
      projectId: order.project_id,
      name: `${name}-nic0`,
      description: markerOf(order) ?? '',
      fixedIps: addressOn(cloud, network),
      securityGroupIds: network.hasPortSecurity ? [groupId] : [],
      hasPortSecurity: network.hasPortSecurity,
    });
    port.deviceId = server.id;
    port.deviceOwner = `compute:${zone}`;
    port.host = server.host ?? '';
    port.status = 'ACTIVE';
    server.portIds.push(port.id);
    for (let index = 0; index < order.volumes_per_server; index += 1) addVolume(cloud, order, server, index);
    cloud.servers.set(server.id, server);
    made.push({ id: server.id, port_id: port.id, volume_ids: server.volumes.map(({ volumeId }) => volumeId) });
  }
  return made;
}

function markerOf({ deployment }: BulkOrder): string | null {
  return deployment === null ? null : `cloud-api:${deployment}:${randomUUID()}`;
}

function addressOn(cloud: Cloud, network: Network): readonly FixedIp[] {
  const subnet = [...cloud.subnets.values()].find(({ networkId }) => networkId === network.id);
  const address = subnet === undefined ? null : cloud.addresses.take(subnet);
  if (subnet === undefined || address === null) throw new WrongOrder(`network ${network.name} has no free address`);
  return [{ subnetId: subnet.id, address }];
}

function newServer(cloud: Cloud, order: BulkOrder, own: Pick<Server, 'name' | 'flavor'>): Server {
  const now = cloud.now();
  const marker = markerOf(order);
  return {
    id: randomUUID(),
    name: own.name,
    projectId: order.project_id,
    userId: order.user_id,
    flavor: own.flavor,
    tags: marker === null ? [] : [marker],
    metadata: {},
    description: null,
    vmState: 'active',
    taskState: null,
    powerState: 1,
    host: computeHosts[cloud.next() % computeHosts.length] ?? null,
    zone,
    keyName: null,
    userData: null,
    volumes: [],
    portIds: [],
    actions: [],
    fault: null,
    isLocked: false,
    createdAt: now,
    updatedAt: now,
    launchedAt: now,
    deletedAt: null,
    job: cloud.next(),
  };
}

function addVolume(cloud: Cloud, order: BulkOrder, server: Server, index: number): void {
  const [now, volumeId, attachmentId] = [cloud.now(), randomUUID(), randomUUID()];
  const device = `/dev/sd${String.fromCharCode(97 + index)}`;
  const marker = markerOf(order);
  cloud.volumes.set(volumeId, {
    id: volumeId,
    name: `${server.name}-${index === 0 ? 'root' : `data${String(index)}`}`,
    description: null,
    projectId: server.projectId,
    userId: server.userId,
    status: 'in-use',
    size: order.volume_size,
    type: '__DEFAULT__',
    zone,
    imageId: index === 0 ? order.image_id : null,
    isBootable: index === 0,
    metadata: marker === null ? {} : { cloud_api: marker },
    attachments: [{ id: attachmentId, serverId: server.id, device, host: server.host ?? '', at: now }],
    host: 'sim-vol-1@sim#sim',
    createdAt: now,
    updatedAt: now,
    job: cloud.next(),
  });
  server.volumes.push({ volumeId, attachmentId, device, deleteOnTermination: false });
}
