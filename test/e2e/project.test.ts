import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { locationOf, type Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { MemberRequests, newMember, signedUp, type ProjectBody } from '../support/people.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';
import { refresh, refreshTokenOf } from '../support/sessions.js';

interface ListBody {
  readonly projects: readonly ProjectBody[];
  readonly next_cursor: string | null;
}

describe('projects', () => {
  let app: TestApp;
  let database: Connection;
  let demo: Api;
  let other: Api;
  let admin: Api;
  let members: MemberRequests;
  let demoId = 0;
  let otherId = 0;

  beforeAll(async () => {
    app = await startApp({
      settings: { IDENTITY_SWEEP_MS: '200', SIGN_UPS_PER_HOUR: '1000', SYNC_WAIT_MS: '3000' },
    });
    database = await connect(app.schema);
    demo = await app.login('demo');
    other = await app.login('other');
    admin = await app.login('admin');
    members = new MemberRequests(demo);
    demoId = demo.login?.project_id ?? 0;
    otherId = other.login?.project_id ?? 0;
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.switchService('identity', 'up');
  });

  const pathOf = (id: number) => `/projects/${String(id)}`;
  const names = ({ body }: { readonly body: ListBody }) => body.projects.map(({ name }) => name);
  const inKeystone = (name: string) =>
    [...app.simulator.cloud.projects.values()].find((project) => project.name === name);
  const renames = () => app.simulator.log.list({ method: 'PATCH', path: '^/identity/v3/projects/' }).length;
  const roleCalls = () => app.simulator.log.list({ path: '^/identity/v3/projects/[^/]+/users/' }).length;

  async function rows(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    const [found] = await database.query<RowDataPacket[]>(sql, values);
    return found;
  }

  async function idNamed(accountId: string): Promise<number> {
    const found = await rows('SELECT id FROM user WHERE account_id = ? AND deleted_at IS NULL', [accountId]);
    return Number(found[0]?.['id']);
  }

  /** Waits for imports that began after this call. */
  async function sweeps(): Promise<void> {
    const epoch = async () => Number((await rows("SELECT epoch FROM lease WHERE name = 'identity'"))[0]?.['epoch']);
    const wanted = (await epoch()) + 2;
    while ((await epoch()) < wanted) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  function rolesOf(openstackId: string | null, projectId: string): string[] {
    const { assignments, roles } = app.simulator.cloud;
    return assignments
      .filter((one) => one.userId === openstackId && one.projectId === projectId)
      .map(({ roleId }) => roles.get(roleId)?.name ?? '');
  }

  describe('GET /projects', () => {
    it('lists the caller’s with the people in them, and all to an admin', async () => {
      const { status, body } = await demo.get<ListBody>('/projects');
      expect(status).toBe(200);
      const domain = expect.objectContaining({ openstack_id: 'default', name: 'Default', deleted_at: null });
      expect(body).toEqual({
        projects: [
          {
            id: demoId,
            openstack_id: app.simulator.seed.projects.demo,
            name: 'demo',
            domain_id: expect.any(Number),
            domain,
            accounts: expect.arrayContaining([
              {
                id: demo.login?.user.id,
                openstack_id: app.simulator.seed.users.demo.id,
                account_id: 'demo',
                name: 'demo',
                domain_id: expect.any(Number),
                domain,
                created_at: expect.any(String),
                updated_at: expect.any(String),
                deleted_at: null,
              },
            ]),
            created_at: expect.any(String),
            updated_at: expect.any(String),
            deleted_at: null,
          },
        ],
        next_cursor: null,
      });
      expect(body.projects[0]?.accounts.map(({ account_id: id }) => id).sort()).toEqual([
        'admin',
        'demo',
        'mate',
        'viewer',
      ]);
      expect(names(await admin.get<ListBody>('/projects?sort_by=name'))).toEqual(['demo', 'other']);
    });

    it('filters by ids and names, taking every letter literally', async () => {
      const cases: readonly (readonly [string, readonly string[]])[] = [
        [`ids=${String(demoId)}&ids=${String(otherId)}`, ['demo', 'other']],
        [`ids=${String(otherId)}`, ['other']],
        [`ids_exclude=${String(otherId)}`, ['demo']],
        ['name=DEMO', ['demo']],
        ['name=dem', []],
        ['name_like=EM', ['demo']],
        ['name_like=%25', []],
        ['name_like=_', []],
        ['name_like=%5C', []],
      ];
      for (const [query, expected] of cases) {
        expect([query, names(await admin.get<ListBody>(`/projects?sort_by=name&${query}`))]).toEqual([query, expected]);
      }
      expect(names(await demo.get<ListBody>(`/projects?ids=${String(otherId)}`))).toEqual([]);
    });

    it('pages', async () => {
      const first = await admin.get<ListBody>('/projects?sort_by=name&order=desc&limit=1');
      expect(names(first)).toEqual(['other']);
      const next = first.body.next_cursor ?? '';
      expect(names(await admin.get<ListBody>(`/projects?sort_by=name&order=desc&limit=1&cursor=${next}`))).toEqual([
        'demo',
      ]);
      expect((await demo.get('/projects?include_deleted=true')).status).toBe(403);
      expect((await demo.get('/projects?sort_by=id')).status).toBe(422);
      expect((await demo.get('/projects?ids=x')).status).toBe(422);
    });
  });

  it('answers one project to its members and to admins', async () => {
    expect((await demo.get<ProjectBody>(pathOf(demoId))).body).toMatchObject({ id: demoId, name: 'demo' });
    expect((await admin.get<ProjectBody>(pathOf(otherId))).body).toMatchObject({ id: otherId });
    const denied = await demo.get<ProblemBody>(pathOf(otherId));
    expect([denied.status, denied.body.code]).toEqual([403, 'PROJECT_ACCESS_DENIED']);
    const missing = await demo.get<ProblemBody>(pathOf(999_999));
    expect([missing.status, missing.body.code]).toEqual([404, 'PROJECT_NOT_FOUND']);
  });

  describe('PUT /projects/{id}', () => {
    const rename = (api: Api, id: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      api.put<ProjectBody & ProblemBody>(pathOf(id), body, { headers });

    it('renames here and in Keystone, and the import does not take it back', async () => {
      const answer = await rename(other, otherId, { name: '연구 🚀' });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ id: otherId, name: '연구 🚀' });
      // What Keystone does not take has another letter there.
      expect(inKeystone('연구 _')?.id).toBe(app.simulator.seed.projects.other);
      await sweeps();
      expect((await other.get<ProjectBody>(pathOf(otherId))).body.name).toBe('연구 🚀');
      expect((await rename(other, otherId, { name: '연구 🚀' })).status).toBe(200);
      expect((await rename(other, otherId, { name: 'other' })).status).toBe(200);
      const audit = await rows("SELECT * FROM audit_event WHERE action = 'project.rename' ORDER BY id LIMIT 1");
      expect(audit).toEqual([expect.objectContaining({ actor_user_id: other.login?.user.id, project_id: otherId })]);
    });

    it('refuses a name that another project has, here or in Keystone alone', async () => {
      const before = renames();
      for (const name of ['demo', 'DEMO', 'service', 'sérvice']) {
        const answer = await rename(other, otherId, { name });
        expect([name, answer.status, answer.body.code]).toEqual([name, 409, 'PROJECT_NAME_DUPLICATED']);
        expect(answer.body.errors).toEqual([{ field: 'name', in: 'body', message: 'is taken', type: 'duplicate' }]);
      }
      expect(renames()).toBe(before);
      expect((await other.get<ProjectBody>(pathOf(otherId))).body.name).toBe('other');
    });

    it('is for its members; an admin switches to it first', async () => {
      const viewer = await app.login('viewer');
      for (const [api, id, status, code] of [
        [demo, otherId, 403, 'PROJECT_ACCESS_DENIED'],
        [admin, otherId, 403, 'PROJECT_ACCESS_DENIED'],
        [demo, 999_999, 404, 'PROJECT_NOT_FOUND'],
        [viewer, demoId, 403, 'PERMISSION_DENIED'],
      ] as const) {
        const answer = await rename(api, id, { name: 'mine now' });
        expect([answer.status, answer.body.code]).toEqual([status, code]);
      }
      const entered = await admin.post<{ token: string }>('/auth/project', { project_id: otherId });
      const there = new (admin.constructor as typeof Api)(app.url, entered.body.token);
      expect((await rename(there, otherId, { name: 'by admin' })).status).toBe(200);
      expect((await rename(there, otherId, { name: 'other' })).status).toBe(200);
    });

    it.each([[{}], [{ name: 'x' }], [{ name: 'x'.repeat(65) }], [{ name: 'ab', description: 'x' }]])(
      'refuses %j by 422',
      async (body) => {
        expect((await rename(other, otherId, body)).status).toBe(422);
      },
    );

    it('is held to what the client has seen', async () => {
      const stale = await rename(other, otherId, { name: 'nothing' }, { 'if-match': '"stale"' });
      expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    });

    it('goes on when Keystone is away, and nothing else changes the project meanwhile', async () => {
      app.simulator.switchService('identity', 'down');
      const answer = await rename(other, otherId, { name: 'later' }, { prefer: 'respond-async' });
      expect(answer.status).toBe(202);
      expect(Object.keys(answer.body)).toEqual(['operation']);
      const second = await rename(other, otherId, { name: 'sooner' });
      expect([second.status, second.body.code]).toEqual([409, 'OPERATION_IN_PROGRESS']);
      await sweeps();
      app.simulator.switchService('identity', 'up');
      expect(await other.finished(answer)).toMatchObject({ state: 'SUCCEEDED', kind: 'project.rename' });
      expect((await other.get<ProjectBody>(pathOf(otherId))).body.name).toBe('later');
      expect((await rename(other, otherId, { name: 'other' })).status).toBe(200);
    });

    it('can be followed from another project by who asked for it, as long as they are in this one', async () => {
      const person = await newMember(app.url, demo);
      const id = person.login?.user.id ?? 0;
      expect((await new MemberRequests(other).add(otherId, id)).status).toBe(204);
      const answer = await rename(person, otherId, { name: 'from afar' }, { prefer: 'respond-async' });
      expect(answer.status).toBe(202);
      expect(await person.finished(answer)).toMatchObject({ state: 'SUCCEEDED', kind: 'project.rename' });
      const location = locationOf(answer);
      expect((await demo.get(location)).status).toBe(404);
      expect((await new MemberRequests(other).remove(otherId, id)).status).toBe(204);
      const after = await person.get<ProblemBody>(location);
      expect([after.status, after.body.code]).toEqual([404, 'OPERATION_NOT_FOUND']);
      expect((await rename(other, otherId, { name: 'other' })).status).toBe(200);
      await members.remove(demoId, id);
    });

    it.each(['reset-after', 'hang-after', 'reset-before'] as const)(
      'is done when an answer is lost (%s)',
      async (action) => {
        app.simulator.faults.add({ method: 'PATCH', path: '^/identity/v3/projects/', action, times: 1 });
        const answer = await rename(other, otherId, { name: `after ${action}` });
        if (answer.status === 202) await other.finished(answer);
        expect((await other.get<ProjectBody>(pathOf(otherId))).body.name).toBe(`after ${action}`);
        expect((await rename(other, otherId, { name: 'other' })).status).toBe(200);
      },
    );
  });

  describe('POST /projects/{id}/users/{uid}', () => {
    it('gives the role in Keystone; the import keeps it', async () => {
      for (const role of [undefined, 'reader'] as const) {
        const user = await signedUp(app.url);
        const answer = await members.add(demoId, user.id, role === undefined ? undefined : { role });
        expect([answer.status, answer.body]).toEqual([204, undefined]);
        expect(rolesOf(user.openstack_id, app.simulator.seed.projects.demo)).toEqual([role ?? 'member']);
        await sweeps();
        const { body } = await demo.get<ProjectBody>(pathOf(demoId));
        expect(body.accounts.map(({ id }) => id)).toContain(user.id);
        const [place] = await rows('SELECT role, is_pending FROM project_user WHERE user_id = ?', [user.id]);
        expect(place).toEqual({ role: role ?? 'member', is_pending: 0 });
        await members.remove(demoId, user.id);
      }
    });

    it('checks in the order of the contract, without asking Keystone', async () => {
      const viewer = await app.login('viewer');
      const mate = await idNamed('mate');
      const before = roleCalls();
      for (const [api, projectId, userId, body, status, code] of [
        [viewer, demoId, mate, {}, 403, 'PERMISSION_DENIED'],
        [demo, demoId, mate, { role: 'admin' }, 422, 'VALIDATION_FAILED'],
        [demo, 999_999, 999_999, {}, 404, 'PROJECT_NOT_FOUND'],
        [demo, otherId, 999_999, {}, 403, 'PROJECT_ACCESS_DENIED'],
        [admin, otherId, mate, {}, 403, 'PROJECT_ACCESS_DENIED'],
        [demo, demoId, 999_999, {}, 404, 'USER_NOT_FOUND'],
        [demo, demoId, mate, { role: 'reader' }, 409, 'USER_ROLE_ALREADY_IN_PROJECT'],
      ] as const) {
        const answer = await new MemberRequests(api).add(projectId, userId, body);
        expect([code, answer.status, answer.body.code]).toEqual([code, status, code]);
      }
      expect(roleCalls()).toBe(before);
    });

    it('says how to find the id of a person whom there is not', async () => {
      for (const answer of [await members.add(demoId, 999_999), await members.remove(demoId, 999_999)]) {
        expect([answer.status, answer.body.code]).toEqual([404, 'USER_NOT_FOUND']);
        expect(answer.body.detail).toMatch(/^There is no user 999999; GET \/users\?account_id=… finds /);
      }
    });

    it('lets one of 50 that add the same person do it; the others do not come to Keystone (P6)', async () => {
      const user = await signedUp(app.url);
      const puts = () => app.simulator.log.list({ method: 'PUT', path: '^/identity/v3/projects/[^/]+/users/' }).length;
      const before = puts();
      const answers = await Promise.all(Array.from({ length: 50 }, () => members.add(demoId, user.id)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(49).fill(409)]);
      expect(puts() - before).toBe(1);
      expect(await rows('SELECT id FROM project_user WHERE user_id = ?', [user.id])).toHaveLength(1);
      await members.remove(demoId, user.id);
    });

    it('counts for nothing before Keystone has given the role, and the import leaves it alone', async () => {
      const user = await signedUp(app.url);
      app.simulator.faults.add({
        method: 'PUT',
        path: '^/identity/v3/projects/[^/]+/users/',
        status: 429,
        headers: { 'Retry-After': '2' },
      });
      const answer = await demo.post(
        `${pathOf(demoId)}/users/${String(user.id)}`,
        {},
        { headers: { prefer: 'respond-async' } },
      );
      expect(answer.status).toBe(202);
      await sweeps();
      const { body } = await demo.get<ProjectBody>(pathOf(demoId));
      expect(body.accounts.map(({ id }) => id)).not.toContain(user.id);
      const again = await members.add(demoId, user.id);
      expect([again.status, again.body.code]).toEqual([409, 'OPERATION_IN_PROGRESS']);
      app.simulator.faults.clear();
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED', kind: 'project.add-member' });
      expect((await demo.get<ProjectBody>(pathOf(demoId))).body.accounts.map(({ id }) => id)).toContain(user.id);
      await members.remove(demoId, user.id);
    });

    it('leaves nothing behind when Keystone refuses', async () => {
      const user = await signedUp(app.url);
      const body = { error: { code: 403, message: 'You are not authorized', title: 'Forbidden' } };
      app.simulator.faults.add({ method: 'PUT', path: '^/identity/v3/projects/[^/]+/users/', status: 403, body });
      const answer = await members.add(demoId, user.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(await rows('SELECT id FROM project_user WHERE user_id = ?', [user.id])).toEqual([]);
    });

    it('is left to admins where the installation says so', async () => {
      const strict = await startApp({
        simulator: app.simulator,
        schema: app.schema,
        settings: { MEMBER_MANAGEMENT: 'admin' },
      });
      try {
        const [member, boss] = [await strict.login('demo'), await strict.login('admin')];
        const user = await signedUp(app.url);
        for (const attempt of ['add', 'remove'] as const) {
          const refused = await new MemberRequests(member)[attempt](demoId, user.id);
          expect([refused.status, refused.body.code]).toEqual([403, 'PERMISSION_DENIED']);
        }
        expect((await new MemberRequests(boss).add(demoId, user.id)).status).toBe(204);
        expect((await new MemberRequests(boss).remove(demoId, user.id)).status).toBe(204);
      } finally {
        await strict.close();
      }
    });
  });

  describe('DELETE /projects/{id}/users/{uid}', () => {
    it('takes the role in Keystone, ends the sessions in the project, and the import does not bring it back', async () => {
      const person = await newMember(app.url, demo);
      const id = person.login?.user.id ?? 0;
      const [row] = await rows('SELECT openstack_id FROM user WHERE id = ?', [id]);
      const preview = await members.remove(demoId, id, '?dry_run=true');
      expect(preview.status).toBe(200);
      expect(preview.body).toEqual({
        delete: [{ type: 'project_user', id: expect.any(Number), name: null }],
        detach: [],
        keep: [
          { type: 'project', id: demoId, name: 'demo' },
          { type: 'user', id, name: person.login?.user.account_id },
        ],
        blocked_by: [],
        refusals: [],
      });
      const answer = await members.remove(demoId, id);
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(rolesOf(String(row?.['openstack_id']), app.simulator.seed.projects.demo)).toEqual([]);
      expect((await person.get('/auth/me')).status).toBe(401);
      expect((await refresh(app.url, refreshTokenOf(person))).status).toBe(401);
      await sweeps();
      expect(await rows('SELECT id FROM project_user WHERE user_id = ?', [id])).toEqual([]);
      expect((await members.add(demoId, id)).status).toBe(204);
      expect((await person.get('/auth/me')).status).toBe(401);
      await members.remove(demoId, id);
    });

    it('checks in the order of the contract, without asking Keystone', async () => {
      const outsider = await signedUp(app.url);
      const viewer = await app.login('viewer');
      const before = roleCalls();
      for (const [api, projectId, userId, status, code] of [
        [viewer, demoId, outsider.id, 403, 'PERMISSION_DENIED'],
        [demo, 999_999, 999_999, 404, 'PROJECT_NOT_FOUND'],
        [demo, otherId, 999_999, 403, 'PROJECT_ACCESS_DENIED'],
        [demo, demoId, 999_999, 404, 'USER_NOT_FOUND'],
        [demo, demoId, outsider.id, 409, 'USER_ROLE_NOT_IN_PROJECT'],
        [other, otherId, other.login?.user.id ?? 0, 409, 'LAST_PROJECT_MEMBER'],
      ] as const) {
        const answer = await new MemberRequests(api).remove(projectId, userId);
        expect([code, answer.status, answer.body.code]).toEqual([code, status, code]);
      }
      const preview = await new MemberRequests(other).remove(otherId, other.login?.user.id ?? 0, '?dry_run=true');
      expect(preview.body).toMatchObject({
        blocked_by: [{ type: 'project', id: otherId, name: 'other' }],
        refusals: [{ code: 'LAST_PROJECT_MEMBER' }],
      });
      expect(roleCalls()).toBe(before);
    });

    it('leaves one of the last two members (P7)', async () => {
      const person = await newMember(app.url, other);
      const ids = [other.login?.user.id ?? 0, person.login?.user.id ?? 0];
      const answers = await Promise.all(ids.map((id) => new MemberRequests(person).remove(otherId, id)));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
      expect(await rows('SELECT id FROM project_user WHERE project_id = ?', [otherId])).toHaveLength(1);
      const { cloud, seed } = app.simulator;
      cloud.assignments.push({
        userId: seed.users.other.id,
        roleId: seed.roles.member,
        projectId: seed.projects.other,
        isInherited: false,
      });
      other = await app.login('other');
    });

    it('says when the role comes by another way', async () => {
      const person = await newMember(app.url, demo);
      const id = person.login?.user.id ?? 0;
      const [row] = await rows('SELECT openstack_id FROM user WHERE id = ?', [id]);
      const { cloud, seed } = app.simulator;
      cloud.assignments.push({
        userId: String(row?.['openstack_id']),
        roleId: seed.roles.member,
        projectId: seed.projects.demo,
        isInherited: true,
      });
      const answer = await members.remove(demoId, id);
      expect([answer.status, answer.body.code]).toEqual([409, 'ROLE_INHERITED']);
      await sweeps();
      expect(await rows('SELECT id FROM project_user WHERE user_id = ?', [id])).toHaveLength(1);
      const service = await members.remove(demoId, await idNamed('admin'));
      expect([service.status, service.body.code]).toEqual([409, 'ROLE_INHERITED']);
      expect(rolesOf(seed.users.admin.id, seed.projects.demo)).toContain('admin');
    });

    it.each(['reset-after', 'hang-after', 'reset-before'] as const)(
      'is done when an answer is lost (%s)',
      async (action) => {
        const person = await newMember(app.url, demo);
        const id = person.login?.user.id ?? 0;
        app.simulator.faults.add({ method: 'DELETE', path: '^/identity/v3/projects/[^/]+/users/', action, times: 1 });
        const answer = await members.remove(demoId, id);
        if (answer.status === 202) await demo.finished(answer);
        await sweeps();
        expect(await rows('SELECT id FROM project_user WHERE user_id = ?', [id])).toEqual([]);
      },
    );
  });
});
