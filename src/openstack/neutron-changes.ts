import { z, type ZodType } from 'zod';
import type { OpenStackCall } from './openstack-call.js';
import { OpenStackRefused } from './openstack-errors.js';
import type { OpenStackHttp, Query } from './openstack-http.js';
import { followPages, nextLink, pageLinks, pageSize } from './openstack-paging.js';
import { wireId, wireTime } from './openstack-wire.js';

interface ChangedRequest<T> {
  /** `/ports` */
  readonly path: string;
  /** `ports` */
  readonly key: string;
  readonly operation: string;
  readonly query: Query;
  readonly schema: ZodType<{ readonly items: readonly T[]; readonly next: string | null }>;
  readonly call: OpenStackCall;
}

/** Ids in one query: with more the address grows past what servers take. */
const idsAtOnce = 100;

/**
 * Neutron's objects that changed since a time of its clock; deleted ones are never among them. Where Neutron checks filters, as it
 * does by default, it refuses its own `changed_since`, and sorting by time too: there the ids and times of all are listed, which is
 * little, and what changed is fetched by id.
 */
export class NeutronChanges {
  private hasFilter = true;

  constructor(private readonly http: OpenStackHttp) {}

  async *list<T>(request: ChangedRequest<T>, since: Date): AsyncGenerator<readonly T[]> {
    const { path, operation, query, schema, call } = request;
    if (this.hasFilter) {
      try {
        const filtered = { ...query, changed_since: `${since.toISOString().slice(0, 19)}Z`, limit: pageSize };
        yield* followPages(this.http, { service: 'network', path, operation, query: filtered, schema, call });
        return;
      } catch (error) {
        if (!isWithoutFilter(error)) throw error;
        this.hasFilter = false;
      }
    }
    yield* this.byTimes(request, since);
  }

  private async *byTimes<T>(
    { path, key, operation, query, schema, call }: ChangedRequest<T>,
    since: Date,
  ): AsyncGenerator<readonly T[]> {
    const thin = followPages(this.http, {
      service: 'network',
      path,
      operation,
      query: { ...query, fields: ['id', 'updated_at'], limit: pageSize },
      schema: timesOf(key),
      call,
    });
    // Times are written in whole seconds.
    const from = Math.floor(since.getTime() / 1000) * 1000;
    for await (const page of thin) {
      const changed = page.filter(({ updatedAt }) => updatedAt.getTime() >= from).map(({ id }) => id);
      for (let at = 0; at < changed.length; at += idsAtOnce) {
        const chosen = { ...query, id: changed.slice(at, at + idsAtOnce), limit: pageSize };
        yield* followPages(this.http, { service: 'network', path, operation, query: chosen, schema, call });
      }
    }
  }
}

function isWithoutFilter(error: unknown): boolean {
  return error instanceof OpenStackRefused && error.status === 400 && error.text.includes('changed_since');
}

interface Dated {
  readonly id: string;
  readonly updatedAt: Date;
}

const dated = z
  .object({ id: wireId, updated_at: wireTime })
  .transform(({ id, updated_at: updatedAt }): Dated => ({ id, updatedAt }));
const datedPage = z
  .object({ items: z.array(dated), links: pageLinks })
  .transform(({ items, links }) => ({ items, next: nextLink(links) }));

function timesOf(key: string): ChangedRequest<Dated>['schema'] {
  const ofType = (page: unknown): unknown => {
    const members = new Map<string, unknown>(Object.entries(page ?? {}));
    return { items: members.get(key), links: members.get(`${key}_links`) };
  };
  return z.preprocess(ofType, datedPage);
}
