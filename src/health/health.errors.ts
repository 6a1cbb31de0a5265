import { DomainError } from '../common/errors.js';

/** 503: this replica should get no requests now. */
export class NotReady extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'NOT_READY';

  constructor(reason: string) {
    super(reason, { retryAfterSeconds: 2 });
  }
}
