import type { ObservedAvailabilityZone } from './availability-zone.client.js';
import type { ObservedFlavor, ObservedImage, ObservedNetwork, ObservedVolumeType } from './catalog.client.js';

const gib = 2 ** 30;

/** The smallest volume that an image fits on; GiB. */
export function smallestVolume({ minDisk, virtualSize, size }: ObservedImage): number {
  return Math.max(minDisk, Math.ceil((virtualSize ?? size ?? 0) / gib));
}

/** What a project may choose from. */
export interface Catalogue {
  readonly flavors: readonly ObservedFlavor[];
  readonly images: readonly ObservedImage[];
  readonly networks: readonly ObservedNetwork[];
  readonly volumeTypes: readonly ObservedVolumeType[];
  /** Nova's. */
  readonly serverZones: readonly ObservedAvailabilityZone[];
  /** Cinder's. */
  readonly volumeZones: readonly ObservedAvailabilityZone[];
}
