import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { randomUUID } from 'node:crypto';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import type { ProblemBody, ServerBody } from '../support/servers.js';

interface ServerList {
  readonly servers: readonly ServerBody[];
  readonly next_cursor: string | null;
}

interface Parameter {
  readonly name: string;
  readonly schema: { readonly enum?: readonly string[] };
}

/** The description of the API, as far as it tells which routes are lists. */
interface Description {
  readonly paths: Readonly<Record<string, { readonly get?: { readonly parameters?: readonly Parameter[] } }>>;
}

/** A list in one of its orders. */
interface SortedList {
  readonly path: string;
  readonly sortBy: string;
  readonly query: string;
}

describe('a list', () => {
  let app: TestApp;
  let demo: Api;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp({ settings: { ORPHAN_SWEEP_MS: '3600000' } });
    demo = await app.login('demo');
    database = await connect(app.schema);
    const projectId = demo.login?.project_id ?? 0;
    // Many share one moment, as those do that are made in one go.
    const moment = (index: number) => new Date(Date.UTC(2026, 0, 1 + Math.floor(index / 40)));
    const rows = Array.from({ length: 205 }, (_, index) => [
      randomUUID(),
      projectId,
      '2',
      `server-${String(index % 7)}-${String(index)}`,
      'ACTIVE',
      randomUUID(),
      moment(index),
    ]);
    await database.query(
      'INSERT INTO server (uuid, project_id, flavor_openstack_id, name, status, openstack_id, created_at) VALUES ?',
      [rows],
    );
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  async function walk(path: string): Promise<{ ids: number[]; pages: number }> {
    const ids: number[] = [];
    let pages = 0;
    for (let next: string | null = path; next !== null;) {
      const answer: Answer<ServerList> = await demo.get<ServerList>(next);
      const { status, body, headers } = answer;
      expect(status).toBe(200);
      ids.push(...body.servers.map(({ id }) => id));
      pages += 1;
      const link: string | null = /^<([^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? null;
      expect(link === null).toBe(body.next_cursor === null);
      if (link !== null) expect(new URL(link, app.url).searchParams.get('cursor')).toBe(body.next_cursor);
      next = link;
    }
    return { ids, pages };
  }

  it('has everything on one page when no limit is given, as old clients expect', async () => {
    const { ids, pages } = await walk('/servers');
    expect([ids.length, pages]).toEqual([205, 1]);
  });

  it.each([
    ['?limit=50', 5],
    ['?limit=41&order=asc', 5],
    ['?limit=200&sort_by=name&sort_order=desc', 2],
    ['?limit=10&sort_by=name&name_like=SERVER-3', 3],
  ])('walked by Link with %s shows each entry once, in order', async (query, pages) => {
    const whole = await walk(`/servers${query.replace(/limit=\d+/, '')}`);
    const walked = await walk(`/servers${query}`);
    expect(walked).toEqual({ ids: whole.ids, pages });
    expect(new Set(walked.ids).size).toBe(walked.ids.length);
  });

  it('misses nothing and shows nothing twice while others write', async () => {
    const before = await walk('/servers?order=asc');
    const first = await demo.get<ServerList>('/servers?order=asc&limit=100');
    await database.query("UPDATE server SET deleted_at = NOW(3) WHERE name = 'server-0-0'");
    const rest = await walk(`/servers?order=asc&limit=100&cursor=${first.body.next_cursor ?? ''}`);
    const seen = [...first.body.servers.map(({ id }) => id), ...rest.ids];
    expect(seen).toEqual(before.ids);
    await database.query("UPDATE server SET deleted_at = NULL WHERE name = 'server-0-0'");
  });

  it('goes on only with a cursor of its own', async () => {
    const { body } = await demo.get<ServerList>('/servers?limit=10');
    for (const query of ['order=asc', 'sort_by=name']) {
      const answer = await demo.get<ProblemBody>(`/servers?${query}&cursor=${body.next_cursor ?? ''}`);
      expect([answer.status, answer.body.errors?.map(({ field }) => field)]).toEqual([422, ['cursor']]);
    }
  });

  /** Every list in each of its orders; one that has a single order is by id, or by name if it is a catalogue. */
  async function sortedLists(): Promise<SortedList[]> {
    const { paths } = (await app.anonymous.get<Description>('/openapi.json')).body;
    return Object.entries(paths).flatMap(([template, { get: { parameters = [] } = {} }]) => {
      if (!parameters.some(({ name }) => name === 'cursor')) return [];
      const path = template.replace('{id}', '1');
      const sorts = parameters.find(({ name }) => name === 'sort_by')?.schema.enum;
      return sorts === undefined
        ? ['id', 'name'].map((sortBy) => ({ path, sortBy, query: 'order=asc' }))
        : sorts.map((sortBy) => ({ path, sortBy, query: `order=asc&sort_by=${sortBy}` }));
    });
  }

  it('refuses a made-up cursor, whatever list it is of', async () => {
    const admin = await app.login('admin');
    const lists = await sortedLists();
    expect(lists.length).toBeGreaterThan(30);
    const taken: unknown[] = [];
    for (const { path, sortBy, query } of lists) {
      const isTime = sortBy === 'created_at';
      const fitting = isTime ? { at: '2026-01-01T00:00:00.000Z' } : 'x';
      for (const content of [
        [1, sortBy, 'asc', isTime ? 'x' : { at: '2026-01-01T00:00:00.000Z' }, 1],
        [1, sortBy, 'asc', 1, 1],
        [1, sortBy, 'asc', null, 1],
        ...[-1, 1.5, 1e30, '1', null].map((id) => [1, sortBy, 'asc', fitting, id]),
        [1, sortBy, 'asc', fitting],
        [1, sortBy, 'asc', fitting, 1, 1],
      ]) {
        const cursor = Buffer.from(JSON.stringify(content)).toString('base64url');
        const { status, body } = await admin.get<ProblemBody>(`${path}?${query}&cursor=${cursor}`);
        if (status !== 422 || body.errors?.[0]?.field !== 'cursor') taken.push({ path, content, status });
      }
    }
    expect(taken).toEqual([]);
  });

  it('has no next page when the rows end with it', async () => {
    const { body } = await demo.get<ServerList>('/servers?name_like=server-0&limit=30');
    expect([body.servers.length, body.next_cursor]).toEqual([30, null]);
  });

  it('is empty for somebody else', async () => {
    const other = await app.login('other');
    const { body } = await other.get<ServerList>('/servers');
    expect(body).toEqual({ servers: [], next_cursor: null });
    const admin = await app.login('admin');
    expect((await admin.get<ServerList>('/servers')).body.servers).toHaveLength(205);
  });

  it('keeps a question mark in a filter: the link to the next page has it, and broken text after it is refused', async () => {
    const rows = ['tx', 't?1', 't?2'].map((name) => [randomUUID(), demo.login?.project_id, '2', name, 'ACTIVE']);
    await database.query('INSERT INTO server (uuid, project_id, flavor_openstack_id, name, status) VALUES ?', [rows]);
    const listed = await demo.get<ServerList>('/servers?name_like=t%3F');
    expect(listed.body.servers.map(({ name }) => name).sort()).toEqual(['t?1', 't?2']);
    const walked = await walk('/servers?limit=1&name_like=t?');
    expect(walked).toEqual({ ids: listed.body.servers.map(({ id }) => id), pages: 2 });
    const broken = await demo.get<ProblemBody>('/servers?name_like=a?%FF');
    expect([broken.status, broken.body.errors?.map(({ field }) => field)]).toEqual([422, ['name_like']]);
  });
});
