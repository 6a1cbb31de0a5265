import { DomainError, type BlockedBy, type ErrorDetails } from '../common/errors.js';

export class ServerNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'SERVER_NOT_FOUND';

  constructor(id: number) {
    super(`There is no server ${String(id)}`);
  }
}

export class ServerAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'SERVER_ACCESS_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Server ${String(id)} belongs to another project`);
  }
}

export class ServerDeletionDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'SERVER_DELETE_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Server ${String(id)} belongs to another project and cannot be deleted from this one`);
  }
}

/** The same for what changes a server. */
export class ServerUpdateDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'SERVER_UPDATE_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Server ${String(id)} belongs to another project and cannot be changed from this one`);
  }
}

/** A status that exists, but that nobody can ask for. */
export class InvalidServerStatusUpdate extends DomainError {
  readonly kind = 'malformed';
  readonly code = 'INVALID_SERVER_STATUS_UPDATE_REQUEST';

  constructor(status: string) {
    super(`A server can be set to ACTIVE or SHUTOFF, not to ${status}`, {
      errors: [{ field: 'status', in: 'query', message: 'must be ACTIVE or SHUTOFF', type: 'enum' }],
    });
  }
}

function inStatus(id: number): ErrorDetails {
  return { inStatus: { type: 'server', id } };
}

export class ServerNotStartable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'SERVER_STATUS_INVALID_TO_START';

  constructor(id: number, status: string) {
    super(`Server ${String(id)} is ${status}; only one in SHUTOFF can be started`, inStatus(id));
  }
}

export class ServerNotStoppable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'SERVER_STATUS_INVALID_TO_STOP';

  constructor(id: number, status: string) {
    super(
      `Server ${String(id)} is ${status}; only one in ACTIVE or ERROR that is in OpenStack can be stopped`,
      inStatus(id),
    );
  }
}

export class ServerNotRebootable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'SERVER_STATUS_INVALID_TO_REBOOT';

  /** `from` are the statuses in which it could be done. */
  constructor(id: number, status: string, from: readonly string[]) {
    super(`Server ${String(id)} is ${status}; this kind of reboot needs one in ${from.join(', ')}`, inStatus(id));
  }
}

export class ServerWithoutConsole extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'SERVER_STATUS_INVALID_FOR_CONSOLE';

  constructor(id: number, status: string, cause?: unknown) {
    super(`Server ${String(id)} is ${status}; only one that runs has a console`, cause === undefined ? {} : { cause });
  }
}

export class ServerNameTaken extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'SERVER_NAME_DUPLICATE';

  constructor(name: string, holder: BlockedBy | null) {
    super(`A server named "${name}" already exists in this project; choose another name or delete that server`, {
      errors: [{ field: 'name', message: 'is taken in this project', type: 'duplicate' }],
      ...(holder === null ? {} : { blockedBy: [holder] }),
    });
  }
}

/** Deletion of what a person protected: the server, or a volume that would go with it. */
export class ServerProtected extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'PROTECTED';

  constructor(blockedBy: readonly BlockedBy[]) {
    const names = blockedBy.map(({ type, name }) => `${type} "${name ?? ''}"`).join(', ');
    super(`Protected: ${names}; take the protection off before deleting`, { blockedBy });
  }
}
