import { DomainError } from '../common/errors.js';

/** Also for one who shares no project with the caller. */
export class UserNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'USER_NOT_FOUND';

  constructor(id: number) {
    super(`There is no user ${String(id)} that shares a project with you`);
  }
}

export class UserUpdateDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'USER_UPDATE_PERMISSION_DENIED';

  constructor() {
    super('You may change your own account only');
  }
}
