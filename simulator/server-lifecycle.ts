import type { Cloud } from './cloud.js';
import type { AttachedVolume, Port, Server } from './model.js';
import { bindPort, plugPort, unbindPort } from './port-lifecycle.js';
import { computeHosts } from './seed-names.js';
import { deleteVolume, finishAttaching, freeVolume, startAttaching } from './volume-lifecycle.js';

const rememberedServers = 2000;
/** No host has more. */
const hostVcpus = 1024;
const noRoom = {
  kind: 'no-valid-host',
  message: 'No valid host was found. There are not enough hosts available.',
} as const;

/** Plans a build: scheduling, networking, block devices, spawning. The volumes are reserved already. */
export function startBuild(cloud: Cloud, server: Server): void {
  const total = cloud.settings.server_build_ms;
  const failure = server.flavor.vcpus > hostVcpus ? noRoom : cloud.takeFailure('no-valid-host', 'spawn');
  if (failure?.kind === 'no-valid-host') {
    later(cloud, server, total / 5, () => {
      server.isUnplaced = true;
      breakServer(cloud, server, failure.message);
    });
    return;
  }
  later(cloud, server, total / 10, () => {
    server.host = computeHosts[cloud.next() % computeHosts.length] ?? null;
    work(cloud, server, 'networking');
  });
  later(cloud, server, total / 4, () => {
    const ports = portsOf(cloud, server);
    if (ports.length < server.portIds.length || ports.some(({ deviceId }) => deviceId !== '')) {
      failToSpawn(
        cloud,
        server,
        `Build of instance ${server.id} aborted: Failed to allocate the network(s), not rescheduling.`,
      );
      return;
    }
    for (const port of ports) bindPort(cloud, port, server);
    work(cloud, server, 'block_device_mapping');
    for (const { volumeId } of server.volumes) {
      const volume = cloud.volumes.get(volumeId);
      if (volume !== undefined) startAttaching(cloud, volume);
    }
  });
  later(cloud, server, total / 2, () => {
    attachAll(cloud, server);
    work(cloud, server, 'spawning');
  });
  later(cloud, server, total, () => {
    if (failure === null) becomeActive(cloud, server);
    else failToSpawn(cloud, server, failure.message);
  });
}

function attachAll(cloud: Cloud, server: Server): void {
  for (const { volumeId, device } of server.volumes) {
    const volume = cloud.volumes.get(volumeId);
    if (volume?.status === 'attaching') finishAttaching(cloud, volume, server, device);
  }
}

function becomeActive(cloud: Cloud, server: Server): void {
  for (const port of portsOf(cloud, server)) plugPort(cloud, port);
  server.vmState = 'active';
  server.powerState = 1;
  server.launchedAt = cloud.now();
  work(cloud, server, null);
  endAction(cloud, server, null);
}

/** The hosts gave up: ports and volumes are free again, the server stays in ERROR. */
function failToSpawn(cloud: Cloud, server: Server, message: string): void {
  for (const port of portsOf(cloud, server)) if (port.deviceId === server.id) unbindPort(cloud, port);
  for (const { volumeId } of server.volumes) {
    const volume = cloud.volumes.get(volumeId);
    if (volume !== undefined) freeVolume(cloud, volume, server.id);
  }
  server.host = null;
  breakServer(cloud, server, message);
}

/** ERROR with a fault. What the server held it goes on holding until it is deleted. */
export function breakServer(cloud: Cloud, server: Server, message: string): void {
  server.job = cloud.next();
  server.vmState = 'error';
  server.powerState = 0;
  server.fault = { code: 500, message, at: cloud.now() };
  work(cloud, server, null);
  endAction(cloud, server, 'Error');
}

/** Allowed in every state, in the middle of a build too. */
export function deleteServer(cloud: Cloud, server: Server): void {
  server.job = cloud.next();
  const total = cloud.settings.server_delete_ms;
  work(cloud, server, 'deleting');
  later(cloud, server, total / 2, () => {
    for (const port of portsOf(cloud, server)) if (port.deviceId === server.id) unbindPort(cloud, port);
  });
  later(cloud, server, total, () => {
    removeServer(cloud, server);
  });
}

export function softDeleteServer(cloud: Cloud, server: Server): void {
  server.job = cloud.next();
  work(cloud, server, 'soft-deleting');
  later(cloud, server, cloud.settings.server_delete_ms, () => {
    server.vmState = 'soft-delete';
    server.powerState = 4;
    work(cloud, server, null);
    endAction(cloud, server, null);
  });
}

/** Gone at once; Cinder lets go of the volumes a moment later. */
export function removeServer(cloud: Cloud, server: Server): void {
  server.job = cloud.next();
  for (const port of portsOf(cloud, server)) if (port.deviceId === server.id) unbindPort(cloud, port);
  cloud.servers.delete(server.id);
  server.vmState = 'deleted';
  server.powerState = 0;
  server.deletedAt = cloud.now();
  work(cloud, server, null);
  endAction(cloud, server, null);
  remember(cloud, server);
  cloud.clock.after(cloud.settings.detach_lag_ms, () => {
    for (const attached of server.volumes) letGo(cloud, server, attached);
  });
}

function letGo(cloud: Cloud, server: Server, { volumeId, deleteOnTermination }: AttachedVolume): void {
  const volume = cloud.volumes.get(volumeId);
  if (volume === undefined) return;
  const isHeld = volume.attachments.some(({ serverId }) => serverId === server.id);
  const isReserved = volume.attachments.length === 0 && ['reserved', 'attaching', 'detaching'].includes(volume.status);
  if (isHeld || isReserved) freeVolume(cloud, volume, server.id);
  if (deleteOnTermination && volume.status === 'available') deleteVolume(cloud, volume);
}

function remember(cloud: Cloud, server: Server): void {
  cloud.deletedServers.set(server.id, server);
  if (cloud.deletedServers.size <= rememberedServers) return;
  for (const oldest of cloud.deletedServers.keys()) {
    cloud.deletedServers.delete(oldest);
    return;
  }
}

/** A change that ends in a state: start, stop, reboot and the like. */
export function changeState(
  cloud: Cloud,
  server: Server,
  change: { readonly task: string; readonly vmState: string; readonly powerState: number; readonly delayMs?: number },
): void {
  server.job = cloud.next();
  work(cloud, server, change.task);
  later(cloud, server, change.delayMs ?? cloud.settings.server_action_ms, () => {
    server.vmState = change.vmState;
    server.powerState = change.powerState;
    work(cloud, server, null);
    endAction(cloud, server, null);
  });
}

/** Ends what Nova lists in os-instance-actions. */
export function endAction(cloud: Cloud, server: Server, message: string | null): void {
  const action = server.actions[0];
  if (action === undefined) return;
  action.updatedAt = cloud.now();
  action.message = message;
}

export function portsOf(cloud: Cloud, server: Server): Port[] {
  return server.portIds.flatMap((id) => cloud.ports.get(id) ?? []);
}

function work(cloud: Cloud, server: Server, taskState: string | null): void {
  server.taskState = taskState;
  server.updatedAt = cloud.now();
}

function later(cloud: Cloud, server: Server, delayMs: number, then: () => void): void {
  const { job } = server;
  cloud.clock.after(delayMs, () => {
    if (server.job === job && cloud.servers.has(server.id)) then();
  });
}
