import type { OpenStackService } from './openstack-call.js';
import {
  OpenStackConflict,
  OpenStackNotFound,
  OpenStackQuotaExceeded,
  OpenStackRefused,
  OpenStackUnauthorized,
  OpenStackUnavailable,
  OpenStackUnknownOutcome,
  type OpenStackError,
  type OpenStackErrorInit,
} from './openstack-errors.js';
import { defaultRetryAfterMs, parseRetryAfter } from './openstack-retry-after.js';

/** An answer as it came, before anybody understood it. */
export interface RawAnswer {
  readonly status: number;
  readonly requestId: string;
  /** The answering host's clock; null when it did not tell. */
  readonly date: Date | null;
  readonly retryAfter: string | null;
  readonly body: string;
}

/** The error that an answer which is not a success means; the same status means different things in different services. */
export function classify(service: OpenStackService, operation: string, answer: RawAnswer, now: Date): OpenStackError {
  const { text, type } = readError(answer.body);
  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.date ?? now);
  const init: OpenStackErrorInit = {
    service,
    operation,
    status: answer.status,
    requestId: answer.requestId,
    text,
    type: type ?? undefined,
  };
  switch (answer.status) {
    case 401:
      return new OpenStackUnauthorized(init);
    case 403:
      return isNovaQuota(service, text) ? new OpenStackQuotaExceeded(init) : new OpenStackRefused(init);
    case 404:
    case 410:
      return new OpenStackNotFound(init);
    case 409:
      return type === 'OverQuota' ? new OpenStackQuotaExceeded(init) : new OpenStackConflict(init);
    case 412:
      return new OpenStackConflict(init);
    case 413:
      return tooLarge(init, text, answer.retryAfter, retryAfterMs);
    case 429:
      return new OpenStackUnavailable({ ...init, retryAfterMs: retryAfterMs ?? defaultRetryAfterMs });
    default:
      break;
  }
  if (answer.status >= 400 && answer.status < 500) return new OpenStackRefused(init);
  return new OpenStackUnknownOutcome({ ...init, retryAfterMs: retryAfterMs ?? undefined });
}

/** Nova: "Quota exceeded for cores, ram: …", "Maximum number of ports exceeded". A 403 with another text is a policy. */
function isNovaQuota(service: OpenStackService, text: string): boolean {
  return service === 'compute' && /quota exceeded|maximum number of .* exceeded/i.test(text);
}

/** Cinder says 413 with Retry-After: 0 for a quota; a rate limiter says it with a time; a proxy means the size of the body. */
function tooLarge(
  init: OpenStackErrorInit,
  text: string,
  header: string | null,
  retryAfterMs: number | null,
): OpenStackError {
  if (/quota/i.test(text)) return new OpenStackQuotaExceeded(init);
  if (header === null) return new OpenStackRefused(init);
  return retryAfterMs === null ? new OpenStackQuotaExceeded(init) : new OpenStackUnavailable({ ...init, retryAfterMs });
}

interface ServiceError {
  readonly text: string;
  readonly type: string | null;
}

/**
 * The service's own words out of `{"badRequest": {code, message}}` (Nova, Cinder), `{"NeutronError": {type, message}}`,
 * `{"error": {code, message, title}}` (Keystone), or a page of a proxy.
 */
export function readError(body: string): ServiceError {
  const parsed = parseJson(body);
  if (!isObject(parsed)) return { text: sanitise(body), type: null };
  const neutron = parsed['NeutronError'];
  // Early failures of Neutron's WSGI layers carry a plain text here.
  if (typeof neutron === 'string') return { text: sanitise(neutron), type: null };
  if (isObject(neutron)) return { text: messageOf(neutron), type: textOf(neutron['type']) };
  const [name, inner] = Object.entries(parsed)[0] ?? [];
  if (isObject(inner))
    return { text: messageOf(inner), type: name === 'error' ? textOf(inner['title']) : (name ?? null) };
  return { text: messageOf(parsed), type: null };
}

function messageOf(error: Readonly<Record<string, unknown>>): string {
  return sanitise(textOf(error['message']) ?? textOf(error['description']) ?? JSON.stringify(error));
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One line of at most 500 characters without tags and control characters. */
function sanitise(text: string): string {
  return text
    .slice(0, 20_000)
    .replace(/<(script|style)\b[^<]*<\/\1>/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, 500);
}
