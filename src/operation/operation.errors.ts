import { DomainError } from '../common/errors.js';
import type { OperationEntity } from './operation.entity.js';

export class OperationNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'OPERATION_NOT_FOUND';

  constructor(id: number) {
    super(`There is no operation ${String(id)} that you may see`);
  }
}

/** 409: what has ended is neither tried again nor ended once more. */
export class OperationEnded extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'OPERATION_ENDED';

  constructor({ id, state }: Pick<OperationEntity, 'id' | 'state'>) {
    super(`Operation ${String(id)} has ended already: it is ${state}`, { operationId: id });
  }
}

/** What an operation that was waited for ended with: the refusal becomes the answer of the request. */
export class OperationFailed extends DomainError {
  readonly kind: 'conflict' | 'not-found';

  constructor(
    readonly code: string,
    message: string,
    operationId: number,
    openstackRequestIds: readonly string[],
  ) {
    super(message, { operationId, openstackRequestIds });
    this.kind = code.endsWith('_NOT_FOUND') ? 'not-found' : 'conflict';
  }
}
