import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { Api, type LoginBody } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';
import { credentialsOf } from '../support/simulated-cloud.js';

describe('POST /auth/login', () => {
  let app: TestApp;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.switchService('identity', 'up');
  });

  const login = (body: unknown) => app.anonymous.post<LoginBody & ProblemBody>('/auth/login', body);

  async function sessions(): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM session');
    return Number(rows[0]?.['n']);
  }

  async function projectId(name: string): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT id FROM project WHERE name = ?', [name]);
    return Number(rows[0]?.['id']);
  }

  it('answers the user, a token for the project joined first, and how to renew it', async () => {
    const { status, body, headers } = await login(credentialsOf('demo'));
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      user: {
        id: expect.any(Number),
        openstack_id: app.simulator.seed.users.demo.id,
        account_id: 'demo',
        name: 'demo',
        domain_id: expect.any(Number),
        domain: expect.objectContaining({ openstack_id: 'default', name: 'Default', deleted_at: null }),
        projects: [expect.objectContaining({ openstack_id: app.simulator.seed.projects.demo, name: 'demo' })],
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: expect.any(String),
        deleted_at: null,
      },
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expires_at: expect.any(String),
      refresh_token: expect.any(String),
      project_id: await projectId('demo'),
    });
    const me = await new Api(app.url, body.token).get('/auth/me');
    expect(me.body).toMatchObject({
      user: { account_id: 'demo' },
      project: { name: 'demo', enabled: true },
      role: 'member',
    });
  });

  it('keeps neither the password nor a token of Keystone, and ends the person’s own', async () => {
    const { body } = await login(credentialsOf('demo'));
    const [rows] = await database.query<RowDataPacket[]>('SELECT * FROM session ORDER BY id DESC LIMIT 1');
    expect(JSON.stringify(rows)).not.toContain(body.refresh_token);
    expect(JSON.stringify(rows)).not.toContain(body.token);
    const revoked = app.simulator.log
      .list()
      .filter(({ method, path }) => method === 'DELETE' && path === '/identity/v3/auth/tokens');
    expect(revoked.length).toBeGreaterThan(0);
  });

  it('is refused alike for a wrong password and an unknown account, after the same time', async () => {
    const refusals = [];
    for (const account_id of ['demo', 'nobody', '🚀']) {
      const startedAt = performance.now();
      const answer = await login({ account_id, password: 'wrong' });
      refusals.push({ answer, ms: performance.now() - startedAt });
    }
    for (const { answer, ms } of refusals) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.body).toMatchObject({ code: 'INVALID_AUTH', message: 'Account id and password do not match' });
      expect(ms).toBeGreaterThan(990);
      expect(ms).toBeLessThan(1_900);
    }
  });

  it('enters the project that is asked for, if the person is in it', async () => {
    const [demo, other] = [await projectId('demo'), await projectId('other')];
    expect((await login({ ...credentialsOf('demo'), project_id: demo })).body.project_id).toBe(demo);
    const before = await sessions();
    const refused = await login({ ...credentialsOf('demo'), project_id: other });
    expect([refused.status, refused.body.code]).toEqual([403, 'PROJECT_ACCESS_DENIED']);
    const unknown = await login({ ...credentialsOf('demo'), project_id: 999_999 });
    expect([unknown.status, unknown.body.code]).toEqual([403, 'PROJECT_ACCESS_DENIED']);
    expect(await sessions()).toBe(before);
  });

  it('checks the password before the project', async () => {
    const answer = await login({ account_id: 'demo', password: 'wrong', project_id: 999_999 });
    expect(answer.body.code).toBe('INVALID_AUTH');
  });

  it('lets an admin into every managed project', async () => {
    const admin = await login({ ...credentialsOf('admin'), project_id: await projectId('other') });
    expect(admin.status).toBe(200);
    const me = await new Api(app.url, admin.body.token).get('/auth/me');
    expect(me.body).toMatchObject({ project: { name: 'other' }, role: 'admin' });
  });

  it('tells a person without a project so', async () => {
    const { cloud, seed } = app.simulator;
    const kept = cloud.assignments;
    cloud.assignments = kept.filter(({ userId }) => userId !== seed.users.mate.id);
    try {
      const answer = await login(credentialsOf('mate'));
      expect([answer.status, answer.body.code]).toEqual([400, 'USER_NOT_JOINED_ANY_PROJECT']);
    } finally {
      cloud.assignments = kept;
    }
  });

  it('brings the person’s projects and roles up to date by itself', async () => {
    const { cloud, seed } = app.simulator;
    cloud.assignments.push({
      userId: seed.users.viewer.id,
      roleId: seed.roles.member,
      projectId: seed.projects.other,
      isInherited: false,
    });
    const { body } = await login(credentialsOf('viewer'));
    expect(body.user.projects.map(({ name }) => name)).toEqual(['demo', 'other']);
  });

  it('says when the password has expired', async () => {
    const user = app.simulator.cloud.users.get(app.simulator.seed.users.mate.id);
    if (user === undefined) throw new Error('no mate');
    user.passwordProblem = 'The password is expired and needs to be changed for user: mate.';
    try {
      const answer = await login(credentialsOf('mate'));
      expect([answer.status, answer.body.code]).toEqual([403, 'PASSWORD_EXPIRED']);
    } finally {
      user.passwordProblem = null;
    }
  });

  it('is 503, never 401, while Keystone is away or answers nonsense (O1)', async () => {
    const before = await sessions();
    app.simulator.switchService('identity', 'down');
    const away = await login(credentialsOf('demo'));
    expect([away.status, away.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    expect(away.headers.get('retry-after')).toMatch(/^\d+$/);
    app.simulator.switchService('identity', 'up');
    for (const fault of [{ status: 500 }, { action: 'html' }, { action: 'hang' }] as const) {
      app.simulator.faults.add({ method: 'POST', path: '/auth/tokens$', ...fault });
      const answer = await login(credentialsOf('demo'));
      expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
      app.simulator.faults.clear();
    }
    expect(await sessions()).toBe(before);
  });

  it.each([
    [{}, ['account_id', 'password']],
    [{ account_id: 'demo' }, ['password']],
    [{ account_id: ['demo'], password: {} }, ['account_id', 'password']],
    [{ account_id: 'demo', password: 'x', project_id: '1' }, ['project_id']],
    [{ account_id: 'demo', password: 'x', role: 'admin' }, ['role']],
  ])('refuses %j by 422', async (body, fields) => {
    const answer = await login(body);
    expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(answer.body.errors?.map(({ field }) => field)).toEqual(fields);
  });
});
