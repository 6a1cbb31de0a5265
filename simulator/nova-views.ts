import { createHash } from 'node:crypto';
import type { Json } from './json.js';
import type { Flavor, FloatingIp, Port, Server } from './model.js';
import type { NovaCall } from './nova-call.js';
import { portsOf } from './server-lifecycle.js';
import { seconds, zoneless } from './wire.js';

/** The status word that Nova shows, from what it has stored. */
export function statusOf({ vmState, taskState }: Pick<Server, 'vmState' | 'taskState'>): string {
  const byTask: Readonly<Record<string, string>> = {
    rebooting: 'REBOOT',
    rebooting_hard: 'HARD_REBOOT',
    rebuilding: 'REBUILD',
    migrating: 'MIGRATING',
    updating_password: 'PASSWORD',
    resize_prep: 'RESIZE',
  };
  const byState: Readonly<Record<string, string>> = {
    building: 'BUILD',
    active: 'ACTIVE',
    stopped: 'SHUTOFF',
    'soft-delete': 'SOFT_DELETED',
    rescued: 'RESCUE',
    resized: 'VERIFY_RESIZE',
  };
  const ofTask = vmState === 'active' || vmState === 'stopped' ? byTask[taskState ?? ''] : undefined;
  return ofTask ?? byState[vmState] ?? vmState.toUpperCase();
}

function links(base: string, kind: string, id: string): readonly Json[] {
  return [
    { rel: 'self', href: `${base}/v2.1/${kind}/${id}` },
    { rel: 'bookmark', href: `${base}/${kind}/${id}` },
  ];
}

export function shortServerView({ base }: NovaCall, { id, name }: Server): Json {
  return { id, name, links: links(base, 'servers', id) };
}

export function createdServerView(call: NovaCall, server: Server, adminPass: string): Json {
  return {
    id: server.id,
    links: links(call.base, 'servers', server.id),
    'OS-DCF:diskConfig': 'MANUAL',
    security_groups: [{ name: 'default' }],
    adminPass,
  };
}

/** Floating IPs by the port that they lead to: made once for a whole list. */
export type FloatingIpsByPort = ReadonlyMap<string, readonly FloatingIp[]>;

export function floatingIpsByPort({ cloud }: NovaCall): FloatingIpsByPort {
  const byPort = new Map<string, FloatingIp[]>();
  for (const floatingIp of cloud.floatingIps.values()) {
    if (floatingIp.portId === null) continue;
    const list = byPort.get(floatingIp.portId);
    if (list === undefined) byPort.set(floatingIp.portId, [floatingIp]);
    else list.push(floatingIp);
  }
  return byPort;
}

/** `isShown`: the answer for one server, which has a little more than a list. */
export function serverView(
  call: NovaCall,
  server: Server,
  {
    isShown,
    floatingIps = floatingIpsByPort(call),
  }: { readonly isShown: boolean; readonly floatingIps?: FloatingIpsByPort },
): Json {
  const { minor, access, base } = call;
  if (call.cloud.isCellDown) return downView(call, server);
  const status = statusOf(server);
  const ports = portsOf(call.cloud, server).filter(({ deviceId }) => deviceId === server.id);
  return {
    id: server.id,
    name: server.name,
    status,
    tenant_id: server.projectId,
    user_id: server.userId,
    metadata: server.metadata,
    hostId: server.host === null ? '' : hashOf(server.projectId + server.host),
    image: '',
    flavor: ownFlavor(call, server.flavor),
    created: seconds(server.createdAt),
    updated: seconds(server.updatedAt),
    addresses: addressesOf(call, ports, floatingIps),
    accessIPv4: '',
    accessIPv6: '',
    links: links(base, 'servers', server.id),
    'OS-DCF:diskConfig': 'MANUAL',
    ...(['ERROR', 'DELETED', 'SOFT_DELETED'].includes(status) ? {} : { progress: 0 }),
    ...(isShown || server.isUnplaced !== true ? faultOf(call, server, status) : {}),
    'OS-EXT-AZ:availability_zone': server.host === null ? '' : server.zone,
    ...(minor >= 96 ? { pinned_availability_zone: null } : {}),
    config_drive: '',
    key_name: server.keyName,
    'OS-SRV-USG:launched_at': server.launchedAt === null ? null : zoneless(server.launchedAt),
    'OS-SRV-USG:terminated_at': server.deletedAt === null ? null : zoneless(server.deletedAt),
    ...groupsOf(call, ports, server),
    ...(access.isAdmin ? adminView(server, minor) : {}),
    'OS-EXT-STS:task_state': server.taskState,
    'OS-EXT-STS:vm_state': server.vmState,
    'OS-EXT-STS:power_state': server.powerState,
    'os-extended-volumes:volumes_attached': (server.deletedAt === null ? server.volumes : []).map(
      ({ volumeId: id, deleteOnTermination }) =>
        minor >= 3 ? { id, delete_on_termination: deleteOnTermination } : { id },
    ),
    ...(access.isAdmin && minor >= 16 ? { host_status: 'UP' } : {}),
    ...versioned(server, minor, isShown),
  };
}

/** All that the API's own database knows, from 2.69 on. */
function downView({ base }: NovaCall, server: Server): Json {
  return {
    id: server.id,
    status: 'UNKNOWN',
    tenant_id: server.projectId,
    created: seconds(server.createdAt),
    links: links(base, 'servers', server.id),
  };
}

function versioned(server: Server, minor: number, isShown: boolean): Json {
  return {
    ...(minor >= 9 ? { locked: server.isLocked } : {}),
    ...(minor >= 73 ? { locked_reason: null } : {}),
    ...(minor >= 19 ? { description: server.description } : {}),
    // One that is gone has lost them.
    ...(minor >= 26 ? { tags: server.deletedAt === null ? server.tags : [] } : {}),
    ...(minor >= 63 ? { trusted_image_certificates: null } : {}),
    ...(minor >= 90 ? { 'OS-EXT-SRV-ATTR:hostname': server.name } : {}),
    ...(minor >= 71 && isShown ? { server_groups: [] } : {}),
  };
}

function adminView(server: Server, minor: number): Json {
  const basic = {
    'OS-EXT-SRV-ATTR:host': server.host,
    'OS-EXT-SRV-ATTR:instance_name': `instance-${server.id.slice(0, 8)}`,
    'OS-EXT-SRV-ATTR:hypervisor_hostname': server.host,
  };
  if (minor < 3) return basic;
  return {
    ...basic,
    'OS-EXT-SRV-ATTR:root_device_name': server.volumes[0]?.device ?? null,
    'OS-EXT-SRV-ATTR:user_data': server.userData,
  };
}

/** Details are for admins. */
function faultOf({ access }: NovaCall, { fault }: Server, status: string): Json {
  if (fault === null || !['ERROR', 'DELETED'].includes(status)) return {};
  const { code, message, at } = fault;
  const details = access.isAdmin ? { details: 'Traceback (most recent call last):' } : {};
  return { fault: { code, created: seconds(at), message, ...details } };
}

/** From 2.47 the flavor's id is no longer told. */
function ownFlavor({ base, minor }: NovaCall, flavor: Flavor): Json {
  const { id, name, vcpus, ram, disk } = flavor;
  if (minor >= 47) return { vcpus, ram, disk, ephemeral: 0, swap: 0, original_name: name, extra_specs: {} };
  return { id, links: [{ rel: 'bookmark', href: `${base}/flavors/${id}` }] };
}

function addressesOf({ cloud }: NovaCall, ports: readonly Port[], floatingIps: FloatingIpsByPort): Json {
  const byNetwork: Record<string, Json[]> = {};
  for (const port of ports) {
    const list = (byNetwork[cloud.networks.get(port.networkId)?.name ?? ''] ??= []);
    const add = (addr: string, type: string): number =>
      list.push({ version: 4, addr, 'OS-EXT-IPS:type': type, 'OS-EXT-IPS-MAC:mac_addr': port.mac });
    for (const { address } of port.fixedIps) {
      add(address, 'fixed');
      for (const floatingIp of floatingIps.get(port.id) ?? []) {
        if (floatingIp.fixedAddress === address) add(floatingIp.address, 'floating');
      }
    }
  }
  return byNetwork;
}

/** Left out when the ports have none; before they are bound Nova shows what it was asked for. */
function groupsOf({ cloud }: NovaCall, ports: readonly Port[], server: Server): Json {
  if (ports.length === 0) return server.vmState === 'building' ? { security_groups: [{ name: 'default' }] } : {};
  const names = ports.flatMap(({ securityGroupIds }) =>
    securityGroupIds.flatMap((id) => cloud.securityGroups.get(id)?.name ?? []),
  );
  return names.length === 0 ? {} : { security_groups: [...new Set(names)].map((name) => ({ name })) };
}

function hashOf(text: string): string {
  return createHash('sha224').update(text).digest('hex');
}

export function flavorView({ base, minor }: NovaCall, flavor: Flavor, isDetailed: boolean): Json {
  const { id, name, vcpus, ram, disk } = flavor;
  const description = minor >= 55 ? { description: null } : {};
  if (!isDetailed) return { id, name, links: links(base, 'flavors', id), ...description };
  return {
    id,
    name,
    ram,
    disk,
    swap: minor >= 75 ? 0 : '',
    'OS-FLV-EXT-DATA:ephemeral': 0,
    'OS-FLV-DISABLED:disabled': false,
    vcpus,
    'os-flavor-access:is_public': flavor.isPublic,
    rxtx_factor: 1,
    links: links(base, 'flavors', id),
    ...description,
    ...(minor >= 61 ? { extra_specs: {} } : {}),
  };
}
