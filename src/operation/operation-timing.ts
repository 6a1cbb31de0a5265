import type { Config } from '../config/config.js';

type Timing = Pick<Config['settings'], 'POLL_FIRST_MS' | 'POLL_MAX_MS' | 'BACKOFF_FIRST_MS' | 'BACKOFF_MAX_MS'>;

/** A tenth of what has been waited: the wait is late by at most that, and a long one asks seldom. */
const pollShare = 0.1;

/** How long to wait before looking again at something that has been under way for `elapsedMs`. */
export function pollDelayMs(elapsedMs: number, timing: Timing): number {
  return Math.round(Math.min(timing.POLL_MAX_MS, Math.max(timing.POLL_FIRST_MS, elapsedMs * pollShare)));
}

/** Full jitter: anything up to the doubled-up limit. `failures` counts from 1; `random` is in [0, 1). */
export function backoffDelayMs(failures: number, timing: Timing, random: number): number {
  const limit = Math.min(timing.BACKOFF_MAX_MS, timing.BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(timing.BACKOFF_FIRST_MS / 4 + random * limit);
}
