import type { Access } from './access.js';
import { pageAfter } from './collection.js';
import type { Json } from './json.js';
import { refuse } from './openstack-fault.js';
import type { TokenCall } from './token-call.js';

export interface CinderCall extends TokenCall {
  readonly access: Access;
  readonly minor: number;
  /** `http://host:port/volume` */
  readonly base: string;
  /** The path below version and project: `/volumes/…`. */
  readonly below: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** To the next page; none at the end. */
  readonly links: readonly Json[];
}

/** One page of a list, in its order. */
export function page<T extends { readonly id: string }>(
  call: CinderCall,
  things: readonly T[],
  what: string,
  isSeen?: (thing: T) => boolean,
): Page<T> {
  const { query, base, access, below, cloud } = call;
  const text = query.get('limit');
  if (text !== null && !/^\d+$/.test(text)) throw refuse(400, 'limit param must be positive');
  const limit = Math.min(cloud.settings.page_size, text === null ? cloud.settings.page_size : Number(text));
  const marker = query.get('marker');
  const items = pageAfter(things, marker, limit, isSeen);
  if (items === null) throw refuse(404, `${what} ${String(marker)} could not be found.`);
  const last = items.at(-1);
  if (last === undefined || items.length < limit) return { items, links: [] };
  const next = new URLSearchParams(query);
  next.set('marker', last.id);
  return { items, links: [{ rel: 'next', href: `${base}/v3/${access.projectId}${below}?${next.toString()}` }] };
}

export function listBody(key: string, views: readonly Json[], linksKey: string, links: readonly Json[]): Json {
  return links.length === 0 ? { [key]: views } : { [key]: views, [linksKey]: links };
}
