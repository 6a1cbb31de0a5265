import { z } from 'zod';

/** A time of any service: Nova's with Z, Cinder's without a zone, which is UTC too. */
export const wireTime = z.string().transform((text, context) => {
  const time = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (!Number.isNaN(time.getTime())) return time;
  context.addIssue({ code: 'custom', message: 'not a time' });
  return z.NEVER;
});

/** An id in the form that every service gives: never empty. */
export const wireId = z.string().min(1);

/** A text that may be empty or missing where there is none: Neutron's `device_id`, Nova's zone. */
export const wireOptionalText = z
  .string()
  .nullish()
  .transform((text) => (text === undefined || text === null || text === '' ? null : text));

/** A time as every service's filters take it, which count whole seconds: the second in which it lies. */
export function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
