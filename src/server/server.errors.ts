import { DomainError, type BlockedBy } from '../common/errors.js';

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

/** Deletion of what a person protected. */
export class ServerProtected extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'PROTECTED';

  constructor(id: number, name: string) {
    super(`Server "${name}" is protected; take the protection off before deleting it`, {
      blockedBy: [{ type: 'server', id, name }],
    });
  }
}
