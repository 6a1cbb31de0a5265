import type { ObservedAvailabilityZone } from './availability-zone.client.js';
import type { ObservedFlavor, ObservedImage, ObservedNetwork, ObservedVolumeType } from './catalog.client.js';

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
