import type { ObservedFlavor, ObservedImage, ObservedNetwork, ObservedVolumeType } from './catalog.client.js';

/** What a project may choose from. */
export interface Catalogue {
  readonly flavors: readonly ObservedFlavor[];
  readonly images: readonly ObservedImage[];
  readonly networks: readonly ObservedNetwork[];
  readonly volumeTypes: readonly ObservedVolumeType[];
}
