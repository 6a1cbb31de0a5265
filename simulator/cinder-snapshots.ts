import { randomUUID } from 'node:crypto';
import { sees, type Access } from './access.js';
import { listBody, page, type CinderCall } from './cinder-call.js';
import { findVolume, overQuota, requireWriter } from './cinder-volumes.js';
import type { Cloud } from './cloud.js';
import { isRecord, shown, textOf, type Json } from './json.js';
import type { Snapshot } from './model.js';
import { refuse } from './openstack-fault.js';
import { empty, ok, zoneless, type Answer } from './wire.js';

function view(cloud: Cloud, snapshot: Snapshot): Json & { readonly id: string } {
  return {
    id: snapshot.id,
    created_at: zoneless(snapshot.createdAt),
    updated_at: null,
    name: snapshot.name,
    description: null,
    volume_id: snapshot.volumeId,
    status: 'available',
    size: cloud.volumes.get(snapshot.volumeId)?.size ?? 1,
    metadata: {},
  };
}

export function listSnapshots(call: CinderCall): Answer {
  const { cloud, access, query, minor } = call;
  const volumeId = query.get('volume_id');
  const found = [...cloud.snapshots.values()]
    .filter((snapshot) => isListed(access, query, snapshot) && (volumeId === null || snapshot.volumeId === volumeId))
    .map((snapshot) => view(cloud, snapshot));
  const { items, links } = page(call, found, 'Snapshot');
  const listed = listBody('snapshots', items, 'snapshots_links', links);
  return ok(query.has('with_count') && minor >= 45 ? { ...listed, count: found.length } : listed);
}

function isListed(access: Access, query: URLSearchParams, thing: { readonly projectId: string }): boolean {
  const isEverywhere = access.isAdmin && /^(1|true)$/i.test(query.get('all_tenants') ?? '');
  return isEverywhere || thing.projectId === access.projectId;
}

/** Available at once. */
export function createSnapshot(call: CinderCall): Answer {
  const { cloud, access, body } = call;
  requireWriter(access, 'volume:create_snapshot');
  const given = isRecord(body) ? body['snapshot'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'snapshot' is a required property");
  const volume = findVolume(call, shown(given['volume_id']));
  if (volume.status !== 'available' && given['force'] !== true) {
    const text = `Invalid volume: Volume ${volume.id} status must be available, but current status is: ${volume.status}.`;
    throw refuse(400, text);
  }
  if (cloud.exceeds(access.projectId, 'snapshots', 1)) {
    const limit = String(cloud.quotasOf(access.projectId).snapshots);
    throw overQuota(`SnapshotLimitExceeded: Maximum number of snapshots allowed (${limit}) exceeded`);
  }
  const snapshot: Snapshot = {
    id: randomUUID(),
    volumeId: volume.id,
    projectId: volume.projectId,
    name: textOf(given, 'name'),
    createdAt: cloud.now(),
  };
  cloud.snapshots.set(snapshot.id, snapshot);
  return { ...ok({ snapshot: view(cloud, snapshot) }, 202), created: snapshot.id };
}

function findSnapshot({ cloud, access }: CinderCall, id: string): Snapshot {
  const snapshot = cloud.snapshots.get(id);
  if (snapshot === undefined || !sees(access, snapshot)) throw refuse(404, `Snapshot ${id} could not be found.`);
  return snapshot;
}

export function showSnapshot(call: CinderCall, id: string): Answer {
  return ok({ snapshot: view(call.cloud, findSnapshot(call, id)) });
}

export function deleteSnapshot(call: CinderCall, id: string): Answer {
  requireWriter(call.access, 'volume:delete_snapshot');
  call.cloud.snapshots.delete(findSnapshot(call, id).id);
  return empty(202);
}
