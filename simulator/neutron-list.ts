import type { Json } from './json.js';
import { isRecord, shown } from './json.js';
import type { NeutronCall } from './neutron-call.js';
import { badRequest, notFound, refusal, type NeutronKind } from './neutron-errors.js';
import { ok, type Answer } from './wire.js';

const steering = ['limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir', 'fields', 'changed_since'];

export interface ListOptions {
  readonly key: string;
  readonly kind: NeutronKind;
  /** Attributes that can be filtered by. */
  readonly filters: readonly string[];
  readonly views: readonly Json[];
}

/** Filters, fields and pages as Neutron has them: without `limit` everything comes at once. */
export function listAnswer(call: NeutronCall, { key, kind, filters, views }: ListOptions): Answer {
  const { query } = call;
  for (const name of new Set(query.keys())) {
    if (!filters.includes(name) && !steering.includes(name)) {
      throw badRequest(`['${name}'] is invalid attribute for filtering`);
    }
  }
  const since = query.get('changed_since');
  const found = views
    .filter((view) => filters.every((name) => !query.has(name) || fits(view, name, query.getAll(name))))
    .filter((view) => since === null || String(view['updated_at']) >= since.replace(/(\.\d+)?Z?$/, 'Z'));
  const limit = limitOf(query.get('limit'));
  if (limit === null) return ok({ [key]: found.map((view) => pick(view, query.getAll('fields'))) });
  return ok(page(call, found, { key, kind, limit }));
}

function page(
  call: NeutronCall,
  found: readonly Json[],
  { key, kind, limit }: { readonly key: string; readonly kind: NeutronKind; readonly limit: number },
): Json {
  const { query, origin, path } = call;
  const sorted = [...found].sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
  const marker = query.get('marker');
  const start = marker === null ? 0 : sorted.findIndex(({ id }) => id === marker) + 1;
  if (marker !== null && start === 0) throw notFound(kind, marker);
  const views = sorted.slice(start, start + limit);
  const last = views.at(-1);
  const link = (rel: string, id: unknown, more = ''): Json => {
    const next = new URLSearchParams(query);
    next.set('marker', String(id));
    return { rel, href: `${origin}/network${path}?${next.toString()}${more}` };
  };
  const links = [
    ...(last !== undefined && views.length === limit ? [link('next', last['id'])] : []),
    ...(views[0] === undefined ? [] : [link('previous', views[0]['id'], '&page_reverse=True')]),
  ];
  return { [key]: views.map((view) => pick(view, query.getAll('fields'))), [`${key}_links`]: links };
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
