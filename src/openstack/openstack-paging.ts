import { z, type ZodType } from 'zod';
import type { OpenStackCall } from './openstack-call.js';
import {
  answerTooLarge,
  type OpenStackError,
  OpenStackNotFound,
  OpenStackRefused,
  OpenStackUnknownOutcome,
} from './openstack-errors.js';
import type { OpenStackHttp, OpenStackRequest, Query } from './openstack-http.js';

/** The size that is asked for; a service may give less. */
export const pageSize = 1_000;
const mostPages = 1_000;

/** For lists that come without pages, as Keystone's: hundreds of thousands of users; bytes. */
export const wholeListBytes = 64 * 1024 * 1024;

interface Page<T> {
  readonly items: readonly T[];
  /** The address of the next page as the service gave it; null at the end. */
  readonly next: string | null;
}

/** The wire form of `servers_links`, `volumes_links`, `ports_links`; nothing when there is no further page. */
export const pageLinks = z.array(z.object({ rel: z.string(), href: z.string() })).nullish();

export function nextLink(links: z.infer<typeof pageLinks>): string | null {
  return links?.find((link) => link.rel === 'next')?.href ?? null;
}

export type PagedRequest<T> = Omit<OpenStackRequest, 'method' | 'ok' | 'body'> & {
  readonly schema: ZodType<Page<T>>;
  readonly call: OpenStackCall;
};

/**
 * All pages of a list, to its end. A page that is too large to be read at once, as of servers with much `user_data`, is asked
 * for with a smaller `limit`, and those after it too. Only the query of a next link counts: host, port and path stay those of the endpoint, whatever
 * the link says.
 *
 * @throws OpenStackUnknownOutcome of type `IncompleteList` when the end cannot be reached: links that lead in a circle, more than
 * 1,000 pages, a marker that was deleted meanwhile, or an address that nobody knows. What came before is true, but it is not all.
 */
export async function* followPages<T>(http: OpenStackHttp, request: PagedRequest<T>): AsyncGenerator<readonly T[]> {
  let query: Query = request.query ?? {};
  const seen = new Set<string>([canonical(query)]);
  for (let count = 1; count <= mostPages; count += 1) {
    const page = await fetchReadable(http, { ...request, query }, count);
    yield page.items;
    if (page.next === null) return;
    query = queryOf(page.next);
    const key = canonical(query);
    if (seen.has(key)) throw incomplete(request, 'its links lead in a circle');
    seen.add(key);
  }
  throw incomplete(request, `it has more than ${String(mostPages)} pages`);
}

async function fetchReadable<T>(http: OpenStackHttp, request: PagedRequest<T>, count: number): Promise<Page<T>> {
  for (let query = request.query ?? {}; ; query = shortened(query)) {
    try {
      return await fetchPage(http, { ...request, query }, count);
    } catch (error) {
      const isTooLarge = error instanceof OpenStackUnknownOutcome && error.type === answerTooLarge;
      if (!isTooLarge || limitOf(query) <= 1) throw error;
    }
  }
}

/** Without a limit nothing can be asked for in smaller pieces. */
function limitOf({ limit }: Query): number {
  return Number(limit ?? 1);
}

function shortened(query: Query): Query {
  return { ...query, limit: Math.max(1, Math.floor(limitOf(query) / 4)) };
}

async function fetchPage<T>(http: OpenStackHttp, request: PagedRequest<T>, count: number): Promise<Page<T>> {
  try {
    return (await http.send({ ...request, method: 'GET', ok: [200] })).data;
  } catch (error) {
    // A list is always there, whatever is on it: where it is not, something else has answered.
    if (count === 1 && error instanceof OpenStackNotFound) throw incomplete(request, 'it was not found', error);
    // The first page may be refused for what was asked; a later one only because its marker has gone.
    if (count > 1 && (error instanceof OpenStackNotFound || error instanceof OpenStackRefused)) {
      throw incomplete(request, 'the object that marked the next page has gone', error);
    }
    throw error;
  }
}

function queryOf(link: string): Query {
  const start = link.indexOf('?');
  const query: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(start === -1 ? '' : link.slice(start + 1))) {
    (query[name] ??= []).push(value);
  }
  return query;
}

function canonical(query: Query): string {
  const pairs = Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value : [String(value)]]);
  return JSON.stringify(pairs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

function incomplete<T>(
  { service, operation }: PagedRequest<T>,
  text: string,
  cause?: OpenStackError,
): OpenStackUnknownOutcome {
  return new OpenStackUnknownOutcome({
    service,
    operation,
    status: cause?.status ?? undefined,
    requestId: cause?.requestId ?? undefined,
    type: 'IncompleteList',
    text: `the list is incomplete: ${text}`,
    cause,
  });
}

/** Gathers all pages where a list is known to be short. */
export async function collect<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
