/** Why a call was not let through; `retryAfterMs` says when it is worth trying again. */
export class GateClosed extends Error {
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
    this.name = 'GateClosed';
  }
}

export interface GateOptions {
  /** Calls that may be under way at once. */
  readonly concurrency: number;
  /** How long a call may queue for its turn. */
  readonly queueMs: number;
  /** Failures in a row after which only probes pass. */
  readonly failuresToClose: number;
  readonly probeEveryMs: number;
}

/** What a call told about the service as a whole: one that answers 500 to one request is neither. */
export type Vitality = 'up' | 'down' | 'unclear';

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
}

/**
 * The door to one service: a few calls at a time, and while the service is down one probe a second, so that a dead service costs
 * its callers nothing but a refusal. Counts for this process alone.
 */
export class ServiceGate {
  private active = 0;
  private failures = 0;
  private nextProbeAt = 0;
  private readonly waiting = new Set<Waiter>();

  /** @param now monotonic milliseconds */
  constructor(
    private readonly options: GateOptions,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Waits for a turn. The caller must call `leave` once for each `enter` that succeeds.
   *
   * @throws GateClosed when the service is down, its turn does not come in time, or `signal` aborts.
   */
  async enter(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw new GateClosed('given up before it was sent', 0);
    if (this.isClosed) this.claimProbe();
    if (this.active < this.options.concurrency) {
      this.active += 1;
      return;
    }
    await this.turn(signal);
  }

  leave(vitality: Vitality): void {
    if (vitality === 'up') this.failures = 0;
    if (vitality === 'down') this.countFailure();
    this.active -= 1;
    const next = this.waiting.values().next().value;
    if (next === undefined) return;
    this.active += 1;
    next.admit();
  }

  /** The service is down: only probes pass. */
  get isClosed(): boolean {
    return this.failures >= this.options.failuresToClose;
  }

  private claimProbe(): void {
    const waitMs = this.nextProbeAt - this.now();
    if (waitMs > 0) throw new GateClosed('the service is failing; only probes are sent', Math.ceil(waitMs));
    this.nextProbeAt = this.now() + this.options.probeEveryMs;
  }

  private countFailure(): void {
    this.failures += 1;
    if (this.failures !== this.options.failuresToClose) return;
    this.nextProbeAt = this.now() + this.options.probeEveryMs;
    for (const waiter of [...this.waiting]) {
      waiter.refuse(new GateClosed('the service is failing; only probes are sent', this.options.probeEveryMs));
    }
  }

  private turn(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.waiting.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const refuse = (error: Error): void => {
        settle();
        reject(error);
      };
      const admit = (): void => {
        settle();
        resolve();
      };
      const abort = (): void => {
        refuse(new GateClosed('given up before it was sent', 0));
      };
      const waiter: Waiter = { admit, refuse };
      const timer = setTimeout(() => {
        refuse(new GateClosed('too many calls are under way', this.options.probeEveryMs));
      }, this.options.queueMs);
      signal?.addEventListener('abort', abort);
      this.waiting.add(waiter);
    });
  }
}
