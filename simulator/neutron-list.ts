import type { Json } from './json.js';
import { isRecord, shown } from './json.js';
import type { NeutronCall } from './neutron-call.js';
import { badRequest, notFound, refusal, type NeutronKind } from './neutron-errors.js';
import type { Revised } from './model.js';
import { ok, seconds, type Answer } from './wire.js';

const steering = ['limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir', 'fields'];

export interface ListOptions<T> {
  readonly key: string;
  readonly kind: NeutronKind;
  /** Attributes that can be filtered by. */
  readonly filters: readonly string[];
  readonly things: readonly T[];
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
  const found = filtered(query, options);
  const fields = query.getAll('fields');
  const limit = limitOf(query.get('limit'));
  if (limit === null) return ok({ [key]: found.map((thing) => pick(view(thing), fields)) });
  return ok(page(call, found, Math.min(limit, call.cloud.settings.page_size), options));
}

function filtered<T extends Revised>(query: URLSearchParams, options: ListOptions<T>): readonly T[] {
  const direct: Readonly<Record<string, (thing: T) => string>> = {
    id: ({ id }) => id,
    project_id: ({ projectId }) => projectId,
    tenant_id: ({ projectId }) => projectId,
    description: ({ description }) => description,
    ...options.direct,
  };
  let found = options.things;
  const rest: string[] = [];
  for (const name of options.filters.filter((filter) => query.has(filter))) {
    const wanted = query.getAll(name);
    const read = direct[name];
    if (read === undefined) rest.push(name);
    else found = found.filter((thing) => wanted.includes(read(thing)));
  }
  if (rest.length > 0) {
    found = found.filter((thing) => {
      const view = options.view(thing);
      return rest.every((name) => fits(view, name, query.getAll(name)));
    });
  }
  const since = query.get('changed_since')?.replace(/(\.\d+)?Z?$/, 'Z');
  return since === undefined ? found : found.filter(({ updatedAt }) => seconds(updatedAt) >= since);
}

function page<T extends Revised>(
  { query, origin, path }: NeutronCall,
  found: readonly T[],
  limit: number,
  { key, kind, view }: ListOptions<T>,
): Json {
  const marker = query.get('marker');
  if (marker !== null && !found.some(({ id }) => id === marker)) throw notFound(kind, marker);
  const things = firstById(marker === null ? found : found.filter(({ id }) => id > marker), limit);
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

/** By their ids, which are random. Only what may be among the first is sorted: a list of many is asked for page by page. */
function firstById<T extends Revised>(things: readonly T[], count: number): readonly T[] {
  let candidates = things;
  while (candidates.length > 2 * count) {
    const middle = candidates[candidates.length >> 1]?.id ?? '';
    const lower = candidates.filter(({ id }) => id <= middle);
    if (lower.length < count || lower.length === candidates.length) break;
    candidates = lower;
  }
  return [...candidates].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, count);
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
