import { DomainError, type BlockedBy } from '../common/errors.js';
import type { VolumeStatus } from '../volume/volume-status.js';
import { adviceFor } from '../volume/volume.errors.js';
import type { ServerStatus } from './server-status.js';

/** What errors say of a volume or a server. */
interface Named {
  readonly id: number;
  readonly name: string;
}

interface NamedVolume extends Named {
  readonly isRootVolume: boolean;
}

export class VolumeAlreadyAttached extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'VOLUME_ALREADY_ATTACHED';

  /** `holder` is null for a server that we do not know. */
  constructor({ name, isRootVolume }: NamedVolume, holder: BlockedBy | null) {
    const where = holder === null ? 'a server' : `server "${holder.name ?? String(holder.id)}"`;
    const advice = isRootVolume ? 'it goes with that server only' : `detach it from ${where} first`;
    super(`Volume "${name}" is attached to ${where} already; ${advice}`, {
      blockedBy: holder === null ? [] : [holder],
    });
  }
}

export class VolumeNotAttachable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'VOLUME_STATUS_INVALID_FOR_ATTACHING';

  constructor({ id, name }: Named, status: VolumeStatus) {
    const advice = adviceFor(status, 'only one that is AVAILABLE can be attached');
    super(`Volume "${name}" is ${status}; ${advice}`, { inStatus: { type: 'volume', id } });
  }
}

export class ServerNotAttachable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'SERVER_STATUS_INVALID_FOR_ATTACHING';

  constructor({ id, name }: Named, status: ServerStatus, from: readonly ServerStatus[]) {
    super(`Server "${name}" is ${status}; volumes are attached to servers in ${from.join(', ')}`, {
      inStatus: { type: 'server', id },
    });
  }
}

/** Detaching from a server that the volume is not on, while it is on another. */
export class ServerNotMatched extends DomainError {
  readonly kind = 'malformed';
  readonly code = 'SERVER_NOT_MATCHED';

  constructor({ name }: Named, server: Named) {
    super(`Volume "${name}" is attached to another server, not to "${server.name}"`);
  }
}

export class VolumeNotAttached extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'VOLUME_NOT_ATTACHED_TO_SERVER';

  constructor({ id, name }: Named, status: VolumeStatus) {
    super(`Volume "${name}" is ${status} and attached to no server that it could be taken off`, {
      inStatus: { type: 'volume', id },
    });
  }
}

export class RootVolumeNotDetachable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'CANNOT_DETACH_ROOT_VOLUME';

  constructor({ name }: Named, server: Named) {
    super(`Volume "${name}" is the disk that server "${server.name}" boots from; it goes with that server only`);
  }
}
