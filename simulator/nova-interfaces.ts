import type { Json } from './json.js';
import type { Port } from './model.js';
import { findServer, type NovaCall } from './nova-call.js';
import { portsOf } from './server-lifecycle.js';
import { ok, type Answer } from './wire.js';

export function listInterfaces(call: NovaCall, id: string): Answer {
  const server = findServer(call, id);
  const ports = portsOf(call.cloud, server).filter(({ deviceId }) => deviceId === id);
  return ok({ interfaceAttachments: ports.map((port) => view(port, call.minor)) });
}

function view(port: Port, minor: number): Json {
  return {
    net_id: port.networkId,
    port_id: port.id,
    mac_addr: port.mac,
    port_state: port.status,
    fixed_ips: port.fixedIps.map(({ subnetId, address }) => ({ subnet_id: subnetId, ip_address: address })),
    ...(minor >= 70 ? { tag: null } : {}),
  };
}
