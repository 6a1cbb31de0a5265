import { pageAfter } from './collection.js';
import type { Json } from './json.js';
import type { NovaCall } from './nova-call.js';
import { refuse } from './openstack-fault.js';

interface Page<T> {
  readonly items: readonly T[];
  readonly links: readonly Json[];
}

/** `path` is what stands in the link, below `/v2.1/`. A marker that is not in the list is a 400. */
export function pageOf<T extends { readonly id: string }>(
  call: NovaCall,
  path: string,
  all: readonly T[],
  isSeen?: (thing: T) => boolean,
): Page<T> {
  const { query, base, cloud } = call;
  const text = query.get('limit');
  if (text !== null && !/^[0-9]*$/.test(text)) {
    const message = `Value: ${text}. '${text}' does not match '^[0-9]*$'`;
    throw refuse(400, `Invalid input for query parameters limit. ${message}`);
  }
  const most = cloud.settings.page_size;
  const limit = text === null || text === '' ? most : Math.min(most, Number(text));
  const marker = query.get('marker');
  const items = pageAfter(all, marker, limit, isSeen);
  if (items === null) throw refuse(400, `marker [${String(marker)}] not found`);
  const last = items.at(-1);
  if (last === undefined || items.length < limit) return { items, links: [] };
  const next = new URLSearchParams(query);
  next.set('marker', last.id);
  return { items, links: [{ rel: 'next', href: `${base}/v2.1/${path}?${next.toString()}` }] };
}
