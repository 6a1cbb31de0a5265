import { DomainError, DatabaseUnavailable, OpenStackAway } from './common/errors.js';
import { databaseFailure } from './database/database-errors.js';
import {
  OpenStackConflict,
  OpenStackError,
  OpenStackQuotaExceeded,
  OpenStackUnauthorized,
  OpenStackUnavailable,
  OpenStackUnknownOutcome,
} from './openstack/openstack-errors.js';

/** 409: OpenStack did not do what a request needed at once. */
class OpenStackRefusal extends DomainError {
  readonly kind = 'conflict';
  readonly code: string;

  constructor(error: OpenStackError) {
    super(`OpenStack refused it; ${error.service} said: ${error.text}`, {
      cause: error,
      openstackRequestIds: error.requestId === null ? [] : [error.requestId],
    });
    this.code = codeOf(error);
  }
}

/** Errors of MySQL and OpenStack for which no service had an answer of its own; null for every other. */
export function translateError(error: unknown): DomainError | null {
  if (error instanceof OpenStackError) {
    const isAway =
      error instanceof OpenStackUnavailable ||
      error instanceof OpenStackUnknownOutcome ||
      error instanceof OpenStackUnauthorized;
    return isAway ? new OpenStackAway('This', error) : new OpenStackRefusal(error);
  }
  return databaseFailure(error) === 'other' ? null : new DatabaseUnavailable(error);
}

function codeOf(error: OpenStackError): string {
  if (error instanceof OpenStackQuotaExceeded) return 'QUOTA_EXCEEDED';
  return error instanceof OpenStackConflict ? 'OPENSTACK_CONFLICT' : 'OPENSTACK_REFUSED';
}
