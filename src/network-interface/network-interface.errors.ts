import { DomainError } from '../common/errors.js';

export class NetworkInterfaceNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'NETWORK_INTERFACE_NOT_FOUND';

  constructor(id: number) {
    super(`There is no network interface ${String(id)}`);
  }
}

export class NetworkInterfaceAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Network interface ${String(id)} belongs to another project`);
  }
}

/** The port of the interface is not made yet. */
export class NetworkInterfaceNotReady extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'OPERATION_IN_PROGRESS';

  constructor(id: number, operationId: number | null) {
    super(
      `Network interface ${String(id)} is still being made; wait for that to end, then try again`,
      operationId === null ? {} : { operationId },
    );
  }
}
