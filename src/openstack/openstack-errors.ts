import type { OpenStackService } from './openstack-call.js';

export interface OpenStackErrorInit {
  readonly service: OpenStackService;
  /** Method and path template, e.g. `POST /v2.0/ports`; never an id, never a token. */
  readonly operation: string;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** What the service said, sanitised: one line, at most 500 characters. */
  readonly text?: string | undefined;
  /** The service's own word for the error, e.g. Neutron's `type`. */
  readonly type?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The type of an OpenStackUnknownOutcome whose answer was longer than what is read at once. */
export const answerTooLarge = 'AnswerTooLarge';

/** Every failure of a call to OpenStack is one of the subclasses. */
export abstract class OpenStackError extends Error {
  readonly service: OpenStackService;
  readonly operation: string;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly text: string;
  readonly type: string | null;
  readonly retryAfterMs: number | null;

  constructor(init: OpenStackErrorInit) {
    super(`${init.service}: ${init.operation}: ${String(init.status ?? 'no answer')} ${init.text ?? ''}`.trim(), {
      cause: init.cause,
    });
    this.name = new.target.name;
    this.service = init.service;
    this.operation = init.operation;
    this.status = init.status ?? null;
    this.requestId = init.requestId ?? null;
    this.text = init.text ?? '';
    this.type = init.type ?? null;
    this.retryAfterMs = init.retryAfterMs ?? null;
  }
}

/**
 * The request did certainly not take effect and may be sent again later: refused connection, name not resolved, TLS refused,
 * 429, 413 with Retry-After > 0, the breaker open, the service missing in the catalogue, or Keystone refusing or not giving a
 * token for the service account.
 */
export class OpenStackUnavailable extends OpenStackError {}

/**
 * Nobody knows whether the request took effect: timeout, reset after sending, any 5xx, a 2xx that cannot be read, a
 * redirect. Reads may be repeated; a change must be looked up first.
 */
export class OpenStackUnknownOutcome extends OpenStackError {}

/** 401 from a service with a fresh token. */
export class OpenStackUnauthorized extends OpenStackError {}

/** 400, 403 that is not a quota, and every other 4xx not named here. */
export class OpenStackRefused extends OpenStackError {}

/** 404 (and 410): not there, or gone; OpenStack does not tell which. */
export class OpenStackNotFound extends OpenStackError {}

/** 409 that is not a quota; 412. */
export class OpenStackConflict extends OpenStackError {}

/** Nova 403 `Quota exceeded`, Neutron 409 `OverQuota`, Cinder 413 with a quota text or Retry-After 0. */
export class OpenStackQuotaExceeded extends OpenStackError {}
