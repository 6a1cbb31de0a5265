import type { ManagedBy } from '../database/managed-columns.js';
import { isNameOf } from '../reconciliation/free-name.js';
import type { Difference, ReconciledRow } from '../reconciliation/marked-resource.js';
import { serverStatusFrom, type ServerStatus } from './server-status.js';
import type { ObservedServer } from './server.client.js';

/** A row with what Nova can say of it. */
export interface ReconciledServer extends ReconciledRow {
  readonly name: string;
  readonly status: ServerStatus;
  readonly openstackStatus: string | null;
  readonly flavorOpenstackId: string;
  readonly availabilityZone: string | null;
  readonly keyName: string | null;
  readonly faultCode: string | null;
  readonly faultMessage: string | null;
  readonly managedBy: ManagedBy;
}

/** A server as Nova's list shows it. */
export interface SeenServer extends ObservedServer {
  /** Of the flavor that has the name which Nova tells; null when no flavor has it any more, or none is known. */
  readonly flavorId: string | null;
}

interface Fault {
  readonly code: string;
  readonly message: string;
}

/** A fault that was seen in OpenStack, not told by an operation. */
const seenFault = 'OPENSTACK_ERROR';

/** What the row and Nova say differently. */
export function compareServer(row: ReconciledServer, seen: SeenServer): readonly Difference[] {
  return [
    ...status(row, seen),
    ...fault(row, seen),
    ...field('flavor_id', row.flavorOpenstackId, seen.flavorId ?? row.flavorOpenstackId),
    // Nova tells none of a server that no host has.
    ...field('availability_zone', row.availabilityZone, seen.availabilityZone ?? row.availabilityZone),
    ...field('key_name', row.keyName, followedKey(row, seen)),
    ...(isNameOf(row.name, seen.name)
      ? []
      : [{ field: 'name', ours: row.name, theirs: seen.name, kind: 'name' } as const]),
  ];
}

function status(row: ReconciledServer, seen: SeenServer): readonly Difference[] {
  const theirs = serverStatusFrom(seen.status);
  if (row.status !== theirs) return [{ field: 'status', ours: row.status, theirs, kind: 'status' }];
  if (row.openstackStatus === seen.status) return [];
  return [{ field: 'openstack_status', ours: row.openstackStatus, theirs: seen.status, kind: 'status' }];
}

function fault(row: ReconciledServer, seen: SeenServer): readonly Difference[] {
  const [ours, theirs] = [recordedFault(row), followedFault(row, seen)];
  if (ours?.code === theirs?.code && ours?.message === theirs?.message) return [];
  return [{ field: 'fault', ours: factOf(ours), theirs: factOf(theirs), kind: theirs === null ? 'field' : 'fault' }];
}

function factOf(told: Fault | null): Difference['ours'] {
  return told === null ? null : { code: told.code, message: told.message };
}

function recordedFault({ faultCode, faultMessage }: ReconciledServer): Fault | null {
  return faultCode === null ? null : { code: faultCode, message: faultMessage ?? '' };
}

/** What an operation told stays: it knows what was asked for. What was only seen goes with the status. */
export function followedFault(row: ReconciledServer | null, seen: SeenServer): Fault | null {
  const recorded = row === null ? null : recordedFault(row);
  if (recorded !== null && recorded.code !== seenFault) return recorded;
  if (seen.status !== 'ERROR') return null;
  const words = seen.fault?.message.replaceAll(/\s+/g, ' ').trim() ?? '';
  const said = words === '' ? 'It gave no reason.' : `It said: ${words}`;
  return { code: seenFault, message: `Nova shows the server as ERROR. ${said}`.slice(0, 500) };
}

/** Keys of ours have another name in Nova, the uuid of the server that they were imported for. */
export function followedKey(
  { keyName, uuid }: Pick<ReconciledServer, 'keyName' | 'uuid'>,
  seen: SeenServer,
): string | null {
  return keyName !== null && seen.keyName === uuid ? keyName : seen.keyName;
}

function field(name: string, ours: string | null, theirs: string | null): readonly Difference[] {
  return ours === theirs ? [] : [{ field: name, ours, theirs, kind: 'field' }];
}

/** Since when Nova is at something with it, by Nova's clock, and what a person can do when that does not end. */
export function serverTransition({
  openstackId,
  status: word,
  taskState,
  updatedAt,
}: ObservedServer): { readonly since: Date; readonly repair: string } | null {
  if (taskState === null && word !== 'BUILD') return null;
  return { since: updatedAt, repair: repairOf(openstackId, word, taskState) };
}

function repairOf(openstackId: string, word: string, taskState: string | null): string {
  if (taskState === 'deleting' || taskState === 'soft-deleting') {
    return (
      'Nova does not get done with its deletion. Look at the compute service of its host; then reset the server ' +
      `(openstack server set --state error ${openstackId}) and delete it again.`
    );
  }
  if (word === 'BUILD') {
    return (
      'No host gets done with building it. Look at the compute services (openstack compute service list); delete it, and if ' +
      `Nova refuses that, reset it first (openstack server set --state error ${openstackId}).`
    );
  }
  return (
    `Nova does not get done with its task ${String(taskState)}. Look at the compute service of its host; then reset the server ` +
    `(openstack server set --state active ${openstackId}) and reboot it hard.`
  );
}
