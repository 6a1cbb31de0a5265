import { DomainError, type BlockedBy } from '../common/errors.js';

/** Each goes into WWW-Authenticate as it is: ASCII without quotes. */
const refusals = {
  missing: 'No access token was sent; log in at POST /auth/login and send it as Authorization: Bearer TOKEN',
  wrong:
    'The access token is not one that was issued here, or not sent as Authorization: Bearer TOKEN; log in at POST /auth/login',
  expired: 'The access token has expired; POST /auth/refresh gives a new one for the refresh token',
  ended:
    'The session of this access token has ended, e.g. by a log-out, a change of password or the loss of its project; log in again',
} as const;

/** 401: no token, or one that does not (any longer) say who asks. */
export class InvalidAccessToken extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'INVALID_ACCESS_TOKEN';

  constructor(reason: keyof typeof refusals) {
    super(refusals[reason]);
  }
}

/** 401: the same for an unknown account and for a wrong password. */
export class InvalidAuth extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'INVALID_AUTH';

  constructor(cause: unknown) {
    super('Account id and password do not match', { cause });
  }
}

/** 403: the password is right, and of no use until it is changed. */
export class PasswordMustChange extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'PASSWORD_EXPIRED';

  constructor(cause: unknown) {
    super('The password has expired or must be changed before it can be used', { cause });
  }
}

export class UserNotJoinedAnyProject extends DomainError {
  readonly kind = 'malformed';
  readonly code = 'USER_NOT_JOINED_ANY_PROJECT';

  constructor() {
    super('This account is in no project that is managed here; ask a member of one to add it');
  }
}

/** 401: not one of ours, used before, or of a session that has ended. */
export class InvalidRefreshToken extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'INVALID_REFRESH_TOKEN';

  constructor() {
    super('The refresh token is wrong, was used before, or its session has ended; log in again');
  }
}

/** What no more passwords are checked for; null: nothing is locked, but too much is being checked at once. */
type LockedOut = 'account' | 'address' | null;

const lockedOut = {
  account: 'with this account id, which is locked from every address, whether or not there is such an account',
  address: 'from your address, which is locked for every account',
} as const;

/** 429. It says whether the account or the address is locked; an account that there is not is locked in the same words. */
export class TooManyAttempts extends DomainError {
  readonly kind = 'too-many';
  readonly code = 'TOO_MANY_ATTEMPTS';

  constructor(what: LockedOut, retryAfterMs: number) {
    const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
    const reason = what === null ? 'Too many attempts at once' : `Too many failed attempts ${lockedOut[what]}`;
    super(`${reason}; try again in ${inWords(retryAfterSeconds)}. Sessions that are open go on.`, {
      retryAfterSeconds,
    });
  }
}

/** Never less than it is. */
function inWords(seconds: number): string {
  if (seconds === 1) return '1 second';
  return seconds < 120 ? `${String(seconds)} seconds` : `${String(Math.ceil(seconds / 60))} minutes`;
}

/** 403, not 401: who asks is known. */
export class WrongOldPassword extends DomainError {
  readonly kind = 'forbidden';
  readonly code: string = 'INVALID_AUTH';

  constructor(cause: unknown) {
    super('The old password is wrong', {
      cause,
      errors: [{ field: 'old_password', message: 'is wrong', type: 'wrong' }],
    });
  }
}

export class SignUpClosed extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'SIGN_UP_CLOSED';

  constructor() {
    super('Accounts are made by the administrators of this installation; ask one of them');
  }
}

/** Refused here, or by Keystone, which knows users that are not known here. */
export class AccountIdTaken extends DomainError {
  static readonly code = 'USER_ACCOUNT_ID_DUPLICATE';
  readonly kind = 'conflict';
  readonly code = AccountIdTaken.code;

  constructor(accountId: string) {
    super(`The account id "${accountId}" is taken; choose another one`, {
      errors: [{ field: 'account_id', message: 'is taken', type: 'duplicate' }],
    });
  }
}

/** 503: an attempt to make this account is being undone, or could not be finished in time. Nothing is left of it once it is undone. */
export class SignUpUnfinished extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'OPENSTACK_UNAVAILABLE';

  constructor(retryAfterSeconds = 10) {
    super(
      'The account could not be made in time, and what was begun is being undone; try again shortly, with the same Idempotency-Key if one was sent',
      { retryAfterSeconds },
    );
  }
}

export class UserDeletionDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'USER_DELETE_PERMISSION_DENIED';

  constructor() {
    super('You may delete your own account only; an administrator also one that is in no project');
  }
}

export class LastUser extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'LAST_USER_DELETION_NOT_ALLOWED';

  constructor() {
    super('This is the last user of the domain, and stays');
  }
}

/** A project would be left without anybody: by who leaves it, or by the deletion of who is alone with its resources. */
export class LastProjectMember extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'LAST_PROJECT_MEMBER';

  /** `blockedBy` is the project, with what is left in it where that stands in the way. */
  constructor(projectName: string, blockedBy: readonly BlockedBy[]) {
    const wayOut = blockedBy.length > 1 ? ', or delete what is in it' : '';
    super(`Nobody else is in project "${projectName}"; add somebody first${wayOut}`, { blockedBy });
  }
}

export class ImportedUserDeletion extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'IMPORTED_USER_DELETION';

  constructor() {
    super('This account was not made here but imported from OpenStack; have it deleted where it was made');
  }
}

export class AlreadyInProject extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'USER_ROLE_ALREADY_IN_PROJECT';

  constructor(userId: number, projectId: number) {
    super(`User ${String(userId)} is in project ${String(projectId)} already`);
  }
}

export class NotInProject extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'USER_ROLE_NOT_IN_PROJECT';

  constructor(userId: number, projectId: number) {
    super(`User ${String(userId)} is not in project ${String(projectId)}`);
  }
}

/** What was given to the user here is taken away; what comes from elsewhere stays. */
export class RoleInherited extends DomainError {
  static readonly code = 'ROLE_INHERITED';
  readonly kind = 'conflict';
  readonly code = RoleInherited.code;

  constructor() {
    super('The role comes from a group, from the domain or from an administrator, and can be taken away only there');
  }
}
