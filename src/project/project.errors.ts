import { DomainError } from '../common/errors.js';

export class ProjectAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'PROJECT_ACCESS_DENIED';

  constructor(id: number) {
    super(`You are not a member of project ${String(id)}`);
  }
}
