import { DomainError, type BlockedBy } from '../common/errors.js';
import type { VolumeStatus } from './volume-status.js';

/** What errors say of a volume. */
interface Named {
  readonly id: number;
  readonly name: string;
  readonly isRootVolume: boolean;
}

/** What to do about the status of a volume that is on no server of the record. */
export function adviceFor(status: VolumeStatus, rule: string): string {
  return status === 'IN_USE' ? `detach it first from the server that has it, which is not managed here: ${rule}` : rule;
}

export class VolumeNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'VOLUME_NOT_FOUND';

  constructor(id: number) {
    super(`There is no volume ${String(id)}`);
  }
}

export class VolumeAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'VOLUME_ACCESS_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Volume ${String(id)} belongs to another project`);
  }
}

export class VolumeUpdateDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'VOLUME_UPDATE_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Volume ${String(id)} belongs to another project and cannot be changed from this one`);
  }
}

export class VolumeDeletionDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'VOLUME_DELETE_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Volume ${String(id)} belongs to another project and cannot be deleted from this one`);
  }
}

export class VolumeNameTaken extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'VOLUME_NAME_DUPLICATE';

  constructor(name: string, holder: BlockedBy | null) {
    super(`A volume named "${name}" already exists in this project; choose another name or delete that volume`, {
      errors: [{ field: 'name', message: 'is taken in this project', type: 'duplicate' }],
      ...(holder === null ? {} : { blockedBy: [holder] }),
    });
  }
}

export class VolumeNotResizable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'VOLUME_STATUS_INVALID_FOR_RESIZING';

  /** `holder`: the server that it is attached to, as far as that is known. */
  constructor({ id, name, isRootVolume }: Named, status: VolumeStatus, holder: BlockedBy | null) {
    const where = holder === null ? null : `server "${holder.name ?? String(holder.id)}"`;
    const advice =
      where === null
        ? adviceFor(status, 'only one that is AVAILABLE can be made larger')
        : isRootVolume
          ? `${where} boots from it, so that it cannot be detached, and only one that is AVAILABLE can be made larger`
          : `detach it from ${where} first: only one that is AVAILABLE can be made larger`;
    super(`Volume "${name}" is ${status}; ${advice}`, {
      inStatus: { type: 'volume', id },
      ...(holder === null ? {} : { blockedBy: [holder] }),
    });
  }
}

export class VolumeNotLarger extends DomainError {
  readonly kind = 'malformed';
  readonly code = 'VOLUME_RESIZE_NOT_ALLOWED';

  /** GiB. */
  constructor({ name }: Named, size: number) {
    super(`Volume "${name}" has ${String(size)} GiB already; it can only be made larger`, {
      errors: [{ field: 'size', message: `must be more than ${String(size)}`, type: 'min' }],
    });
  }
}

/** Deletion of a volume that is on a server; `holder` is null for a server that we do not know. */
export class VolumeAttached extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'ATTACHED_VOLUME_DELETION';

  constructor({ name, isRootVolume }: Named, holder: BlockedBy | null) {
    const where = holder === null ? 'a server' : `server "${holder.name ?? String(holder.id)}"`;
    const advice = isRootVolume ? 'it is deleted with that server' : `detach it from ${where} first`;
    super(`Volume "${name}" is attached to ${where}; ${advice}`, { blockedBy: holder === null ? [] : [holder] });
  }
}

export class VolumeNotDeletable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'VOLUME_STATUS_INVALID_FOR_DELETION';

  constructor({ id, name }: Named, status: VolumeStatus) {
    const advice = adviceFor(status, 'it can be deleted when it is AVAILABLE or in one of the ERROR states');
    super(`Volume "${name}" is ${status}; ${advice}`, { inStatus: { type: 'volume', id } });
  }
}

/** Deletion of what a person protected. */
export class VolumeProtected extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'PROTECTED';

  constructor({ id, name }: Named) {
    super(`Volume "${name}" is protected; take the protection off before deleting it`, {
      blockedBy: [{ type: 'volume', id, name }],
    });
  }
}
