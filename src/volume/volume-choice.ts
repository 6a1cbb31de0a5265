import { smallestVolume, type Catalogue } from '../catalog/catalogue.js';
import { ImageNotFound, VolumeTooSmall, VolumeTypeNotFound } from '../catalog/catalog.errors.js';
import type { DomainError } from '../common/errors.js';

/** What a person chooses from the catalogue for a new volume. */
export interface VolumeChoice {
  /** The type's id, or its name. */
  readonly volumeType: string;
  readonly imageId: string | null;
  /** GiB. */
  readonly size: number;
}

/** The first choice that cannot be used, in the order of the contract; null when all can. */
export function unusableVolumeChoice(
  catalogue: Catalogue,
  { volumeType, imageId, size }: VolumeChoice,
): DomainError | null {
  if (volumeTypeId(catalogue, volumeType) === null) return new VolumeTypeNotFound(volumeType, 'volume_type_id');
  if (imageId === null) return null;
  const image = catalogue.images.find(({ id }) => id === imageId);
  if (image?.status !== 'active') return new ImageNotFound(imageId, 'image_id');
  const smallest = smallestVolume(image);
  return size < smallest ? new VolumeTooSmall(size, smallest) : null;
}

/** The id of a type that is given by id or by name: an id comes first, a name could be anything. */
export function volumeTypeId({ volumeTypes }: Catalogue, idOrName: string): string | null {
  const byId = volumeTypes.find(({ id }) => id === idOrName.toLowerCase());
  return (byId ?? volumeTypes.find(({ name }) => name === idOrName))?.id ?? null;
}
