import { openstackText } from '../openstack/openstack-name.js';
import { isNameOf } from '../reconciliation/free-name.js';
import type { Difference, ReconciledRow } from '../reconciliation/marked-resource.js';
import { volumeStatusFrom, type VolumeStatus } from './volume-status.js';
import type { ObservedVolume } from './volume.client.js';

/** A row with what Cinder can say of it. */
export interface ReconciledVolume extends ReconciledRow {
  readonly name: string;
  readonly description: string | null;
  readonly status: VolumeStatus;
  readonly openstackStatus: string | null;
  readonly size: number;
  readonly volumeTypeOpenstackId: string | null;
  readonly availabilityZone: string | null;
  readonly serverId: number | null;
  readonly device: string | null;
  readonly isRootVolume: 0 | 1;
  readonly faultCode: string | null;
  readonly faultMessage: string | null;
}

/** A volume as Cinder's list shows it. */
export interface SeenVolume extends ObservedVolume {
  /** Of the type that has the name which Cinder tells; null when none has it any more, or none is known. */
  readonly volumeTypeId: string | null;
}

/** Live servers of ours by OpenStack's id. */
export type KnownServers = ReadonlyMap<string, number>;

/** Where a volume is by our ids; on no server of ours when `serverId` is null. */
export interface Place {
  readonly serverId: number | null;
  readonly device: string | null;
  readonly isRootVolume: boolean;
}

interface Fault {
  readonly code: string;
  readonly message: string;
}

/** A fault that was seen in OpenStack, not told by an operation. */
const seenFault = 'OPENSTACK_ERROR';

/** What the row and Cinder say differently. */
export function compareVolume(row: ReconciledVolume, seen: SeenVolume, servers: KnownServers): readonly Difference[] {
  const place = followedPlace(row, seen, servers);
  return [
    ...status(row, seen),
    ...fault(row, seen),
    ...field('size', row.size, seen.size),
    ...field('volume_type_id', row.volumeTypeOpenstackId, seen.volumeTypeId ?? row.volumeTypeOpenstackId),
    ...field('availability_zone', row.availabilityZone, seen.availabilityZone ?? row.availabilityZone),
    ...field('server_id', row.serverId, place.serverId),
    ...field('device', row.device, place.device),
    ...field('is_root_volume', row.isRootVolume === 1, place.isRootVolume),
    ...(isNameOf(row.name, volumeName(seen))
      ? []
      : [{ field: 'name', ours: row.name, theirs: volumeName(seen), kind: 'name' } as const]),
    ...(hasDescription(row, seen)
      ? []
      : [{ field: 'description', ours: row.description, theirs: seen.description, kind: 'name' } as const]),
  ];
}

function status(row: ReconciledVolume, seen: SeenVolume): readonly Difference[] {
  const theirs = volumeStatusFrom(seen.status);
  if (row.status !== theirs) return [{ field: 'status', ours: row.status, theirs, kind: 'status' }];
  if (row.openstackStatus === seen.status) return [];
  return [{ field: 'openstack_status', ours: row.openstackStatus, theirs: seen.status, kind: 'status' }];
}

function fault(row: ReconciledVolume, seen: SeenVolume): readonly Difference[] {
  const [ours, theirs] = [recordedFault(row), followedFault(row, seen)];
  if (ours?.code === theirs?.code && ours?.message === theirs?.message) return [];
  return [{ field: 'fault', ours: factOf(ours), theirs: factOf(theirs), kind: theirs === null ? 'field' : 'fault' }];
}

function factOf(told: Fault | null): Difference['ours'] {
  return told === null ? null : { code: told.code, message: told.message };
}

function recordedFault({ faultCode, faultMessage }: ReconciledVolume): Fault | null {
  return faultCode === null ? null : { code: faultCode, message: faultMessage ?? '' };
}

/** What an operation told stays: it knows what was asked for. What was only seen goes with the status. */
export function followedFault(row: ReconciledVolume | null, seen: SeenVolume): Fault | null {
  const recorded = row === null ? null : recordedFault(row);
  if (recorded !== null && recorded.code !== seenFault) return recorded;
  if (!seen.status.startsWith('error')) return null;
  return { code: seenFault, message: `Cinder shows the volume as ${seen.status}.` };
}

/** As much of a description as a row takes; characters. */
const maxDescription = 255;

/** How a description from OpenStack reads here. */
export function descriptionHere(description: string): string {
  return [...description].slice(0, maxDescription).join('');
}

/** Cinder knows volumes without a name; here everything can be called by one. */
export function volumeName({ name, openstackId }: Pick<ObservedVolume, 'name' | 'openstackId'>): string {
  return name === '' ? openstackId : name;
}

/** Whether OpenStack has the row's description, in the form in which it takes it, or the row took it over. */
export function hasDescription(
  { description }: Pick<ReconciledVolume, 'description'>,
  seen: Pick<ObservedVolume, 'description'>,
): boolean {
  const theirs = seen.description ?? '';
  return openstackText(description ?? '').trim() === theirs.trim() || description === descriptionHere(theirs);
}

/**
 * Where the row puts the volume. While it is on its way Cinder may list no attachment yet. A root volume that is on no server stays with
 * its own, whose deletion looks after it; on another one it is a volume like others.
 */
export function followedPlace(
  row: Pick<ReconciledVolume, 'serverId' | 'device' | 'isRootVolume'>,
  seen: Pick<ObservedVolume, 'attachments' | 'status'>,
  servers: KnownServers,
): Place {
  const recorded = { serverId: row.serverId, device: row.device, isRootVolume: row.isRootVolume === 1 };
  const [first] = seen.attachments;
  if (first === undefined) {
    const stays = recorded.isRootVolume || onItsWay.has(seen.status);
    return stays ? recorded : { serverId: null, device: null, isRootVolume: false };
  }
  const ours = seen.attachments.find((attachment) => servers.has(attachment.serverId));
  const serverId = ours === undefined ? null : (servers.get(ours.serverId) ?? null);
  if (ours === undefined || serverId === null) return { serverId: null, device: null, isRootVolume: false };
  return { serverId, device: ours.device, isRootVolume: recorded.isRootVolume && serverId === row.serverId };
}

const onItsWay = new Set(['reserved', 'attaching', 'detaching']);

function field<T extends string | number | boolean | null>(name: string, ours: T, theirs: T): readonly Difference[] {
  return ours === theirs ? [] : [{ field: name, ours, theirs, kind: 'field' }];
}

/** Since when Cinder is at something with it, by Cinder's clock, and what a person can do when that does not end. */
export function volumeTransition({
  openstackId,
  status: word,
  updatedAt,
  createdAt,
}: Pick<ObservedVolume, 'openstackId' | 'status' | 'updatedAt' | 'createdAt'>): {
  readonly since: Date;
  readonly repair: string;
} | null {
  const repair = repairs.get(word);
  return repair === undefined ? null : { since: updatedAt ?? createdAt, repair: repair(openstackId) };
}

const set = 'openstack volume set';

const making = (id: string): string =>
  'Cinder does not get done with making it. Look at its scheduler and backends (openstack volume service list); then reset the ' +
  `volume (${set} --state error ${id}) and delete it.`;
const attaching = (id: string): string =>
  'It was promised to a server that has not got it. When no server lists it, free it ' +
  `(${set} --state available --detached ${id}).`;
const busy = (id: string): string =>
  `Cinder does not get done with it. Look at its backends; then reset the volume (${set} --state available ${id}).`;

const repairs: ReadonlyMap<string, (id: string) => string> = new Map([
  ['creating', making],
  ['downloading', making],
  ['reserved', attaching],
  ['attaching', attaching],
  [
    'detaching',
    (id) =>
      `Its server does not let go of it. When the server still lists it: ${set} --state in-use --attached ${id}, and detach it ` +
      `again; else ${set} --state available --detached ${id}.`,
  ],
  [
    'extending',
    (id) =>
      `Its backend does not get done with making it larger. Look at its size there; then ${set} --state available ${id}, or ` +
      '--state in-use when a server has it, and extend it again.',
  ],
  [
    'deleting',
    (id) =>
      `Its backend does not get done with its deletion. Reset the volume (${set} --state error ${id}) and delete it again.`,
  ],
  ['uploading', busy],
  ['retyping', busy],
  ['backing-up', busy],
  ['restoring-backup', busy],
]);
