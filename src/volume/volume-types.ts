import { Injectable } from '@nestjs/common';
import { CatalogService } from '../catalog/catalog.service.js';
import type { ObservedVolume } from './volume.client.js';

/** Cinder tells a volume's type by its name; its id stands in the catalogue alone. */
@Injectable()
export class VolumeTypes {
  constructor(private readonly catalog: CatalogService) {}

  /** What Cinder showed, with the type's id; null when the catalogue does not know the type. */
  async withId(
    projectOpenstackId: string,
    observed: ObservedVolume,
  ): Promise<ObservedVolume & { readonly volumeTypeId: string | null }> {
    if (observed.volumeType === null) return { ...observed, volumeTypeId: null };
    const catalogue = await this.catalog.known(projectOpenstackId);
    const type = catalogue?.volumeTypes.find(({ name }) => name === observed.volumeType);
    return { ...observed, volumeTypeId: type?.id ?? null };
  }
}
