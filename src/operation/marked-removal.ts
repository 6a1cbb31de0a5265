import { markerOf } from '../openstack/marker.js';
import {
  OpenStackConflict,
  OpenStackNotFound,
  OpenStackRefused,
  type OpenStackError,
} from '../openstack/openstack-errors.js';

/** Where the object of a row is looked for in OpenStack: by its recorded id, if any, and by its marker. */
export interface RemovalTarget {
  readonly projectOpenstackId: string;
  readonly deploymentId: string;
  readonly uuid: string;
  readonly openstackId: string | null;
}

/**
 * Every object of a row: those with its marker, and the recorded one, which someone may have stripped of it. What was given to another
 * project is that one's, also where the service account is an admin and may touch it.
 */
export async function findMarked<Found extends { readonly openstackId: string; readonly projectId: string | null }>(
  target: RemovalTarget,
  get: (openstackId: string) => Promise<Found>,
  findByMarker: (marker: string) => Promise<readonly Found[]>,
): Promise<readonly Found[]> {
  const { openstackId, projectOpenstackId } = target;
  const isOurs = ({ projectId }: Found): boolean => projectId === null || projectId === projectOpenstackId;
  const found = (await findByMarker(markerOf(target.deploymentId, target.uuid))).filter(isOurs);
  if (openstackId === null || found.some((object) => object.openstackId === openstackId)) return found;
  const recorded = await orNull(get(openstackId));
  return recorded === null || !isOurs(recorded) ? found : [...found, recorded];
}

/** Null for what OpenStack does not know. */
export async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof OpenStackNotFound) return null;
    throw error;
  }
}

/** Gone already is as good as deleted. */
export async function ifThere(deletion: Promise<void>): Promise<void> {
  await orNull(deletion);
}

/** A refusal that passes when something else has let go. */
export function isBusy(error: OpenStackError): boolean {
  return error instanceof OpenStackConflict || (error instanceof OpenStackRefused && error.status === 400);
}
