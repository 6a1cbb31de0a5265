import type { Cloud } from './cloud.js';
import { statusOf } from './nova-views.js';
import { markerIn } from './request-log.js';

interface Listed {
  readonly id: string;
  readonly project_id: string;
  /** `cloud-api:<deployment>:<uuid>`; null for what carries none. */
  readonly marker: string | null;
  readonly name: string | null;
  readonly created_at: string;
}

export interface ListedServer extends Listed {
  readonly status: string;
  readonly task_state: string | null;
  readonly flavor_id: string;
  readonly port_ids: readonly string[];
  readonly volume_ids: readonly string[];
  readonly fault: string | null;
}

export interface ListedPort extends Listed {
  readonly status: string;
  readonly network_id: string;
  readonly device_id: string | null;
  readonly addresses: readonly string[];
  readonly security_group_ids: readonly string[];
}

export interface ListedVolume extends Listed {
  readonly status: string;
  readonly size: number;
  readonly volume_type: string;
  readonly image_id: string | null;
  readonly server_ids: readonly string[];
}

export interface ListedFloatingIp extends Listed {
  readonly status: string;
  readonly address: string;
  readonly port_id: string | null;
}

export interface ListedKeyPair {
  readonly name: string;
  readonly user_id: string;
  readonly marker: string | null;
}

export interface ListedUser {
  readonly id: string;
  readonly name: string;
  readonly marker: string | null;
}

/** Everything that somebody made, whoever's it is. */
export interface Inventory {
  readonly servers: readonly ListedServer[];
  readonly ports: readonly ListedPort[];
  readonly volumes: readonly ListedVolume[];
  readonly floating_ips: readonly ListedFloatingIp[];
  readonly security_groups: readonly Listed[];
  readonly key_pairs: readonly ListedKeyPair[];
  readonly users: readonly ListedUser[];
}

const time = (ms: number): string => new Date(ms).toISOString();

/** `isMarked`: only what carries a marker. */
export function takeInventory(cloud: Cloud, { isMarked = false }: { readonly isMarked?: boolean } = {}): Inventory {
  const chosen = <T extends { readonly marker: string | null }>(things: readonly T[]): readonly T[] =>
    isMarked ? things.filter(({ marker }) => marker !== null) : things;
  return {
    servers: chosen(servers(cloud)),
    ports: chosen(ports(cloud)),
    volumes: chosen(volumes(cloud)),
    floating_ips: chosen(floatingIps(cloud)),
    security_groups: chosen(
      [...cloud.securityGroups.values()].map(({ id, projectId, description, name, createdAt }) => ({
        id,
        project_id: projectId,
        marker: markerIn(description),
        name,
        created_at: time(createdAt),
      })),
    ),
    key_pairs: chosen(
      [...cloud.keyPairs.values()].map(({ name, userId }) => ({ name, user_id: userId, marker: markerIn(name) })),
    ),
    users: chosen(
      [...cloud.users.values()].map(({ id, name, description }) => ({ id, name, marker: markerIn(description ?? '') })),
    ),
  };
}

function servers(cloud: Cloud): readonly ListedServer[] {
  return [...cloud.servers.values()].map((server) => ({
    id: server.id,
    project_id: server.projectId,
    marker: markerIn(server.tags.join(' ')),
    name: server.name,
    created_at: time(server.createdAt),
    status: statusOf(server),
    task_state: server.taskState,
    flavor_id: server.flavor.id,
    port_ids: server.portIds,
    volume_ids: server.volumes.map(({ volumeId }) => volumeId),
    fault: server.fault?.message ?? null,
  }));
}

function ports(cloud: Cloud): readonly ListedPort[] {
  return [...cloud.ports.values()].map((port) => ({
    id: port.id,
    project_id: port.projectId,
    marker: markerIn(port.description),
    name: port.name,
    created_at: time(port.createdAt),
    status: port.status,
    network_id: port.networkId,
    device_id: port.deviceId === '' ? null : port.deviceId,
    addresses: port.fixedIps.map(({ address }) => address),
    security_group_ids: port.securityGroupIds,
  }));
}

function volumes(cloud: Cloud): readonly ListedVolume[] {
  return [...cloud.volumes.values()].map((volume) => ({
    id: volume.id,
    project_id: volume.projectId,
    marker: volume.metadata['cloud_api'] ?? null,
    name: volume.name,
    created_at: time(volume.createdAt),
    status: volume.status,
    size: volume.size,
    volume_type: volume.type,
    image_id: volume.imageId,
    server_ids: volume.attachments.map(({ serverId }) => serverId),
  }));
}

function floatingIps(cloud: Cloud): readonly ListedFloatingIp[] {
  return [...cloud.floatingIps.values()].map((floatingIp) => ({
    id: floatingIp.id,
    project_id: floatingIp.projectId,
    marker: markerIn(floatingIp.description),
    name: null,
    created_at: time(floatingIp.createdAt),
    status: floatingIp.status,
    address: floatingIp.address,
    port_id: floatingIp.portId,
  }));
}
