import { createHash } from 'node:crypto';

/** They move when OpenStack was only seen again, without anything a person could see having changed; and a secret is shown only once. */
const unseen = new Set(['observed_at', 'updated_at', 'sync', 'admin_password']);

/** The entity tag of a resource as an answer shows it: it changes with what a user can see, but not with `observed_at`. */
export function entityTag(body: object): string {
  const text = JSON.stringify(body, (key, value: unknown) => (unseen.has(key) ? undefined : value));
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

/** The tags of an If-Match or If-None-Match header; weak ones count like strong ones. Empty for what is no list of tags. */
export function tagsOf(header: string): readonly string[] {
  return header
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .filter((tag) => tag === '*' || /^"[^"]*"$/.test(tag));
}

export function isMatched(tags: readonly string[], tag: string): boolean {
  return tags.includes('*') || tags.includes(tag);
}
