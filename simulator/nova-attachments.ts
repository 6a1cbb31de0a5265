import { randomUUID } from 'node:crypto';
import { sees } from './access.js';
import { isRecord, textOf, type Json } from './json.js';
import type { AttachedVolume, Server } from './model.js';
import { findServer, requireWriter, type NovaCall } from './nova-call.js';
import { checkReservable } from './nova-creation-checks.js';
import { refuse } from './openstack-fault.js';
import {
  failAttaching,
  finishAttaching,
  freeVolume,
  move,
  reserveVolume,
  startAttaching,
  startDetaching,
} from './volume-lifecycle.js';
import { empty, isUuid, ok, type Answer } from './wire.js';
import { beginAction, refuseLocked } from './nova-servers.js';
import { endAction } from './server-lifecycle.js';

const attachable = ['active', 'stopped', 'paused', 'resized', 'soft-delete', 'shelved', 'shelved_offloaded'];
const detachable = [
  'active',
  'stopped',
  'paused',
  'suspended',
  'resized',
  'soft-delete',
  'shelved',
  'shelved_offloaded',
];

function view({ minor }: NovaCall, server: Server, attached: AttachedVolume): Json {
  const { volumeId, device, deleteOnTermination } = attached;
  return {
    id: volumeId,
    volumeId,
    serverId: server.id,
    device,
    ...(minor >= 70 ? { tag: null } : {}),
    ...(minor >= 79 ? { delete_on_termination: deleteOnTermination } : {}),
  };
}

export function listAttachments(call: NovaCall, id: string): Answer {
  const server = findServer(call, id);
  return ok({ volumeAttachments: server.volumes.map((attached) => view(call, server, attached)) });
}

export function showAttachment(call: NovaCall, id: string, volumeId: string): Answer {
  const server = findServer(call, id);
  return ok({ volumeAttachment: view(call, server, attachedOn(server, volumeId)) });
}

function attachedOn(server: Server, volumeId: string): AttachedVolume {
  const found = server.volumes.find((attached) => attached.volumeId === volumeId);
  if (found === undefined) {
    throw refuse(404, `Instance ${server.id} is not attached to volume ${volumeId}`);
  }
  return found;
}

export function attachVolume(call: NovaCall, id: string): Answer {
  requireWriter(call, 'os-volumes-attachments:create');
  const { cloud, access } = call;
  const server = findServer(call, id);
  const given = isRecord(call.body) ? call.body['volumeAttachment'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'volumeAttachment' is a required property");
  const volumeId = textOf(given, 'volumeId') ?? '';
  if (!isUuid(volumeId))
    throw refuse(400, `Invalid input for field/attribute volumeId. Value: ${volumeId}. '${volumeId}' is not a 'uuid'`);
  refuseLocked(call, server);
  const volume = cloud.volumes.get(volumeId);
  if (volume === undefined || !sees(access, volume)) throw refuse(404, `Volume ${volumeId} could not be found.`);
  refuseUnless(server, attachable, 'attach_volume');
  if (server.volumes.some((one) => one.volumeId === volumeId)) {
    throw refuse(400, `Invalid volume: volume ${volumeId} is already attached to instances: ${server.id}`);
  }
  checkReservable(call, volume);
  const attached: AttachedVolume = {
    volumeId,
    attachmentId: randomUUID(),
    device: freeDevice(server),
    deleteOnTermination: false,
  };
  server.volumes.push(attached);
  reserveVolume(cloud, volume);
  beginAction(call, server, 'attach_volume');
  const failure = cloud.takeFailure('attach');
  const { job } = volume;
  const isStillWanted = (): boolean => volume.job === job && cloud.servers.has(server.id);
  cloud.clock.after(cloud.settings.attach_ms / 2, () => {
    if (isStillWanted()) startAttaching(cloud, volume);
  });
  cloud.clock.after(cloud.settings.attach_ms, () => {
    if (!isStillWanted()) return;
    if (failure === null) finishAttaching(cloud, volume, server, attached.device);
    else {
      letGo(server, attached);
      failAttaching(cloud, volume);
    }
    endAction(cloud, server, failure?.message ?? null);
  });
  return ok({ volumeAttachment: view(call, server, attached) });
}

function letGo(server: Server, attached: AttachedVolume): void {
  server.volumes.splice(0, Infinity, ...server.volumes.filter((one) => one !== attached));
}

function freeDevice({ volumes }: Server): string {
  const used = volumes.map(({ device }) => device);
  for (let letter = 97; letter < 123; letter += 1) {
    const device = `/dev/sd${String.fromCharCode(letter)}`;
    if (!used.includes(device)) return device;
  }
  throw refuse(403, 'The maximum allowed number of disk devices to attach to a single instance has been exceeded.');
}

function refuseUnless(server: Server, states: readonly string[], word: string): void {
  const { id, vmState, taskState } = server;
  if (states.includes(vmState) && taskState === null) return;
  const state = states.includes(vmState) ? `task_state ${taskState ?? ''}` : `vm_state ${vmState}`;
  throw refuse(409, `Cannot '${word}' instance ${id} while it is in ${state}`);
}

export function detachVolume(call: NovaCall, id: string, volumeId: string): Answer {
  requireWriter(call, 'os-volumes-attachments:delete');
  const { cloud } = call;
  const server = findServer(call, id);
  refuseLocked(call, server);
  const attached = attachedOn(server, volumeId);
  const volume = cloud.volumes.get(volumeId);
  if (volume === undefined) throw refuse(404, `Volume ${volumeId} could not be found.`);
  if (attached === server.volumes[0]) throw refuse(400, 'Cannot detach a root device volume');
  refuseUnless(server, detachable, 'detach_volume');
  if (volume.status !== 'in-use') {
    const text = `Invalid input received: Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach. (HTTP 400) (Request-ID: ${call.requestId})`;
    throw refuse(400, `Invalid volume: ${text}`);
  }
  startDetaching(cloud, volume);
  beginAction(call, server, 'detach_volume');
  const failure = cloud.takeFailure('detach');
  const { job } = volume;
  cloud.clock.after(cloud.settings.attach_ms, () => {
    if (volume.job !== job) return;
    if (failure === null) {
      letGo(server, attached);
      freeVolume(cloud, volume, server.id);
    } else move(cloud, volume, 'in-use');
    endAction(cloud, server, failure?.message ?? null);
  });
  return empty(202);
}
