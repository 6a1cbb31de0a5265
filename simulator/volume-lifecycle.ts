import { randomUUID } from 'node:crypto';
import type { Cloud } from './cloud.js';
import type { Server, Volume } from './model.js';
import { zone } from './seed-names.js';

/** No backend has more. */
const backendGib = 10_000_000;
const noRoomToGrow = {
  kind: 'extend',
  message: 'extend volume:Could not find any available weighted backend.',
} as const;
const noRoom = { message: 'schedule allocate volume:Could not find any available weighted backend.' } as const;

export function createVolume(
  cloud: Cloud,
  values: {
    readonly projectId: string;
    readonly userId: string;
    readonly name: string | null;
    readonly description: string | null;
    readonly size: number;
    readonly type: string;
    readonly imageId: string | null;
    readonly metadata: Readonly<Record<string, string>>;
    readonly requestId: string;
  },
): Volume {
  const { requestId, metadata, ...own } = values;
  const volume: Volume = {
    ...own,
    id: randomUUID(),
    status: 'creating',
    zone,
    isBootable: false,
    metadata: { ...metadata },
    attachments: [],
    host: null,
    createdAt: cloud.now(),
    updatedAt: null,
    job: cloud.next(),
  };
  cloud.volumes.set(volume.id, volume);
  planCreation(cloud, volume, requestId);
  return volume;
}

function planCreation(cloud: Cloud, volume: Volume, requestId: string): void {
  const total = cloud.settings.volume_create_ms;
  const failure = volume.size > backendGib ? noRoom : cloud.takeFailure('volume');
  if (failure !== null) {
    later(cloud, volume, total / 3, () => {
      fail(cloud, volume, 'error', requestId, failure.message);
    });
    return;
  }
  later(cloud, volume, total / 10, () => {
    volume.host = 'sim-vol-1@sim#sim';
  });
  if (volume.imageId !== null) {
    later(cloud, volume, total / 3, () => {
      move(cloud, volume, 'downloading');
    });
  }
  later(cloud, volume, total, () => {
    volume.isBootable = volume.imageId !== null;
    move(cloud, volume, 'available');
  });
}

/** A volume for which no backend was chosen yet goes at once, in whatever status. */
export function deleteVolume(cloud: Cloud, volume: Volume): void {
  const job = (volume.job = cloud.next());
  if (volume.host === null) {
    cloud.volumes.delete(volume.id);
    return;
  }
  const failure = cloud.takeFailure('volume-delete');
  move(cloud, volume, 'deleting');
  cloud.clock.after(cloud.settings.volume_delete_ms, () => {
    if (volume.job !== job) return;
    // Of a failed deletion Cinder leaves no message.
    if (failure === null) cloud.volumes.delete(volume.id);
    else move(cloud, volume, 'error_deleting');
  });
}

/** Where no backend has room the volume is as it was, and a message tells why. */
export function extendVolume(cloud: Cloud, volume: Volume, size: number, requestId: string): void {
  const before = volume.status;
  const failure = size > backendGib ? noRoomToGrow : cloud.takeFailure('extend', 'extend-driver');
  volume.job = cloud.next();
  move(cloud, volume, 'extending');
  later(cloud, volume, cloud.settings.volume_extend_ms, () => {
    if (failure !== null) {
      fail(cloud, volume, failure.kind === 'extend' ? before : 'error_extending', requestId, failure.message);
      return;
    }
    volume.size = size;
    move(cloud, volume, before);
  });
}

export function reserveVolume(cloud: Cloud, volume: Volume): void {
  volume.job = cloud.next();
  move(cloud, volume, 'reserved');
}

export function startAttaching(cloud: Cloud, volume: Volume): void {
  move(cloud, volume, 'attaching');
}

export function finishAttaching(cloud: Cloud, volume: Volume, server: Server, device: string): void {
  volume.attachments.push({ id: randomUUID(), serverId: server.id, device, host: server.host ?? '', at: cloud.now() });
  move(cloud, volume, 'in-use');
}

/** The host gave up: the reservation is gone. */
export function failAttaching(cloud: Cloud, volume: Volume): void {
  volume.job = cloud.next();
  move(cloud, volume, volume.attachments.length === 0 ? 'available' : 'in-use');
}

export function startDetaching(cloud: Cloud, volume: Volume): void {
  volume.job = cloud.next();
  move(cloud, volume, 'detaching');
}

/** Takes away the server's attachment or reservation; with none left the volume is available. */
export function freeVolume(cloud: Cloud, volume: Volume, serverId: string): void {
  const left = volume.attachments.filter((attachment) => attachment.serverId !== serverId);
  volume.attachments.splice(0, Infinity, ...left);
  volume.job = cloud.next();
  move(cloud, volume, left.length === 0 ? 'available' : 'in-use');
}

export function fail(cloud: Cloud, volume: Volume, status: string, requestId: string, text: string): void {
  volume.job = cloud.next();
  move(cloud, volume, status);
  const { projectId, id: resourceId } = volume;
  cloud.messages.unshift({ id: randomUUID(), projectId, resourceId, text, requestId, at: cloud.now() });
}

export function move(cloud: Cloud, volume: Volume, status: string): void {
  volume.status = status;
  volume.updatedAt = cloud.now();
}

/** Dropped when another job took the volume over meanwhile. */
function later(cloud: Cloud, volume: Volume, delayMs: number, work: () => void): void {
  const { job } = volume;
  cloud.clock.after(delayMs, () => {
    if (volume.job === job && cloud.volumes.has(volume.id)) work();
  });
}
