import { DomainError } from '../common/errors.js';

/** Somebody else's is as unknown as none. */
export class KeyPairNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'KEY_PAIR_NOT_FOUND';

  /** `field` where the id stood in a body. */
  constructor(id: number, field: string | null = null) {
    super(
      `You have no key pair ${String(id)}; GET /key-pairs lists yours`,
      field === null ? {} : { errors: [{ field, message: 'is no key pair of yours', type: 'not_found' }] },
    );
  }
}

export class KeyPairNameTaken extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'KEY_PAIR_NAME_DUPLICATE';

  constructor(name: string) {
    super(`You have a key pair named "${name}" already; choose another name or delete that one`, {
      errors: [{ field: 'name', message: 'is taken', type: 'duplicate' }],
    });
  }
}
