import { randomUUID } from 'node:crypto';
import { touch, type Cloud } from './cloud.js';
import type { FixedIp, FloatingIp, Network, Port, Server } from './model.js';

export function createPort(
  cloud: Cloud,
  values: {
    readonly network: Network;
    readonly projectId: string;
    readonly name: string;
    readonly description: string;
    readonly fixedIps: readonly FixedIp[];
    readonly securityGroupIds: readonly string[];
    readonly hasPortSecurity: boolean;
  },
): Port {
  const now = cloud.now();
  // Field by field: a spread makes such objects several times slower, which ten thousand of them show.
  const port: Port = {
    id: randomUUID(),
    name: values.name,
    projectId: values.projectId,
    description: values.description,
    networkId: values.network.id,
    fixedIps: values.fixedIps,
    securityGroupIds: values.securityGroupIds,
    hasPortSecurity: values.hasPortSecurity,
    mac: macOf(cloud.next()),
    status: 'DOWN',
    deviceId: '',
    deviceOwner: '',
    host: '',
    createdAt: now,
    updatedAt: now,
    revision: 1,
  };
  cloud.ports.set(port.id, port);
  return port;
}

/** Frees the port's addresses, and the floating IPs that led to it. */
export function deletePort(cloud: Cloud, port: Port): void {
  cloud.ports.delete(port.id);
  for (const { subnetId, address } of port.fixedIps) cloud.addresses.release(subnetId, address);
  for (const floatingIp of cloud.floatingIps.values()) {
    if (floatingIp.portId !== port.id) continue;
    disassociate(cloud, floatingIp);
    floatingIp.status = 'DOWN';
  }
  const server = cloud.servers.get(port.deviceId);
  if (server !== undefined) server.portIds.splice(0, Infinity, ...server.portIds.filter((id) => id !== port.id));
}

export function bindPort(cloud: Cloud, port: Port, server: Server): void {
  port.deviceId = server.id;
  port.deviceOwner = `compute:${server.zone}`;
  port.host = server.host ?? '';
  touch(cloud, port);
}

export function plugPort(cloud: Cloud, port: Port): void {
  port.status = 'ACTIVE';
  touch(cloud, port);
}

/** Nova never deletes a port that it did not make: it stays, with its addresses. */
export function unbindPort(cloud: Cloud, port: Port): void {
  port.deviceId = '';
  port.deviceOwner = '';
  port.host = '';
  port.status = 'DOWN';
  touch(cloud, port);
}

/** The answer still shows the old status: Neutron's agents report the new one a moment later. */
export function associate(
  cloud: Cloud,
  floatingIp: FloatingIp,
  port: Port,
  fixedAddress: string,
  routerId: string,
): void {
  floatingIp.portId = port.id;
  floatingIp.fixedAddress = fixedAddress;
  floatingIp.routerId = routerId;
  touch(cloud, floatingIp);
  settleLater(cloud, floatingIp, 'ACTIVE');
}

export function disassociate(cloud: Cloud, floatingIp: FloatingIp): void {
  floatingIp.portId = null;
  floatingIp.fixedAddress = null;
  floatingIp.routerId = null;
  touch(cloud, floatingIp);
  settleLater(cloud, floatingIp, 'DOWN');
}

function settleLater(cloud: Cloud, floatingIp: FloatingIp, status: string): void {
  const job = (floatingIp.job = cloud.next());
  cloud.clock.after(cloud.settings.floating_ip_ms, () => {
    if (floatingIp.job !== job || floatingIp.status === status) return;
    floatingIp.status = status;
    touch(cloud, floatingIp);
  });
}

export function releaseFloatingIp(cloud: Cloud, floatingIp: FloatingIp): void {
  floatingIp.job = cloud.next();
  cloud.floatingIps.delete(floatingIp.id);
  cloud.addresses.release(floatingIp.subnetId, floatingIp.address);
}

function macOf(number: number): string {
  const hex = (number % 2 ** 24).toString(16).padStart(6, '0');
  return `fa:16:3e:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}`;
}
