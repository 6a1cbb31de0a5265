import { smallestVolume, type Catalogue } from '../catalog/catalogue.js';
import {
  AvailabilityZoneNotFound,
  FlavorNotFound,
  ImageNotFound,
  NetworkNotFound,
  RootVolumeTooSmall,
  SubnetNotFound,
  VolumeTypeNotFound,
} from '../catalog/catalog.errors.js';
import { volumeTypeId } from '../volume/volume-choice.js';
import type { DomainError } from '../common/errors.js';

/** What a person chooses from the catalogue for a new server. */
export interface ServerChoice {
  readonly flavorId: string;
  readonly imageId: string;
  readonly networkId: string;
  /** GiB. */
  readonly rootVolumeSize: number;
  /** Name or id; null: the cloud's default. */
  readonly volumeType: string | null;
  /** Null: any of the network's. */
  readonly subnetId: string | null;
  readonly availabilityZone: string | null;
}

/** The first choice that cannot be used, in the order of the contract; null when all can. */
export function unusableChoice(catalogue: Catalogue, choice: ServerChoice): DomainError | null {
  if (!catalogue.flavors.some((flavor) => flavor.id === choice.flavorId)) {
    return new FlavorNotFound(choice.flavorId, 'flavor_id');
  }
  const image = catalogue.images.find((candidate) => candidate.id === choice.imageId);
  if (image?.status !== 'active') return new ImageNotFound(choice.imageId, 'root_volume.image_id');
  const network = catalogue.networks.find((candidate) => candidate.id === choice.networkId);
  // Without a subnet a port gets no address, and servers are not put on external networks: they get floating IPs there.
  if (network === undefined || network.isExternal || network.subnets.length === 0) {
    return new NetworkNotFound(choice.networkId, 'network_id');
  }
  const { subnetId, volumeType, availabilityZone } = choice;
  if (subnetId !== null && !network.subnets.some(({ id }) => id === subnetId)) {
    return new SubnetNotFound(subnetId, choice.networkId, 'subnet_id');
  }
  if (volumeType !== null && volumeTypeId(catalogue, volumeType) === null) {
    return new VolumeTypeNotFound(volumeType, 'volume_type_id');
  }
  if (availabilityZone !== null && !takes(catalogue.serverZones, availabilityZone)) {
    return new AvailabilityZoneNotFound(availabilityZone, 'availability_zone');
  }
  const smallest = smallestVolume(image);
  if (choice.rootVolumeSize < smallest) return new RootVolumeTooSmall(choice.rootVolumeSize, smallest);
  return null;
}

/** The zone of a server's root volume: the server's own where Cinder has it, else (null) where Cinder chooses. */
export function rootVolumeZone({ volumeZones }: Catalogue, availabilityZone: string | null): string | null {
  return availabilityZone !== null && takes(volumeZones, availabilityZone) ? availabilityZone : null;
}

function takes(zones: Catalogue['serverZones'], zone: string): boolean {
  return zones.some(({ name, isAvailable }) => name === zone && isAvailable);
}
