import { DomainError, type BlockedBy } from '../common/errors.js';

export class FloatingIpAlreadyAttached extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE';

  /** `networkInterfaceId` is null for a port that we do not know. */
  constructor(address: string | null, networkInterfaceId: number | null) {
    const holder: readonly BlockedBy[] =
      networkInterfaceId === null ? [] : [{ type: 'network_interface', id: networkInterfaceId, name: null }];
    super(`Floating IP ${address ?? ''} is on a network interface already; take it off first`, { blockedBy: holder });
  }
}

export class NetworkInterfaceHasFloatingIp extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'NETWORK_INTERFACE_HAS_FLOATING_IP';

  constructor(networkInterfaceId: number, address: string | null, blockedBy: readonly BlockedBy[]) {
    super(
      `Network interface ${String(networkInterfaceId)} has the floating IP ${address ?? ''} already; take it off first`,
      { blockedBy },
    );
  }
}

export class FloatingIpNotAttached extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'FLOATING_IP_NOT_ATTACHED_TO_NETWORK_INTERFACE';

  constructor(address: string | null) {
    super(`Floating IP ${address ?? ''} is on no network interface`);
  }
}

/** Taking an address off an interface that it is not on. */
export class NetworkInterfaceNotMatched extends DomainError {
  readonly kind = 'malformed';
  readonly code = 'NETWORK_INTERFACE_NOT_MATCHED';

  constructor(address: string | null, networkInterfaceId: number) {
    super(`Floating IP ${address ?? ''} is on network interface ${String(networkInterfaceId)}, not on the one named`);
  }
}
