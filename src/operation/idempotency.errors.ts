import { DomainError } from '../common/errors.js';

const field = 'Idempotency-Key';

export class IdempotencyKeyReused extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'IDEMPOTENCY_KEY_REUSED';

  constructor() {
    super('This Idempotency-Key was sent with another request before; use a new key for a new change', {
      errors: [{ field, in: 'header', message: 'belongs to another request', type: 'reused' }],
    });
  }
}

/** The first request with the key has no answer yet. */
export class IdempotencyKeyInUse extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'IDEMPOTENCY_KEY_IN_USE';

  constructor(operationId: number | null) {
    super('The first request with this Idempotency-Key is still being carried out; ask again when it has ended', {
      retryAfterSeconds: 1,
      ...(operationId === null ? {} : { operationId }),
    });
  }
}
