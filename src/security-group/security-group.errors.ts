import { DomainError, type BlockedBy, type FieldError } from '../common/errors.js';

export class SecurityGroupNotFound extends DomainError {
  static readonly code = 'SECURITY_GROUP_NOT_FOUND';
  readonly kind = 'not-found';
  readonly code = 'SECURITY_GROUP_NOT_FOUND';

  /** `field`: where a request names the group; null where its path does. */
  constructor(id: number, field: string | null = null) {
    const message = `There is no security group ${String(id)}`;
    super(message, field === null ? {} : { errors: [{ field, message, type: 'not_found' }] });
  }
}

export class SecurityGroupAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'SECURITY_GROUP_ACCESS_DENIED';

  constructor(id: number, field: string | null = null) {
    const message = `Security group ${String(id)} belongs to another project`;
    super(message, field === null ? {} : { errors: [{ field, message, type: 'forbidden' }] });
  }
}

export class SecurityGroupUpdateDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'SECURITY_GROUP_UPDATE_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Security group ${String(id)} belongs to another project and cannot be changed from this one`);
  }
}

export class SecurityGroupDeletionDenied extends DomainError {
  readonly kind = 'forbidden';
  /** The contract calls it so. */
  readonly code = 'SECURITY_GROUP_DELETE_PERMISSION_DENIED_EXCEPTION';

  constructor(id: number) {
    super(`Security group ${String(id)} belongs to another project and cannot be deleted from this one`);
  }
}

export class SecurityGroupNameTaken extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'SECURITY_GROUP_NAME_DUPLICATED';

  constructor(name: string, holder: BlockedBy | null) {
    super(`A security group named "${name}" already exists in this project; choose another name`, {
      errors: [{ field: 'name', message: 'is taken in this project', type: 'duplicate' } satisfies FieldError],
      ...(holder === null ? {} : { blockedBy: [holder] }),
    });
  }
}

/** Another change of the same group is under way: what this one was decided on is about to be outdated. */
export class SecurityGroupChanging extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'OPTIMISTIC_LOCK_CONFLICT';

  constructor(id: number, operationId: number) {
    super(`Someone else is changing security group ${String(id)}; read it again and decide anew`, { operationId });
  }
}

export class SecurityGroupAttached extends DomainError {
  static readonly code = 'ATTACHED_SECURITY_GROUP_DELETION';
  readonly kind = 'conflict';
  readonly code = 'ATTACHED_SECURITY_GROUP_DELETION';

  constructor(name: string, blockedBy: readonly BlockedBy[]) {
    super(`Security group "${name}" is on network interfaces; give them other groups before deleting it`, {
      blockedBy,
    });
  }
}

export class DefaultSecurityGroupDeletion extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'DEFAULT_SECURITY_GROUP_DELETION';

  constructor() {
    super("A project's default security group cannot be deleted; it can be left without rules");
  }
}

export class DefaultSecurityGroupRename extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'DEFAULT_SECURITY_GROUP_RENAME';

  constructor(name: string) {
    const message = `must stay "${name}"`;
    super(`A project's default security group keeps its name: it ${message}`, {
      errors: [{ field: 'name', message, type: 'fixed' }],
    });
  }
}
