import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDocument } from '../../src/common/openapi.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import type { ProblemBody } from '../support/servers.js';

interface Route {
  readonly method: string;
  /** With 999999 for every id. */
  readonly path: string;
  readonly isPublic: boolean;
  readonly needsMember: boolean;
  readonly needsAdmin: boolean;
  readonly hasBody: boolean;
  readonly hasPathParameter: boolean;
  readonly bodyLimit: number;
}

/** What is refused in the same way on every route, asked on every route. */
describe('every route', () => {
  let app: TestApp;
  let admin: Api;
  let viewer: Api;
  let member: Api;
  let routes: readonly Route[];

  beforeAll(async () => {
    app = await startApp();
    admin = await app.login('admin');
    viewer = await app.login('viewer');
    member = await app.login('demo');
    routes = routesOf(app);
  });

  afterAll(async () => {
    await app.close();
  });

  /** Asks all routes that fit, and returns those whose answer is not the expected one. */
  async function wrong(
    fitting: (route: Route) => boolean,
    ask: (route: Route) => Promise<{ status: number; body: ProblemBody | undefined }>,
    expected: readonly [number, string],
  ): Promise<readonly string[]> {
    const asked = routes.filter(fitting);
    expect(asked.length).toBeGreaterThan(3);
    const problems: string[] = [];
    for (const route of asked) {
      const { status, body } = await ask(route);
      const isRight = status === expected[0] && body?.code === expected[1];
      if (!isRight) problems.push(`${route.method} ${route.path}: ${String(status)} ${String(body?.code)}`);
    }
    return problems;
  }

  const send = (api: Api, { method, path, hasBody }: Route) =>
    api.request<ProblemBody>(method, path, hasBody ? { body: {} } : {});

  it('answers 401 without a token', async () => {
    const ask = (route: Route) => send(app.anonymous, route);
    expect(await wrong(({ isPublic }) => !isPublic, ask, [401, 'INVALID_ACCESS_TOKEN'])).toEqual([]);
  });

  it('answers 403 to a reader where a member or an admin is needed, before it looks at anything else', async () => {
    const ask = (route: Route) => send(viewer, route);
    expect(await wrong(({ needsMember }) => needsMember, ask, [403, 'PERMISSION_DENIED'])).toEqual([]);
  });

  it('answers 403 to readers and members where an admin is needed, before it looks at anything else', async () => {
    for (const api of [viewer, member]) {
      const ask = (route: Route) => send(api, route);
      expect(await wrong(({ needsAdmin }) => needsAdmin, ask, [403, 'PERMISSION_DENIED'])).toEqual([]);
    }
  });

  it('answers 422 for a parameter that it does not know', async () => {
    const ask = ({ method, path, hasBody }: Route) =>
      admin.request<ProblemBody>(method, `${path}?nonsense=1`, hasBody ? { body: {} } : {});
    expect(await wrong(() => true, ask, [422, 'VALIDATION_FAILED'])).toEqual([]);
  });

  it('answers 422 for a field that it does not know (A9)', async () => {
    const body = { openstack_id: 'x', deleted_at: null, version: 1 };
    const ask = ({ method, path }: Route) => admin.request<ProblemBody>(method, path, { body });
    expect(await wrong(({ method }) => method !== 'GET', ask, [422, 'VALIDATION_FAILED'])).toEqual([]);
  });

  it('answers 422 for an id that is none (A7)', async () => {
    const ask = ({ method, path, hasBody }: Route) =>
      admin.request<ProblemBody>(method, path.replaceAll('999999', '9007199254740993'), hasBody ? { body: {} } : {});
    expect(await wrong(({ hasPathParameter }) => hasPathParameter, ask, [422, 'VALIDATION_FAILED'])).toEqual([]);
  });

  it('answers 400 for a path that cannot be decoded', async () => {
    const ask = ({ method, path, hasBody }: Route) =>
      admin.request<ProblemBody>(method, path.replaceAll('999999', '%E0%A4%A'), hasBody ? { body: {} } : {});
    expect(await wrong(({ hasPathParameter }) => hasPathParameter, ask, [400, 'MALFORMED_REQUEST'])).toEqual([]);
  });

  it('answers 400 for a body that is no JSON', async () => {
    const ask = ({ method, path }: Route) => admin.request<ProblemBody>(method, path, { body: '{"name":' });
    expect(await wrong(({ method }) => method !== 'GET', ask, [400, 'MALFORMED_REQUEST'])).toEqual([]);
  });

  it('answers 413 for a body that is too large (A1)', async () => {
    const ask = ({ method, path, bodyLimit }: Route) =>
      admin.request<ProblemBody>(method, path, { body: JSON.stringify({ name: 'x'.repeat(bodyLimit) }) });
    expect(await wrong(({ method }) => method !== 'GET', ask, [413, 'BODY_TOO_LARGE'])).toEqual([]);
  });

  it.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])(
    'answers 415 for a body that is %s (A3)',
    async (type) => {
      const ask = ({ method, path }: Route) =>
        admin.request<ProblemBody>(method, path, { body: 'name=x', headers: { 'content-type': type } });
      expect(await wrong(({ method }) => method !== 'GET', ask, [415, 'UNSUPPORTED_MEDIA_TYPE'])).toEqual([]);
    },
  );

  it('answers 405 with Allow for a method that its path does not take (A21)', async () => {
    for (const path of new Set(routes.map((route) => route.path))) {
      const answer = await admin.request<ProblemBody>('PATCH', path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 405, 'METHOD_NOT_ALLOWED']);
      const allowed = answer.headers.get('allow')?.split(', ') ?? [];
      const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
      expect([path, allowed]).toEqual([path, expect.arrayContaining(methods)]);
    }
  });
});

function routesOf(app: TestApp): readonly Route[] {
  const document = createDocument(app.app);
  return Object.entries(document.paths).flatMap(([path, item]) =>
    (['get', 'post', 'put', 'delete'] as const).flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      return [
        {
          method: method.toUpperCase(),
          path: path.replace(/\{[a-z_]+\}/g, '999999'),
          isPublic: operation.security?.length === 0,
          needsMember: /at least the role (member|admin)/.test(operation.description ?? ''),
          needsAdmin: operation.description?.includes('at least the role admin') === true,
          hasBody: operation.requestBody !== undefined,
          hasPathParameter: path.includes('{'),
          bodyLimit: (path === '/servers' ? 200 : 100) * 1024,
        },
      ];
    }),
  );
}
