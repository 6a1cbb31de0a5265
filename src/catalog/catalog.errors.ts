import { DomainError } from '../common/errors.js';

function unusable(field: string, message: string): { errors: { field: string; message: string; type: string }[] } {
  return { errors: [{ field, message, type: 'not_found' }] };
}

export class FlavorNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'FLAVOR_NOT_FOUND';

  constructor(id: string, field: string) {
    super(
      `There is no flavor ${id} that this project may use; GET /flavors lists them`,
      unusable(field, 'is no usable flavor'),
    );
  }
}

export class ImageNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'IMAGE_NOT_FOUND';

  constructor(id: string, field: string) {
    super(
      `There is no active image ${id} that this project may use; GET /images lists them`,
      unusable(field, 'is no usable image'),
    );
  }
}

export class NetworkNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'NETWORK_NOT_FOUND';

  /** `use` says what the network would have to be good for, e.g. `servers` or `floating IPs`. */
  constructor(id: string, field: string, use = 'servers') {
    super(
      `There is no network ${id} that this project may use for ${use}; GET /networks lists them`,
      unusable(field, `is no network for ${use}`),
    );
  }
}

export class VolumeTypeNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'VOLUME_TYPE_NOT_FOUND';

  constructor(idOrName: string, field: string) {
    super(
      `There is no volume type ${idOrName} that this project may use; GET /volume-types lists them`,
      unusable(field, 'is no usable volume type'),
    );
  }
}

export class SubnetNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'SUBNET_NOT_FOUND';

  constructor(id: string, networkId: string, field: string) {
    super(
      `Network ${networkId} has no subnet ${id} that this project may use; GET /networks lists them`,
      unusable(field, 'is no subnet of the network'),
    );
  }
}

export class AvailabilityZoneNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'AVAILABILITY_ZONE_NOT_FOUND';

  constructor(name: string, field: string) {
    super(
      `There is no availability zone ${name} that takes servers; GET /availability-zones lists them`,
      unusable(field, 'is no usable availability zone'),
    );
  }
}

export class RootVolumeTooSmall extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'ROOT_VOLUME_TOO_SMALL';

  /** Both sizes in GiB. */
  constructor(size: number, smallest: number) {
    super(
      `The root volume of ${String(size)} GiB is too small for this image, which needs at least ${String(smallest)} GiB`,
      {
        errors: [{ field: 'root_volume.size', message: `must be at least ${String(smallest)}`, type: 'min' }],
      },
    );
  }
}

export class VolumeTooSmall extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'VOLUME_TOO_SMALL';

  /** Both sizes in GiB. */
  constructor(size: number, smallest: number) {
    super(`A volume of ${String(size)} GiB is too small for this image, which needs at least ${String(smallest)} GiB`, {
      errors: [{ field: 'size', message: `must be at least ${String(smallest)}`, type: 'min' }],
    });
  }
}
