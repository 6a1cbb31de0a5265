import { DomainError } from '../common/errors.js';

export class ProjectAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'PROJECT_ACCESS_DENIED';

  constructor(id: number) {
    super(`You are not a member of project ${String(id)}`);
  }
}

export class ProjectNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'PROJECT_NOT_FOUND';

  constructor(id: number) {
    super(`There is no project ${String(id)}`);
  }
}

/** Refused here, or by Keystone, which knows projects that are not managed here. */
export class ProjectNameTaken extends DomainError {
  static readonly code = 'PROJECT_NAME_DUPLICATED';
  readonly kind = 'conflict';
  readonly code = ProjectNameTaken.code;

  constructor(name: string) {
    super(`A project named "${name}" exists already; choose another name`, {
      errors: [{ field: 'name', message: 'is taken', type: 'duplicate' }],
    });
  }
}
