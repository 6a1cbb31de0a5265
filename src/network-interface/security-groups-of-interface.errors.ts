import { DomainError } from '../common/errors.js';

/** Groups for an interface whose network filters nothing. */
export class PortSecurityDisabled extends DomainError {
  static readonly code = 'PORT_SECURITY_DISABLED';
  readonly kind = 'conflict';
  readonly code = 'PORT_SECURITY_DISABLED';

  constructor(networkInterfaceId: number) {
    super(
      `Network interface ${String(networkInterfaceId)} is without port security, as its network is, and takes no security groups; ask for none ([]), or use a server on another network`,
    );
  }
}
