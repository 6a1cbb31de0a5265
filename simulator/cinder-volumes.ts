import { sees, type Access } from './access.js';
import { listBody, page, type CinderCall } from './cinder-call.js';
import type { Cloud } from './cloud.js';
import { isRecord, numberOf, shown, textOf, type Json } from './json.js';
import type { Image, Volume } from './model.js';
import { refuse, wordedError } from './openstack-fault.js';
import { zone } from './seed-names.js';
import { createVolume as makeVolume, deleteVolume as removeVolume } from './volume-lifecycle.js';
import { empty, hasWideCharacter, ok, Refusal, zoneless, type Answer } from './wire.js';

const gibibyte = 2 ** 30;
const fields = ['name', 'description', 'size', 'imageRef', 'volume_type', 'availability_zone', 'metadata'];
const moreFields = ['snapshot_id', 'source_volid', 'consistencygroup_id', 'multiattach', 'group_id', 'backup_id'];
const steering = ['limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'offset', 'all_tenants', 'with_count'];
const filters = ['id', 'name', 'status', 'bootable', 'metadata', 'project_id', 'availability_zone', 'size'];
const moreFilters = ['volume_type_id', 'updated_at', 'created_at', 'name~', 'group_id'];

export function listVolumes(call: CinderCall): Answer {
  return ok(list(call, ({ id, name, links }) => ({ id, name, links })));
}

export function listVolumeDetails(call: CinderCall): Answer {
  return ok(list(call, (view) => view));
}

function list(call: CinderCall, shorten: (view: Json) => Json): Json {
  const { cloud, access, query, minor } = call;
  const unknown = [...new Set(query.keys())].filter(
    (name) => ![...steering, ...filters, ...moreFilters].includes(name),
  );
  if (unknown.length > 0) throw refuse(400, `Invalid filters ${unknown.join(', ')} are found in query options.`);
  const isEverywhere = access.isAdmin && /^(1|true)$/i.test(query.get('all_tenants') ?? '');
  const holds = conditionsOf(query, minor);
  const isSeen = (volume: Volume): boolean =>
    (isEverywhere || volume.projectId === access.projectId) && !cloud.isTooFresh(volume) && holds(volume);
  const volumes = cloud.volumes.newestFirst;
  const { items, links } = page(call, volumes, 'Volume', isSeen);
  const views = items.map((volume) => shorten(volumeView(call, volume)));
  const count = query.has('with_count') && minor >= 45 ? { count: volumes.filter(isSeen).length } : {};
  return { ...listBody('volumes', views, 'volumes_links', links), ...count };
}

/** Read once for a list, not for each of its volumes: a list of many is asked for page by page. */
function conditionsOf(query: URLSearchParams, minor: number): (volume: Volume) => boolean {
  const conditions: ((volume: Volume) => boolean)[] = [];
  const add = (name: string, conditionOf: (wanted: string) => (volume: Volume) => boolean): void => {
    const wanted = query.get(name);
    if (wanted !== null) conditions.push(conditionOf(wanted));
  };
  add(
    'name',
    (wanted) =>
      ({ name }) =>
        name === wanted,
  );
  add(
    'status',
    (wanted) =>
      ({ status }) =>
        status === wanted,
  );
  add(
    'id',
    (wanted) =>
      ({ id }) =>
        id === wanted,
  );
  add(
    'bootable',
    (wanted) =>
      ({ isBootable }) =>
        String(isBootable) === wanted.toLowerCase(),
  );
  add(
    'project_id',
    (wanted) =>
      ({ projectId }) =>
        projectId === wanted,
  );
  // Below 3.31 the lab ignores metadata that it cannot read as a filter; what can be read counts.
  add('metadata', (wanted) => (volume) => matchesMetadata(volume, wanted));
  if (minor >= 60) add('updated_at', (wanted) => (volume) => passesTime(volume, wanted));
  return (volume) => conditions.every((holds) => holds(volume));
}

/** `{'key':'value'}`, as Python writes it. */
function matchesMetadata(volume: Volume, text: string): boolean {
  const pairs = [...text.matchAll(/['"]([^'"]*)['"]\s*:\s*u?['"]([^'"]*)['"]/g)];
  return pairs.length > 0 && pairs.every(([, key = '', value = '']) => volume.metadata[key] === value);
}

function passesTime(volume: Volume, text: string): boolean {
  if (volume.updatedAt === null) return false;
  return text.split(',').every((part) => {
    const [operator = '', ...rest] = part.split(':');
    const limit = Date.parse(`${rest.join(':').replace(/Z$/, '')}Z`);
    const at = Math.floor((volume.updatedAt ?? 0) / 1000) * 1000;
    if (operator === 'gt') return at > limit;
    if (operator === 'gte') return at >= limit;
    if (operator === 'lt') return at < limit;
    return operator === 'lte' ? at <= limit : at === limit;
  });
}

export function volumeView(call: CinderCall, volume: Volume): Json {
  const { cloud, access, base } = call;
  const image = volume.imageId === null || !volume.isBootable ? undefined : cloud.images.get(volume.imageId);
  return {
    id: volume.id,
    status: volume.status,
    size: volume.size,
    availability_zone: volume.zone,
    created_at: zoneless(volume.createdAt),
    updated_at: volume.updatedAt === null ? null : zoneless(volume.updatedAt),
    name: volume.name,
    description: volume.description,
    volume_type: volume.type,
    snapshot_id: null,
    source_volid: null,
    metadata: volume.metadata,
    links: [
      { rel: 'self', href: `${base}/v3/${access.projectId}/volumes/${volume.id}` },
      { rel: 'bookmark', href: `${base}/${access.projectId}/volumes/${volume.id}` },
    ],
    user_id: volume.userId,
    bootable: String(volume.isBootable),
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: false,
    attachments: volume.attachments.map((attachment) => ({
      id: volume.id,
      attachment_id: attachment.id,
      volume_id: volume.id,
      server_id: attachment.serverId,
      host_name: access.isAdmin ? attachment.host : null,
      device: attachment.device,
      attached_at: zoneless(attachment.at),
    })),
    ...(access.isAdmin ? { migration_status: null } : {}),
    group_id: null,
    ...(access.isAdmin ? { provider_id: null } : {}),
    shared_targets: true,
    service_uuid: null,
    'os-vol-tenant-attr:tenant_id': volume.projectId,
    ...(access.isAdmin ? adminView(volume) : {}),
    ...(image === undefined ? {} : { volume_image_metadata: imageMetadata(image) }),
  };
}

function adminView(volume: Volume): Json {
  return {
    'os-vol-mig-status-attr:migstat': null,
    'os-vol-mig-status-attr:name_id': null,
    'os-vol-host-attr:host': volume.host,
  };
}

function imageMetadata(image: Image): Json {
  return {
    image_id: image.id,
    image_name: image.name,
    container_format: 'bare',
    disk_format: 'raw',
    min_disk: String(image.minDisk),
    min_ram: String(image.minRam),
    size: String(image.size ?? 0),
  };
}

/** One's own volume, or 404. */
export function findVolume({ cloud, access }: CinderCall, id: string): Volume {
  const volume = cloud.volumes.get(id);
  if (volume === undefined || !sees(access, volume) || cloud.isTooFresh(volume)) {
    throw refuse(404, `Volume ${id} could not be found.`);
  }
  return volume;
}

export function showVolume(call: CinderCall, id: string): Answer {
  return ok({ volume: volumeView(call, findVolume(call, id)) });
}

export function requireWriter(access: Access, action: string): void {
  if (!access.mayWrite) throw refuse(403, `Policy doesn't allow ${action} to be performed.`);
}

export function createVolume(call: CinderCall): Answer {
  const { cloud, access, body, requestId } = call;
  requireWriter(access, 'volume:create');
  const given = isRecord(body) ? body['volume'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'volume' is a required property");
  const metadata = checkFields(given, [...fields, ...moreFields]);
  const image = imageOf(call, given);
  const type = typeOf(cloud, textOf(given, 'volume_type'));
  const size = sizeOf(given, image);
  const wantedZone = textOf(given, 'availability_zone');
  if (wantedZone !== null && wantedZone !== zone) throw refuse(400, `Availability zone '${wantedZone}' is invalid.`);
  requireQuotas(call, size);
  const volume = makeVolume(cloud, {
    projectId: access.projectId,
    userId: access.userId,
    name: textOf(given, 'name'),
    description: textOf(given, 'description'),
    size,
    type,
    imageId: image?.id ?? null,
    metadata,
    requestId,
  });
  const { 'os-vol-tenant-attr:tenant_id': _, ...view } = volumeView(call, volume);
  return { ...ok({ volume: view }, 202), created: volume.id };
}

/** The checks of Cinder's schema; returns the metadata. */
function checkFields(given: Json, known: readonly string[]): Readonly<Record<string, string>> {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  const field = 'Invalid input for field/attribute';
  if (unknown.length > 0) {
    const text = unknown.map((name) => `'${name}'`).join(', ');
    throw refuse(
      400,
      `${field} volume. Value: ${shown(given)}. Additional properties are not allowed (${text} was unexpected)`,
    );
  }
  for (const name of ['name', 'description']) {
    const text = textOf(given, name) ?? '';
    if (text.length > 255) {
      throw refuse(400, `Invalid input received: ${name} has ${String(text.length)} characters, more than 255.`);
    }
    if (hasWideCharacter(text)) {
      throw refuse(500, 'The server has either erred or is incapable of performing the requested operation.');
    }
  }
  const metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(isRecord(given['metadata']) ? given['metadata'] : {})) {
    if (typeof value !== 'string') {
      throw refuse(400, `${field} ${key}. Value: ${String(value)}. ${String(value)} is not of type 'string'`);
    }
    metadata[key] = value;
  }
  return metadata;
}

function imageOf({ cloud, access }: CinderCall, given: Json): Image | null {
  const id = textOf(given, 'imageRef');
  if (id === null) return null;
  const image = cloud.images.get(id);
  if (image === undefined || (image.visibility !== 'public' && !sees(access, { projectId: image.ownerId }))) {
    throw refuse(400, 'Invalid image identifier or unable to access requested image.');
  }
  if (image.status !== 'active') throw refuse(400, `Invalid input received: Image ${id} is not active.`);
  return image;
}

function typeOf(cloud: Cloud, wanted: string | null): string {
  if (wanted === null) return '__DEFAULT__';
  const found = [...cloud.volumeTypes.values()].find(({ id, name }) => id === wanted || name === wanted);
  if (found === undefined) throw refuse(404, `Volume type with name ${wanted} could not be found.`);
  return found.name;
}

function sizeOf(given: Json, image: Image | null): number {
  const [size, raw] = [numberOf(given, 'size'), given['size']];
  const field = 'Invalid input for field/attribute size';
  if (raw === undefined) {
    throw refuse(
      400,
      'The server could not comply with the request since it is either malformed or otherwise incorrect.',
    );
  }
  if (size === null || !Number.isInteger(size)) {
    throw refuse(400, `${field}. Value: ${shown(raw)}. '${shown(raw)}' does not match '^[0-9]+$'`);
  }
  if (size < 1) throw refuse(400, `${field}. Value: ${String(size)}. ${String(size)} is less than the minimum of 1`);
  const ofImage = Math.ceil((image?.virtualSize ?? image?.size ?? 0) / gibibyte);
  if (ofImage > size) {
    const text = `Size of specified image ${String(ofImage)}GB is larger than volume size ${String(size)}GB.`;
    throw refuse(400, `Invalid input received: ${text}`);
  }
  if ((image?.minDisk ?? 0) > size) {
    const text = `Volume size ${String(size)}GB cannot be smaller than the image minDisk size ${String(image?.minDisk)}GB.`;
    throw refuse(400, `Invalid input received: ${text}`);
  }
  return size;
}

export function requireQuotas({ cloud, access }: CinderCall, gigabytes: number, volumes = 1): void {
  const { projectId } = access;
  const quotas = cloud.quotasOf(projectId);
  if (volumes > 0 && cloud.exceeds(projectId, 'volumes', volumes)) {
    const text = `VolumeLimitExceeded: Maximum number of volumes allowed (${String(quotas.volumes)}) exceeded for quota 'volumes'.`;
    throw overQuota(text);
  }
  if (cloud.exceeds(projectId, 'gigabytes', gigabytes)) {
    const used = cloud.used(projectId, 'gigabytes');
    const sizes = `Requested ${String(gigabytes)}G, quota is ${String(quotas.gigabytes)}G and ${String(used)}G has been consumed.`;
    const text = `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. ${sizes}`;
    throw overQuota(text);
  }
}

export function overQuota(text: string): Refusal {
  return new Refusal(wordedError(413, text, { 'Retry-After': '0' }));
}

export function updateVolume(call: CinderCall, id: string): Answer {
  requireWriter(call.access, 'volume:update');
  const volume = findVolume(call, id);
  const given = isRecord(call.body) ? call.body['volume'] : undefined;
  if (!isRecord(given)) throw refuse(400, "'volume' is a required property");
  const metadata = checkFields(given, ['name', 'description', 'metadata', 'display_name', 'display_description']);
  if (Object.keys(given).length === 0) {
    throw refuse(
      400,
      'Invalid input for field/attribute volume. Value: {}. {} is not valid under any of the given schemas',
    );
  }
  // What is null is emptied, what is left out stays; white space at the edges goes.
  if ('name' in given) volume.name = textOf(given, 'name')?.trim() ?? null;
  if ('description' in given) volume.description = textOf(given, 'description')?.trim() ?? null;
  if (isRecord(given['metadata'])) {
    for (const key of Object.keys(volume.metadata)) Reflect.deleteProperty(volume.metadata, key);
    Object.assign(volume.metadata, metadata);
  }
  volume.updatedAt = call.cloud.now();
  return ok({ volume: volumeView(call, volume) });
}

const deletable = ['available', 'error', 'error_restoring', 'error_extending', 'error_managing'];

export function deleteVolume(call: CinderCall, id: string): Answer {
  const { cloud, access } = call;
  requireWriter(access, 'volume:delete');
  const volume = findVolume(call, id);
  const hasSnapshots = [...cloud.snapshots.values()].some(({ volumeId }) => volumeId === id);
  const isUnplaced = volume.host === null;
  if ((!isUnplaced && !deletable.includes(volume.status)) || volume.attachments.length > 0 || hasSnapshots) {
    const text =
      'Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.';
    throw refuse(400, `Invalid volume: ${text}`);
  }
  removeVolume(cloud, volume);
  return empty(202);
}
