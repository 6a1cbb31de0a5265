import { DomainError } from './errors.js';

/** 429: more requests than one client may send. */
export class TooManyRequests extends DomainError {
  readonly kind = 'too-many';
  readonly code = 'TOO_MANY_REQUESTS';

  constructor(retryAfterSeconds: number) {
    super(`Too many requests; try again in ${String(retryAfterSeconds)} s`, { retryAfterSeconds });
  }
}

export interface RateLimit {
  /** Requests a second that a client may keep up; 0: no limit. */
  readonly perSecond: number;
  /** Requests that it may send at once after a rest. */
  readonly burst: number;
}

/** What of an answer is written here. */
interface ReplyHeaders {
  header(name: string, value: string): unknown;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Clients are looked through for those at rest when so many are known. */
const sweepSize = 10_000;

/** Token buckets of this process: each client, by whatever names it, has its own. */
export class RateLimiter {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly limit: RateLimit) {}

  /**
   * Counts one request of a client at `nowMs` of a monotonic clock, and writes the `RateLimit-…` headers of the answer.
   *
   * @throws TooManyRequests
   */
  take(client: string, nowMs: number, reply: ReplyHeaders): void {
    const { perSecond, burst } = this.limit;
    if (perSecond === 0) return;
    if (this.buckets.size > sweepSize) this.forgetRested(nowMs);
    const bucket = this.filled(client, nowMs);
    const isAllowed = bucket.tokens >= 1;
    if (isAllowed) bucket.tokens -= 1;
    reply.header('ratelimit-limit', String(burst));
    reply.header('ratelimit-remaining', String(Math.floor(bucket.tokens)));
    reply.header('ratelimit-reset', String(Math.ceil((burst - bucket.tokens) / perSecond)));
    if (!isAllowed) throw new TooManyRequests(Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond)));
  }

  private filled(client: string, nowMs: number): Bucket {
    const { perSecond, burst } = this.limit;
    const bucket = this.buckets.get(client) ?? { tokens: burst, filledAtMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.filledAtMs) / 1_000) * perSecond);
    bucket.filledAtMs = nowMs;
    this.buckets.set(client, bucket);
    return bucket;
  }

  /** A full bucket says nothing that a new one would not. */
  private forgetRested(nowMs: number): void {
    const fullAfterMs = (this.limit.burst / this.limit.perSecond) * 1_000;
    for (const [client, { filledAtMs }] of this.buckets) {
      if (nowMs - filledAtMs > fullAfterMs) this.buckets.delete(client);
    }
  }
}
