import type { Config } from '../config/config.js';

type Timing = Pick<Config['settings'], 'POLL_FIRST_MS'>;

/** However long it took lately, the first look is not later than this many first pauses: the next one may be quick. */
const mostPauses = 4;
/** Each wait that was over at the first look makes the next first look sooner by this. */
const sooner = 0.95;

/**
 * How long what OpenStack was asked to make takes until it is ready, as this process has seen it lately: so that the first look is worth
 * its call. Only a guess: a wait that is looked at too early is looked at again.
 */
export class WaitTimes {
  private readonly expectedMs = new Map<string, number>();

  constructor(private readonly timing: Timing) {}

  /** Milliseconds from the beginning of the wait. @param wait its name */
  firstLookMs(wait: string): number {
    const { POLL_FIRST_MS: firstMs } = this.timing;
    const expectedMs = this.expectedMs.get(wait) ?? firstMs;
    return Math.round(Math.min(Math.max(expectedMs, firstMs), mostPauses * firstMs));
  }

  /** @param elapsedMs from the beginning of the wait until a look found it over */
  over(wait: string, elapsedMs: number): void {
    const firstMs = this.firstLookMs(wait);
    const wasFirstLook = elapsedMs < firstMs + this.timing.POLL_FIRST_MS;
    // One that took unusually long does not make all the next ones late.
    this.expectedMs.set(wait, wasFirstLook ? firstMs * sooner : Math.min(elapsedMs, 2 * firstMs));
  }
}
