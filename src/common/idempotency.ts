import type { FastifyRequest } from 'fastify';

/** A client's own name for one change, by which a repetition of the request is told from a second one. */
export class IdempotencyClaim {
  private again = false;

  constructor(
    /** Whose key it is: `user:<id>`, or `addr:<address>` for strangers. */
    readonly scope: string,
    readonly key: string,
    /** Tells one request from another: method, URL, project and body, under a key of this installation. */
    readonly fingerprint: Buffer,
  ) {}

  /** The change of an earlier request was found by this key, and is answered again. */
  get isReplayed(): boolean {
    return this.again;
  }

  setReplayed(): void {
    this.again = true;
  }
}

const claims = new WeakMap<FastifyRequest, IdempotencyClaim>();

export function setIdempotencyClaim(request: FastifyRequest, claim: IdempotencyClaim): void {
  claims.set(request, claim);
}

/** Null when the request has no key, or its route takes none. */
export function idempotencyClaimOf(request: FastifyRequest): IdempotencyClaim | null {
  return claims.get(request) ?? null;
}
