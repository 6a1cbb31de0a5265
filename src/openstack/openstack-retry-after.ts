/** Waited when a service says "later" and not how much later, or says it in a way that makes no sense. */
export const defaultRetryAfterMs = 5_000;
export const longestRetryAfterMs = 5 * 60_000;

/**
 * How long the answer asks to wait: whole seconds or an HTTP date, at most five minutes; the default for anything else, such as
 * a negative number or a date gone by. Null without the header, or when it says 0.
 *
 * `now` should be the answering host's Date, so that its clock may be off.
 */
export function parseRetryAfter(header: string | null, now: Date): number | null {
  const text = header?.trim() ?? '';
  if (text === '' || /^0+$/.test(text)) return null;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : httpDate(text) - now.getTime();
  return waitMs > 0 ? Math.min(waitMs, longestRetryAfterMs) : defaultRetryAfterMs;
}

/** NaN unless it reads like the dates of HTTP: Date.parse alone takes almost any text with a number in it. */
function httpDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
}
