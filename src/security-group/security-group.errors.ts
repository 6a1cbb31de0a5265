import { DomainError } from '../common/errors.js';

export class SecurityGroupNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'SECURITY_GROUP_NOT_FOUND';

  constructor(id: number, field: string) {
    const message = `There is no security group ${String(id)}`;
    super(message, { errors: [{ field, message, type: 'not_found' }] });
  }
}

export class SecurityGroupAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'SECURITY_GROUP_ACCESS_DENIED';

  constructor(id: number) {
    super(`Security group ${String(id)} belongs to another project`);
  }
}
