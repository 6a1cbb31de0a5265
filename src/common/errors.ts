/** What went wrong, in terms of the caller; `problem.filter.ts` alone knows which HTTP status each kind has. */
export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'precondition'
  | 'invalid'
  | 'too-many'
  | 'unavailable';

/** Where in a request something is wrong. */
export type RequestPart = 'path' | 'query' | 'header' | 'body';

/** One wrong field of a request. `field` is a dotted path, empty for the whole; `type` a stable word such as `max_length`. */
export interface FieldError {
  readonly field: string;
  /** Left out: the query of a GET, the body of anything else. */
  readonly in?: RequestPart;
  readonly message: string;
  readonly type: string;
}

/** A thing that stands in the way of a change; `id` is ours. */
export interface BlockedBy {
  readonly type: string;
  readonly id: number;
  readonly name: string | null;
}

export interface ErrorDetails {
  readonly errors?: readonly FieldError[];
  readonly blockedBy?: readonly BlockedBy[];
  /** Whose status is in the way; who asked is told of the operation that goes on with it, if there is one. `id` is ours. */
  readonly inStatus?: { readonly type: 'server' | 'volume'; readonly id: number };
  /** The operation that is in the way, or that failed (its public id). */
  readonly operationId?: number;
  readonly openstackRequestIds?: readonly string[];
  /** Whole seconds; goes into Retry-After. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/**
 * An error that a user of the API is meant to read. `code` is part of the contract; the message says what happened and to
 * which thing, in words of the API, never with SQL, a stack, a token or an upstream body.
 */
export abstract class DomainError extends Error {
  abstract readonly kind: ErrorKind;
  abstract readonly code: string;
  details: ErrorDetails;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.details = details;
  }

  /** The same, said of what is in the middle of an operation. */
  during(operationId: number): this {
    this.message += `; operation ${String(operationId)} is under way on it: wait for it to end, then try again`;
    this.details = { ...this.details, operationId };
    return this;
  }
}

/** 422: the request is well formed, but a field is not allowed. */
export class ValidationFailed extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'VALIDATION_FAILED';

  constructor(errors: readonly FieldError[]) {
    super(errors.map(sentenceOf).join('; ') || 'The request is not valid', { errors });
  }
}

function sentenceOf({ field, in: part = 'body', message }: FieldError): string {
  return field === '' ? `The ${part} ${message}` : `${field}: ${message}`;
}

/** 409: another operation holds the resource. `operationId` leads to it. */
export class OperationInProgress extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'OPERATION_IN_PROGRESS';

  /** @param type of the resource @param operationId of the one that holds it; null when it has let go just now */
  static on(type: string, operationId: number | null, cause?: unknown): OperationInProgress {
    return new OperationInProgress(
      `Another operation on this ${type.replaceAll('_', ' ')} is under way; wait for it to end, then try again`,
      { ...(operationId === null ? {} : { operationId }), cause },
    );
  }
}

/** 503: MySQL cannot be reached or does not take writes. */
export class DatabaseUnavailable extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'DATABASE_UNAVAILABLE';

  constructor(
    cause: unknown,
    detail = 'The database cannot be reached; nothing was changed that was not answered. Try again shortly.',
  ) {
    super(detail, { cause, retryAfterSeconds: 5 });
  }
}

/** 503: OpenStack cannot be reached, and this request cannot do without it. */
export class OpenStackAway extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'OPENSTACK_UNAVAILABLE';

  constructor(what: string, cause: unknown, retryAfterSeconds = 10) {
    super(`${what} needs OpenStack, which cannot be reached at the moment; try again shortly`, {
      retryAfterSeconds,
      cause,
    });
  }
}

export class PermissionDenied extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'PERMISSION_DENIED';
}
