import { pageAfter, type Collection } from './collection.js';
import type { Json } from './json.js';
import { isRecord, shown } from './json.js';
import type { NeutronCall } from './neutron-call.js';
import { badRequest, notFound, refusal, type NeutronKind } from './neutron-errors.js';
import type { Revised } from './model.js';
import { ok, seconds, type Answer } from './wire.js';

const steering = ['limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir', 'fields'];

export interface ListOptions<T extends Revised> {
  readonly key: string;
  readonly kind: NeutronKind;
  /** Attributes that can be filtered by. */
  readonly filters: readonly string[];
  readonly things: Collection<T>;
  readonly isSeen: (thing: T) => boolean;
  readonly view: (thing: T) => Json;
  /** Attributes that are compared before a view is made: views cost most of a long list. */
  readonly direct?: Readonly<Record<string, (thing: T) => string>>;
}

/** Filters, fields and pages as Neutron has them: without `limit` everything comes at once. */
export function listAnswer<T extends Revised>(call: NeutronCall, options: ListOptions<T>): Answer {
  const { query } = call;
  const { key, filters, view } = options;
  for (const name of new Set(query.keys())) {
    const isChecked = call.cloud.settings.neutron_filter_validation;
    if (!filters.includes(name) && !steering.includes(name) && isChecked) {
      throw badRequest(`['${name}'] is invalid attribute for filtering`);
    }
  }
  const isListed = conditionsOf(query, options);
  const fields = query.getAll('fields');
  const limit = limitOf(query.get('limit'));
  if (limit !== null) return ok(page(call, isListed, Math.min(limit, call.cloud.settings.page_size), options));
  const found = [...options.things.values()].filter(isListed);
  return ok({ [key]: found.map((thing) => pick(view(thing), fields)) });
}

/** Read once for a list, not for each of its things. */
function conditionsOf<T extends Revised>(query: URLSearchParams, options: ListOptions<T>): (thing: T) => boolean {
  const direct: Readonly<Record<string, (thing: T) => string>> = {
    id: ({ id }) => id,
    project_id: ({ projectId }) => projectId,
    tenant_id: ({ projectId }) => projectId,
    description: ({ description }) => description,
    ...options.direct,
  };
  const conditions = [options.isSeen];
  const rest: string[] = [];
  for (const name of options.filters.filter((filter) => query.has(filter))) {
    const wanted = query.getAll(name);
    const read = direct[name];
    if (read === undefined) rest.push(name);
    else conditions.push((thing) => wanted.includes(read(thing)));
  }
  if (rest.length > 0)
    conditions.push((thing) => {
      const view = options.view(thing);
      return rest.every((name) => fits(view, name, query.getAll(name)));
    });
  const since = query.get('changed_since')?.replace(/(\.\d+)?Z?$/, 'Z');
  if (since !== undefined) conditions.push(({ updatedAt }) => seconds(updatedAt) >= since);
  return (thing) => conditions.every((holds) => holds(thing));
}

function page<T extends Revised>(
  { query, origin, path }: NeutronCall,
  isListed: (thing: T) => boolean,
  limit: number,
  { key, kind, view, things: all }: ListOptions<T>,
): Json {
  const marker = query.get('marker');
  const things = pageAfter(all.byId, marker, limit, isListed);
  if (things === null) throw notFound(kind, String(marker));
  const [first, last] = [things[0], things.at(-1)];
  const link = (rel: string, id: string, more = ''): Json => {
    const next = new URLSearchParams(query);
    next.set('marker', id);
    return { rel, href: `${origin}/network${path}?${next.toString()}${more}` };
  };
  const links = [
    ...(last !== undefined && things.length === limit ? [link('next', last.id)] : []),
    ...(first === undefined ? [] : [link('previous', first.id, '&page_reverse=True')]),
  ];
  const fields = query.getAll('fields');
  return { [key]: things.map((thing) => pick(view(thing), fields)), [`${key}_links`]: links };
}

function limitOf(text: string | null): number | null {
  if (text === null || text === '0') return null;
  if (!/^\d+$/.test(text)) {
    const message = `Bad limit request: Limit must be an integer 0 or greater and not '${text}'.`;
    throw refusal(400, 'BadRequest', message);
  }
  return Number(text);
}

function pick(view: Json, fields: readonly string[]): Json {
  if (fields.length === 0) return view;
  return Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name)));
}

function fits(view: Json, name: string, wanted: readonly string[]): boolean {
  const value = view[name];
  if (name === 'fixed_ips' && Array.isArray(value)) {
    return wanted.every((text) => {
      const [field = '', expected = ''] = text.split('=');
      return value.some((item) => isRecord(item) && item[field] === expected);
    });
  }
  if (Array.isArray(value)) return wanted.some((text) => value.includes(text));
  if (typeof value === 'boolean') return wanted.some((text) => /^(true|1)$/i.test(text) === value);
  return wanted.some((text) => (value === null || value === undefined ? '' : shown(value)) === text);
}
