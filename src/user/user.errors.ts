import { DomainError } from '../common/errors.js';

/** Also for one who shares no project with the caller. */
export class UserNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'USER_NOT_FOUND';

  constructor(id: number) {
    super(`There is no user ${String(id)} that shares a project with you`);
  }
}

/** One who is to be brought into a project, or taken out of it: whether a project is shared does not matter then. */
export class MemberNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'USER_NOT_FOUND';

  constructor(id: number) {
    super(
      `There is no user ${String(id)}; GET /users?account_id=… finds the id of a person by the account id that they log in with`,
    );
  }
}

export class UserUpdateDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'USER_UPDATE_PERMISSION_DENIED';

  constructor() {
    super('You may change your own account only');
  }
}
