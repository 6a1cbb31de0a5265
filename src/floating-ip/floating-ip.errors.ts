import { DomainError, type BlockedBy } from '../common/errors.js';

export class FloatingIpNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'FLOATING_IP_NOT_FOUND';

  constructor(id: number) {
    super(`There is no floating IP ${String(id)}`);
  }
}

export class FloatingIpAccessDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'FLOATING_IP_ACCESS_DENIED';

  constructor(id: number) {
    super(`Floating IP ${String(id)} belongs to another project`);
  }
}

/** The same for putting it on an interface or taking it off, which the contract names differently. */
export class FloatingIpUseDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'FLOATING_IP_ACCESS_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Floating IP ${String(id)} belongs to another project`);
  }
}

export class FloatingIpReleaseDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'FLOATING_IP_DELETE_PERMISSION_DENIED';

  constructor(id: number) {
    super(`Floating IP ${String(id)} belongs to another project and cannot be released from this one`);
  }
}

/** Release of an address that is on an interface. */
export class FloatingIpAttached extends DomainError {
  static readonly code = 'ATTACHED_FLOATING_IP_DELETION';
  readonly kind = 'conflict';
  readonly code = FloatingIpAttached.code;

  constructor(address: string | null, blockedBy: readonly BlockedBy[]) {
    super(`Floating IP ${address ?? ''} is on a network interface; take it off before releasing it`, { blockedBy });
  }
}
