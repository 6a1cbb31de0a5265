import type { IdempotencyClaim } from './idempotency.js';
import type { Principal } from './principal.js';

/** By which request something is asked for, and how it wants to be answered. */
export interface Requester {
  readonly requestId: string;
  /** Where the request came from; behind a trusted proxy the client's own address. */
  readonly address: string;
  /** The client's key for this change, or null. */
  readonly idempotency: IdempotencyClaim | null;
  /** `Prefer: respond-async`: answer 202 at once instead of waiting for the end. */
  readonly prefersAsync: boolean;
}

/** Who asks for a change, and by which request. */
export interface Actor extends Requester {
  readonly principal: Principal;
}
