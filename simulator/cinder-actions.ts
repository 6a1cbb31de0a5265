import type { CinderCall } from './cinder-call.js';
import { findVolume, requireQuotas, requireWriter } from './cinder-volumes.js';
import { isRecord, numberOf, textOf, type Json } from './json.js';
import type { Volume } from './model.js';
import { refuse } from './openstack-fault.js';
import { deleteVolume, extendVolume, move } from './volume-lifecycle.js';
import { empty, type Answer } from './wire.js';

export function runAction(call: CinderCall, id: string): Answer {
  requireWriter(call.access, 'volume:update');
  const volume = findVolume(call, id);
  const body: Json = isRecord(call.body) ? call.body : {};
  const [name = ''] = Object.keys(body);
  const values = isRecord(body[name]) ? body[name] : {};
  switch (name) {
    case 'os-extend':
      return extend(call, volume, values);
    case 'os-reset_status':
      return resetStatus(call, volume, values);
    case 'os-force_delete':
      requireAdmin(call, 'volume_extension:volume_admin_actions:force_delete');
      deleteVolume(call.cloud, volume);
      return empty(202);
    case 'os-set_bootable':
      volume.isBootable = values['bootable'] === true;
      return empty(200);
    default:
      throw refuse(
        400,
        `There is no such action: ${name}. Verify the request body and Content-Type header and try again.`,
      );
  }
}

function requireAdmin({ access }: CinderCall, action: string): void {
  if (!access.isAdmin) throw refuse(403, `Policy doesn't allow ${action} to be performed.`);
}

/** In use only from 3.42. */
function extend(call: CinderCall, volume: Volume, values: Json): Answer {
  const size = numberOf(values, 'new_size');
  if (size === null)
    throw refuse(400, "Invalid input for field/attribute os-extend. Value: {}. 'new_size' is a required property");
  const allowed = call.minor >= 42 ? ['available', 'in-use'] : ['available'];
  if (!allowed.includes(volume.status)) {
    const text = `Volume ${volume.id} status must be '{'status': 'available'}' to extend, currently ${volume.status}.`;
    throw refuse(400, `Invalid volume: ${text}`);
  }
  if (size <= volume.size) {
    const text = `New size for extend must be greater than current size. (current: ${String(volume.size)}, extended: ${String(size)}).`;
    throw refuse(400, `Invalid input received: ${text}`);
  }
  requireQuotas(call, size - volume.size, 0);
  extendVolume(call.cloud, volume, size, call.requestId);
  return empty(202);
}

const knownStatuses = [
  'creating',
  'available',
  'deleting',
  'error',
  'error_deleting',
  'error_managing',
  'managing',
  'attaching',
  'in-use',
  'detaching',
  'maintenance',
  'restoring-backup',
  'error_restoring',
  'reserved',
  'awaiting-transfer',
  'backing-up',
  'error_backing-up',
  'error_extending',
  'downloading',
  'uploading',
  'retyping',
  'extending',
];

function resetStatus(call: CinderCall, volume: Volume, values: Json): Answer {
  requireAdmin(call, 'volume_extension:volume_admin_actions:reset_status');
  const status = textOf(values, 'status');
  if (status === null && values['attach_status'] === undefined) {
    throw refuse(400, "Must specify 'status', 'attach_status' or 'migration_status' for update.");
  }
  if (status !== null && !knownStatuses.includes(status)) {
    const known = knownStatuses.map((one) => `'${one}'`).join(', ');
    throw refuse(400, `Volume status: ${status} is invalid, valid statuses are: (${known}).`);
  }
  if (values['attach_status'] === 'detached') volume.attachments.length = 0;
  volume.job = call.cloud.next();
  if (status !== null) move(call.cloud, volume, status);
  return empty(202);
}
