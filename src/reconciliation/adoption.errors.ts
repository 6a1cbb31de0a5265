import { DomainError } from '../common/errors.js';
import type { ResourceType } from '../operation/operation-state.js';

/** Not in that project in OpenStack. */
export class UnmanagedResourceNotFound extends DomainError {
  readonly kind = 'not-found';
  readonly code = 'UNMANAGED_RESOURCE_NOT_FOUND';

  constructor(type: ResourceType, openstackId: string) {
    super(`OpenStack has no ${type} ${openstackId} in that project`);
  }
}

/** It must not be taken over: another installation's, or deleted here. */
export class AdoptionRefused extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'ADOPTION_REFUSED';

  constructor(reason: string) {
    super(`It was not adopted: ${reason}`);
  }
}
