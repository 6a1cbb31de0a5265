import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../simulator/simulator.js';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { createDocument } from '../../src/common/openapi.js';
import { Api, type Answer, type RequestOptions } from '../support/api.js';
import type { ProblemBody } from '../support/servers.js';
import { credentialsOf } from '../support/simulated-cloud.js';
import { tenantRoutes, type Position, type Refusal } from '../support/tenant-routes.js';
import { canary, startTenants, type Source, type Tenants } from '../support/tenants.js';

const roles = ['reader', 'member', 'admin'] as const;
type Role = (typeof roles)[number];

interface Route {
  readonly needs: Role | null;
  readonly takesDryRun: boolean;
}

/** Nobody sees or touches what is another project's, is another person's, or is gone (A10, A11). */
describe('things of others', () => {
  let simulator: Simulator;
  let tenants: Tenants;
  let routes: ReadonlyMap<string, Route>;
  let callers: Readonly<Record<Role, Api>>;
  let before: number;

  beforeAll(async () => {
    simulator = await startSimulator({ port: 0 });
    tenants = await startTenants(simulator);
    const { app } = tenants;
    routes = routesOf(tenants);
    const [reader, member] = [await app.login('viewer'), await app.login('demo')];
    const admin = await app.login('admin');
    callers = { reader, member, admin };
    // What the catalogue says is fetched once a project, and then no more in these tests.
    for (const path of ['/flavors', '/images', '/networks', '/volume-types', '/quotas'])
      await member.until(path, ({ status }) => status === 200);
    before = lastCall();
  }, 120_000);

  afterAll(async () => {
    await tenants.close();
    await simulator.close();
  });

  const lastCall = (): number => simulator.log.list().at(-1)?.id ?? 0;
  const callsSince = (after: number): readonly string[] =>
    simulator.log.list({ after }).map(({ method, service, path }) => `${method} ${String(service)} ${path}`);

  it('has a line for every route of the description', () => {
    expect([...routes.keys()].filter((route) => tenantRoutes[route] === undefined)).toEqual([]);
  });

  it.each(Object.entries(tenantRoutes).filter(([, positions]) => positions.length > 0))(
    'are out of reach for %s',
    async (route, positions) => {
      const described = routes.get(route);
      if (described === undefined) throw new Error('the description has no such route');
      const problems: string[] = [];
      for (const position of positions) {
        for (const source of tenants.sources) {
          for (const role of roles) {
            problems.push(...(await tryAll({ route, described, position, source, role })));
          }
        }
      }
      expect(problems).toEqual([]);
    },
    60_000,
  );

  interface Attempt {
    readonly route: string;
    readonly described: Route;
    readonly position: Position;
    readonly source: Source;
    readonly role: Role;
  }

  /** The request as it is, with headers that are about what a thing is like or about repetitions, and as a question. */
  async function tryAll(attempt: Attempt): Promise<readonly string[]> {
    const { route, described, position, source, role } = attempt;
    const id = source.ids[position.thing];
    if (id === undefined) return [];
    const expected = expectedOf(attempt);
    if (expected === null) return [];
    const [method = ''] = route.split(' ');
    const { path, body } = position.request({ ...tenants.own, [position.thing]: id }, tenants.own);
    // Of the thing in the path: who may not see it must not learn what it is like.
    const conditions = position.name.startsWith('path') ? { 'if-match': '"x"', 'if-none-match': '*' } : {};
    const ways: readonly (readonly [string, string, RequestOptions])[] = [
      ['', path, {}],
      [' with conditions', path, { headers: method === 'GET' ? { 'if-none-match': '*' } : conditions }],
      [
        ' with a key',
        path,
        { headers: { 'idempotency-key': `${role}-${source.name}-${position.name}`.replaceAll(' ', '-') } },
      ],
      ...(described.takesDryRun ? [[' as a question', `${path}?dry_run=true`, {}] as const] : []),
    ];
    const problems: string[] = [];
    for (const [how, target, options] of expected === 'may' ? ways.slice(0, 1) : ways) {
      const after = lastCall();
      const answer = await callers[role].request<ProblemBody | undefined>(method, target, {
        ...options,
        ...(body === undefined ? {} : { body }),
      });
      const what = `${position.name} ${source.name}, ${role}${how}: `;
      const found = [
        ...wrongAnswer(answer, expected),
        ...(role === 'admin' ? [] : givenAway(answer, `${target} ${JSON.stringify(body)}`)),
        ...callsSince(after),
      ];
      problems.push(...found.map((one) => `${what}${one}`));
    }
    return problems;
  }

  /** Null: nothing to expect. */
  function expectedOf({ described, position, source, role }: Attempt): Refusal | 'list' | 'may' | null {
    const isTooSmall =
      (described.needs === 'admin' && role !== 'admin') || (described.needs === 'member' && role === 'reader');
    if (isTooSmall) return [403, 'PERMISSION_DENIED'];
    if (source.isGone) return position.gone;
    if (role === 'admin' && position.admin !== undefined) return position.admin;
    return position.foreign;
  }

  function wrongAnswer(
    { status, body }: Answer<ProblemBody | undefined>,
    expected: Refusal | 'list' | 'may',
  ): string[] {
    if (expected === 'may') return status < 300 ? [] : [`${String(status)} ${String(body?.code)}`];
    if (expected === 'list') return status === 200 || status === 304 ? [] : [`${String(status)} ${String(body?.code)}`];
    return status === expected[0] && body?.code === expected[1] ? [] : [`${String(status)} ${String(body?.code)}`];
  }

  /** What stands in the request is no news. */
  function givenAway({ body, headers }: Answer<unknown>, request = ''): string[] {
    const text = JSON.stringify([body, ...headers]);
    return tenants.foreignWords
      .filter((word) => text.includes(word) && !request.includes(word))
      .map((word) => `gives ${word} away`);
  }

  it('stay what they are, and OpenStack hears nothing of all this', () => {
    expect(callsSince(before)).toEqual([]);
  });

  it('are seen by their owners, canaries and all', async () => {
    const other = await tenants.app.login('other');
    const [foreign] = tenants.sources;
    const answer = await other.get<{ name: string }>(`/servers/${String(foreign?.ids.server)}`);
    expect([answer.status, answer.body.name]).toEqual([200, `${canary}-other-server`]);
    expect(givenAway(answer)).not.toEqual([]);
  });

  it('are an admin’s to change once the admin has switched to their project', async () => {
    const { app, sources } = tenants;
    const [foreign] = sources;
    const admin = await app.login('admin');
    const path = `/servers/${String(foreign?.ids.server)}/info`;
    const body = { name: `${canary}-other-server`, description: `${canary} changed by an admin` };
    expect((await admin.put(path, body)).status).toBe(403);
    const entered = await admin.post<{ token: string }>('/auth/project', { project_id: foreign?.ids.project });
    expect(entered.status).toBe(200);
    const there = new Api(app.url, entered.body.token);
    expect((await there.put(path, body)).status).toBe(200);
  });

  it('are not in a project that one logs in to without being in it', async () => {
    for (const { name, ids } of tenants.sources) {
      if (ids.project === undefined) continue;
      const answer = await tenants.app.anonymous.post<ProblemBody>('/auth/login', {
        ...credentialsOf('demo'),
        project_id: ids.project,
      });
      expect([name, answer.status, answer.body.code]).toEqual([name, 403, 'PROJECT_ACCESS_DENIED']);
      expect(givenAway(answer)).toEqual([]);
    }
  });

  it('are not found by the cursor of somebody else’s list, nor by somebody else’s key', async () => {
    const other = await tenants.app.login('other');
    const demo = await tenants.app.login('demo');
    const page = await other.get<{ next_cursor: string | null }>('/operations?limit=1');
    const answer = await demo.get(`/operations?limit=1&cursor=${encodeURIComponent(page.body.next_cursor ?? '')}`);
    expect(givenAway(answer)).toEqual([]);
    const request = { name: `${canary}-keyed`, rules: [] };
    const options = { headers: { 'idempotency-key': 'the-same-for-both' } };
    const theirs = await other.post<{ id: number }>('/security-groups', request, options);
    const ours = await demo.post<{ id: number; project_id: number }>('/security-groups', request, options);
    expect([theirs.status, ours.status, ours.headers.get('idempotent-replayed')]).toEqual([201, 201, null]);
    expect(ours.body).toMatchObject({ project_id: demo.login?.project_id });
    expect(ours.body.id).not.toBe(theirs.body.id);
  });
});

function routesOf({ app }: Tenants): ReadonlyMap<string, Route> {
  const { paths } = createDocument(app.app);
  return new Map(
    Object.entries(paths).flatMap(([path, item]) =>
      (['get', 'post', 'put', 'delete'] as const).flatMap((method) => {
        const operation = item[method];
        if (operation === undefined) return [];
        const route: Route = {
          needs: roles.find((role) => operation.description?.includes(`at least the role ${role}`)) ?? null,
          takesDryRun: operation.parameters?.some((one) => 'name' in one && one.name === 'dry_run') === true,
        };
        return [[`${method.toUpperCase()} ${path}`, route] as const];
      }),
    ),
  );
}
