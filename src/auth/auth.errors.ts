import { DomainError } from '../common/errors.js';

/** 401: no token, or one that does not (any longer) say who asks. */
export class InvalidAccessToken extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'INVALID_ACCESS_TOKEN';

  constructor() {
    super('The access token is missing, wrong or no longer valid; log in again');
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

/** 429: passwords are no longer checked for this account, or for this address. It does not say for which. */
export class TooManyAttempts extends DomainError {
  readonly kind = 'too-many';
  readonly code = 'TOO_MANY_ATTEMPTS';

  constructor(retryAfterMs: number) {
    super('There were too many failed attempts; wait before the next one. Sessions that are open go on.', {
      retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
    });
  }
}
