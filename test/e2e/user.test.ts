import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { randomUUID } from 'node:crypto';
import { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { goodPassword, MemberRequests, newMember, signedUp, type UserBody } from '../support/people.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';
import { refresh, refreshTokenOf, tryLogin } from '../support/sessions.js';
import { credentialsOf } from '../support/simulated-cloud.js';

interface ListBody {
  readonly users: readonly UserBody[];
  readonly next_cursor: string | null;
}

describe('users', () => {
  let app: TestApp;
  let database: Connection;
  let demo: Api;
  let admin: Api;

  beforeAll(async () => {
    app = await startApp({
      settings: { IDENTITY_SWEEP_MS: '3600000', SIGN_UPS_PER_HOUR: '1000', SYNC_WAIT_MS: '3000' },
    });
    database = await connect(app.schema);
    demo = await app.login('demo');
    admin = await app.login('admin');
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(async () => {
    app.simulator.faults.clear();
    app.simulator.switchService('identity', 'up');
    await database.query('DELETE FROM login_failure');
  });

  const idOf = (api: Api) => api.login?.user.id ?? 0;
  const userPath = (id: number, rest = '') => `/users/${String(id)}${rest}`;
  const accountIds = ({ body }: { readonly body: ListBody }) => body.users.map(({ account_id: id }) => id);

  async function rows(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    const [found] = await database.query<RowDataPacket[]>(sql, values);
    return found;
  }

  async function idNamed(accountId: string): Promise<number> {
    return Number((await rows('SELECT id FROM user WHERE account_id = ?', [accountId]))[0]?.['id']);
  }

  describe('GET /users', () => {
    it('lists those who share a project, and everybody to an admin', async () => {
      expect(accountIds(await demo.get<ListBody>('/users?sort_by=account_id'))).toEqual([
        'admin',
        'demo',
        'mate',
        'viewer',
      ]);
      expect(accountIds(await admin.get<ListBody>('/users?sort_by=account_id'))).toContain('other');
      const other = await app.login('other');
      expect(accountIds(await other.get<ListBody>('/users'))).toEqual(['other']);
    });

    it('shows of each the projects that the caller is in too', async () => {
      const { cloud, seed } = app.simulator;
      cloud.assignments.push({
        userId: seed.users.mate.id,
        roleId: seed.roles.member,
        projectId: seed.projects.other,
        isInherited: false,
      });
      const mate = await app.login('mate');
      const projectsOf = async (api: Api) =>
        (await api.get<UserBody>(userPath(idOf(mate)))).body.projects?.map(({ name }) => name);
      expect(await projectsOf(demo)).toEqual(['demo']);
      expect(await projectsOf(mate)).toEqual(['demo', 'other']);
      expect(await projectsOf(admin)).toEqual(['demo', 'other']);
      cloud.assignments.pop();
      await app.login('mate');
      expect(await projectsOf(admin)).toEqual(['demo']);
    });

    it('finds anyone by the account id, telling of strangers who they are and no more', async () => {
      const { body } = await demo.get<ListBody>('/users?account_id=OTHER');
      expect(body.users).toEqual([
        {
          id: await idNamed('other'),
          account_id: 'other',
          name: 'other',
          openstack_id: null,
          domain_id: null,
          domain: null,
          projects: null,
          created_at: null,
          updated_at: null,
          deleted_at: null,
        },
      ]);
      for (const id of ['othe', 'other%', 'öther', 'nobody']) {
        expect((await demo.get<ListBody>(`/users?account_id=${encodeURIComponent(id)}`)).body.users).toEqual([]);
      }
      expect((await demo.get<ListBody>(`/users?user_id=${String(await idNamed('other'))}`)).body.users).toEqual([]);
    });

    it('filters, sorts and pages', async () => {
      const name = (await demo.get<ListBody>('/users?name=MATE')).body.users;
      expect(name.map(({ account_id: id }) => id)).toEqual(['mate']);
      expect(accountIds(await demo.get<ListBody>(`/users?user_id=${String(idOf(demo))}`))).toEqual(['demo']);
      expect(accountIds(await demo.get<ListBody>('/users?sort_by=name&order=desc'))[0]).toBe('viewer');
      for (const sort of ['created_at', 'account_id', 'name']) {
        const seen: string[] = [];
        let cursor: string | null = '';
        while (cursor !== null) {
          const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
          const page = await demo.get<ListBody>(`/users?sort_by=${sort}&limit=1${more}`);
          seen.push(...accountIds(page));
          cursor = page.body.next_cursor;
        }
        expect([...seen].sort()).toEqual(['admin', 'demo', 'mate', 'viewer']);
      }
    });

    it.each(['sort_by=id', 'user_id=x', 'account_id=', 'name[a]=b', 'limit=0', 'nonsense=1'])(
      'refuses ?%s by 422',
      async (query) => {
        expect((await demo.get<ProblemBody>(`/users?${query}`)).status).toBe(422);
      },
    );

    it('shows deleted ones to admins alone', async () => {
      expect((await demo.get('/users?include_deleted=true')).status).toBe(403);
      expect((await admin.get('/users?include_deleted=true')).status).toBe(200);
    });

    it('finds deleted ones by their account id where those are asked for', async () => {
      const person = await newMember(app.url, demo);
      const { id, account_id: accountId } = (await person.get<UserBody>(userPath(idOf(person)))).body;
      expect((await person.delete(userPath(id))).status).toBe(204);
      const again = await signedUp(app.url, accountId);
      const found = async (query: string) =>
        (await admin.get<ListBody>(`/users?${query}`)).body.users.map((user) => [user.id, user.deleted_at !== null]);
      const asked = `account_id=${accountId.toUpperCase()}`;
      expect(await found(asked)).toEqual([[again.id, false]]);
      expect(await found(`${asked}&include_deleted=true`)).toEqual([
        [id, true],
        [again.id, false],
      ]);
      expect(await found(`account_id=${accountId.replace('u', 'ü')}&include_deleted=true`)).toEqual([]);
    });
  });

  describe('GET /users/{id}', () => {
    it('answers who shares a project, and nobody else', async () => {
      expect((await demo.get<UserBody>(userPath(await idNamed('mate')))).body).toMatchObject({ account_id: 'mate' });
      for (const id of [await idNamed('other'), 999_999]) {
        const answer = await demo.get<ProblemBody>(userPath(id));
        expect([answer.status, answer.body.code]).toEqual([404, 'USER_NOT_FOUND']);
      }
      expect((await admin.get<UserBody>(userPath(await idNamed('other')))).status).toBe(200);
      expect((await demo.get(userPath(0))).status).toBe(422);
    });
  });

  describe('PUT /users/{id}/info', () => {
    it('renames oneself, also a reader, and leaves Keystone alone', async () => {
      const viewer = await app.login('viewer');
      // The import reads from Keystone all the time.
      const changes = () =>
        app.simulator.log
          .list({ service: 'identity' })
          .filter(({ method, path }) => method !== 'GET' && !path.includes('/auth/tokens'));
      const before = changes().length;
      const name = 'Ada 🚀';
      const answer = await viewer.put<UserBody>(userPath(idOf(viewer), '/info'), { name });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ account_id: 'viewer', name });
      expect((await demo.get<UserBody>(userPath(idOf(viewer)))).body.name).toBe(name);
      expect(changes()).toHaveLength(before);
      await app.login('viewer');
      expect((await demo.get<UserBody>(userPath(idOf(viewer)))).body.name).toBe(name);
      expect(await rows("SELECT * FROM audit_event WHERE action = 'user.rename'")).toEqual([
        expect.objectContaining({ actor_user_id: idOf(viewer), resource_id: idOf(viewer) }),
      ]);
    });

    it('renames nobody else, not even for an admin', async () => {
      for (const [api, id, status, code] of [
        [demo, await idNamed('mate'), 403, 'USER_UPDATE_PERMISSION_DENIED'],
        [admin, await idNamed('mate'), 403, 'USER_UPDATE_PERMISSION_DENIED'],
        [demo, await idNamed('other'), 404, 'USER_NOT_FOUND'],
        [demo, 999_999, 404, 'USER_NOT_FOUND'],
      ] as const) {
        const answer = await api.put<ProblemBody>(userPath(id, '/info'), { name: 'x' });
        expect([answer.status, answer.body.code]).toEqual([status, code]);
      }
    });

    it('is held to what the client has seen', async () => {
      const path = userPath(idOf(demo));
      const tag = (await demo.get(path)).headers.get('etag') ?? '';
      expect((await demo.put(`${path}/info`, { name: 'one' }, { headers: { 'if-match': tag } })).status).toBe(200);
      const stale = await demo.put<ProblemBody>(`${path}/info`, { name: 'two' }, { headers: { 'if-match': tag } });
      expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    });

    it('takes effect once by a key, however often it is sent', async () => {
      const rename = (name: string, headers: Readonly<Record<string, string>> = {}) =>
        demo.put<UserBody & ProblemBody>(userPath(idOf(demo), '/info'), { name }, { headers });
      const keyed = { 'idempotency-key': randomUUID() };
      const first = await rename('first', keyed);
      expect([first.status, first.body.name]).toEqual([200, 'first']);
      expect((await rename('second')).status).toBe(200);
      const again = await rename('first', keyed);
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
      expect(again.body).toEqual(first.body);
      expect((await demo.get<UserBody>(userPath(idOf(demo)))).body.name).toBe('second');
      const other = await rename('third', keyed);
      expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    });

    it.each([
      [{}],
      [{ name: '' }],
      [{ name: 'x'.repeat(16) }],
      [{ name: 'a\u202eb' }],
      [{ name: 'a', account_id: 'b' }],
    ])('refuses %j by 422', async (body) => {
      const answer = await demo.put<ProblemBody>(userPath(idOf(demo), '/info'), body);
      expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    });
  });

  describe('PUT /users/{id}/password', () => {
    const change = (api: Api, id: number, old_password: string, new_password: string) =>
      api.put<ProblemBody>(userPath(id, '/password'), { old_password, new_password });
    const better = 'a much better password';

    it('changes it in Keystone and ends every other session, on every replica', async () => {
      const person = await newMember(app.url, demo, 'reader');
      const account_id = person.login?.user.account_id ?? '';
      const thief = await Api.login(app.url, { account_id, password: goodPassword });
      const replica = await startApp({ simulator: app.simulator, schema: app.schema });
      try {
        expect((await change(person, idOf(person), goodPassword, better)).status).toBe(204);
        expect((await new Api(replica.url, thief.token).get('/auth/me')).status).toBe(401);
        expect((await refresh(replica.url, refreshTokenOf(thief))).status).toBe(401);
        expect((await person.get('/auth/me')).status).toBe(200);
        expect((await refresh(app.url, refreshTokenOf(person))).status).toBe(200);
        expect((await tryLogin(app.url, account_id, goodPassword)).status).toBe(401);
        expect((await tryLogin(app.url, account_id, better)).status).toBe(200);
      } finally {
        await replica.close();
      }
      for (const table of ['session', 'audit_event', 'login_failure', 'operation']) {
        const text = JSON.stringify(await rows(`SELECT * FROM \`${table}\``));
        for (const secret of [goodPassword, better]) expect(text).not.toContain(secret);
      }
      const audit = await rows("SELECT * FROM audit_event WHERE action = 'user.change-password'");
      expect(audit).toEqual([expect.objectContaining({ actor_user_id: idOf(person), resource_id: idOf(person) })]);
    });

    it('is 403 INVALID_AUTH for a wrong old one, which counts like a failed login', async () => {
      const person = await newMember(app.url, demo);
      for (let times = 0; times < 5; times += 1) {
        const wrong = await change(person, idOf(person), 'wrong', better);
        expect([wrong.status, wrong.body.code]).toEqual([403, 'INVALID_AUTH']);
        expect(wrong.body.errors).toMatchObject([{ field: 'old_password', message: 'is wrong', type: 'wrong' }]);
        expect(wrong.headers.get('www-authenticate')).toBeNull();
      }
      const stopped = await change(person, idOf(person), goodPassword, better);
      expect([stopped.status, stopped.body.code]).toEqual([429, 'TOO_MANY_ATTEMPTS']);
      expect((await person.get('/auth/me')).status).toBe(200);
    });

    it('is nobody else’s, not even for an admin', async () => {
      for (const [api, id, status, code] of [
        [demo, await idNamed('mate'), 403, 'USER_UPDATE_PERMISSION_DENIED'],
        [admin, await idNamed('mate'), 403, 'USER_UPDATE_PERMISSION_DENIED'],
        [demo, await idNamed('other'), 404, 'USER_NOT_FOUND'],
      ] as const) {
        const answer = await change(api, id, credentialsOf('mate').password, better);
        expect([answer.status, answer.body.code]).toEqual([status, code]);
      }
    });

    it.each([
      ['short', 'length'],
      ['x'.repeat(73), 'length'],
      ['password123', 'common'],
    ])('refuses %j by 422', async (password, type) => {
      const answer = await change(demo, idOf(demo), credentialsOf('demo').password, password);
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toEqual([expect.objectContaining({ field: 'new_password', type })]);
    });

    it('refuses by Keystone’s own rules with their text, and ends no session', async () => {
      const person = await newMember(app.url, demo);
      const second = await Api.login(app.url, {
        account_id: person.login?.user.account_id ?? '',
        password: goodPassword,
      });
      app.simulator.configure({ password_min_length: 40 });
      try {
        const answer = await change(person, idOf(person), goodPassword, better);
        expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
        expect(answer.body.errors).toEqual([
          {
            field: 'new_password',
            in: 'body',
            type: 'refused',
            message: expect.stringContaining('at least 40 characters'),
          },
        ]);
      } finally {
        app.simulator.configure({ password_min_length: 0 });
      }
      expect((await second.get('/auth/me')).status).toBe(200);
    });

    it('is 503 while Keystone is away, and counts nothing', async () => {
      const person = await newMember(app.url, demo);
      app.simulator.switchService('identity', 'down');
      const answer = await change(person, idOf(person), 'wrong', better);
      expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await rows('SELECT id FROM login_failure WHERE failures > 0')).toEqual([]);
    });

    it('is finished by a repetition, or at once, when Keystone’s answer was lost', async () => {
      const person = await newMember(app.url, demo);
      const account_id = person.login?.user.account_id ?? '';
      const second = await Api.login(app.url, { account_id, password: goodPassword });
      app.simulator.faults.add({ method: 'POST', path: '/users/[^/]+/password$', action: 'reset-after', times: 1 });
      expect((await change(person, idOf(person), goodPassword, better)).status).toBe(204);
      expect((await second.get('/auth/me')).status).toBe(401);
      // Once more, as if the client had not heard it.
      expect((await change(person, idOf(person), goodPassword, better)).status).toBe(204);
      app.simulator.faults.add({ method: 'POST', path: '/users/[^/]+/password$', action: 'reset-before', times: 1 });
      const lost = await change(person, idOf(person), better, 'the third of my passwords');
      expect([lost.status, lost.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
      expect((await tryLogin(app.url, account_id, better)).status).toBe(200);
    });
  });

  describe('DELETE /users/{id}', () => {
    const inKeystone = (id: string | null) => app.simulator.cloud.users.has(id ?? '');
    const deletions = () => app.simulator.log.list({ method: 'DELETE', path: '^/identity/v3/users/' }).length;

    it('takes the account from Keystone and the record, with its sessions and places, and frees the account id', async () => {
      const person = await newMember(app.url, demo, 'reader');
      const { body: user } = await person.get<UserBody>(userPath(idOf(person)));
      const preview = await person.delete(userPath(user.id, '?dry_run=true'));
      expect(preview.status).toBe(200);
      expect(preview.body).toEqual({
        delete: [{ type: 'user', id: user.id, name: user.account_id }],
        detach: [{ type: 'project', id: demo.login?.project_id, name: 'demo' }],
        keep: [],
        blocked_by: [],
        refusals: [],
      });
      expect(inKeystone(user.openstack_id)).toBe(true);
      const answer = await person.delete(userPath(user.id));
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(inKeystone(user.openstack_id)).toBe(false);
      expect((await person.get('/auth/me')).status).toBe(401);
      expect((await refresh(app.url, refreshTokenOf(person))).status).toBe(401);
      expect((await demo.get(userPath(user.id))).status).toBe(404);
      expect(await rows('SELECT id FROM project_user WHERE user_id = ?', [user.id])).toEqual([]);
      expect(await rows('SELECT id FROM session WHERE user_id = ? AND ended_at IS NULL', [user.id])).toEqual([]);
      const [audit] = await rows("SELECT * FROM audit_event WHERE action = 'user.delete' AND resource_id = ?", [
        user.id,
      ]);
      expect(audit).toMatchObject({ actor_user_id: user.id });
      const again = await signedUp(app.url, user.account_id);
      expect(again.id).not.toBe(user.id);
    });

    it('deletes for an admin who is in no project, and nobody else does', async () => {
      const user = await signedUp(app.url);
      for (const query of ['?dry_run=true', '']) {
        const refused = await demo.delete<ProblemBody>(userPath(user.id, query));
        expect([refused.status, refused.body.code]).toEqual([404, 'USER_NOT_FOUND']);
      }
      const preview = await admin.delete(userPath(user.id, '?dry_run=true'));
      expect([preview.status, preview.body]).toEqual([
        200,
        {
          delete: [{ type: 'user', id: user.id, name: user.account_id }],
          detach: [],
          keep: [],
          blocked_by: [],
          refusals: [],
        },
      ]);
      expect(inKeystone(user.openstack_id)).toBe(true);
      const answer = await admin.delete(userPath(user.id));
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(inKeystone(user.openstack_id)).toBe(false);
      expect((await admin.get(userPath(user.id))).status).toBe(404);
      const [audit] = await rows("SELECT * FROM audit_event WHERE action = 'user.delete' AND resource_id = ?", [
        user.id,
      ]);
      expect(audit).toMatchObject({ actor_user_id: idOf(admin) });
    });

    it('deletes for an admin who has left the last project', async () => {
      const person = await newMember(app.url, demo);
      const path = userPath(idOf(person));
      const before = await admin.delete<ProblemBody>(path);
      expect([before.status, before.body.code]).toEqual([403, 'USER_DELETE_PERMISSION_DENIED']);
      expect(before.body.detail).toContain('in no project');
      await new MemberRequests(demo).remove(demo.login?.project_id ?? 0, idOf(person));
      expect((await admin.delete(`${path}?dry_run=true`)).status).toBe(200);
      expect((await admin.delete(path)).status).toBe(204);
    });

    it('does not delete for an admin who is just being added to a project', async () => {
      const user = await signedUp(app.url);
      app.simulator.switchService('identity', 'down');
      const adding = await demo.post(
        `/projects/${String(demo.login?.project_id)}/users/${String(user.id)}`,
        undefined,
        { headers: { prefer: 'respond-async' } },
      );
      expect(adding.status).toBe(202);
      for (const query of ['?dry_run=true', '']) {
        const refused = await admin.delete<ProblemBody>(userPath(user.id, query));
        expect([403, 409]).toContain(refused.status);
      }
      app.simulator.switchService('identity', 'up');
      await demo.finished(adding);
      expect((await admin.delete<ProblemBody>(userPath(user.id))).status).toBe(403);
    });

    it('deletes nobody else, not even for an admin', async () => {
      const before = deletions();
      for (const [api, id, status, code] of [
        [demo, await idNamed('mate'), 403, 'USER_DELETE_PERMISSION_DENIED'],
        [admin, await idNamed('mate'), 403, 'USER_DELETE_PERMISSION_DENIED'],
        [demo, await idNamed('other'), 404, 'USER_NOT_FOUND'],
        [demo, 999_999, 404, 'USER_NOT_FOUND'],
      ] as const) {
        for (const query of ['', '?dry_run=true']) {
          const answer = await api.delete<ProblemBody>(userPath(id, query));
          expect([answer.status, answer.body.code]).toEqual([status, code]);
        }
      }
      expect(deletions()).toBe(before);
    });

    it('leaves accounts that were imported', async () => {
      const before = deletions();
      const answer = await demo.delete<ProblemBody>(userPath(idOf(demo)));
      expect([answer.status, answer.body.code]).toEqual([409, 'IMPORTED_USER_DELETION']);
      const preview = await demo.delete(userPath(idOf(demo), '?dry_run=true'));
      expect(preview.body).toMatchObject({
        blocked_by: [{ type: 'user', id: idOf(demo), name: 'demo' }],
        refusals: [{ code: 'IMPORTED_USER_DELETION', message: answer.body.detail }],
      });
      expect(deletions()).toBe(before);
    });

    it('leaves who is alone in a project with something in it', async () => {
      const person = await newMember(app.url, demo);
      const id = idOf(person);
      await database.query('DELETE FROM project_user WHERE user_id <> ? AND project_id = ?', [
        id,
        demo.login?.project_id,
      ]);
      try {
        const address = await person.post<{ id: number; address: string }>('/floating-ips', {
          floating_network_id: app.simulator.seed.networks.public,
        });
        const answer = await person.delete<ProblemBody>(userPath(id));
        expect([answer.status, answer.body.code]).toEqual([409, 'LAST_PROJECT_MEMBER']);
        const blockedBy = [
          { type: 'project', id: demo.login?.project_id, name: 'demo' },
          { type: 'floating_ip', id: address.body.id, name: address.body.address },
        ];
        expect(answer.body.blocked_by).toEqual(blockedBy);
        const preview = await person.delete(userPath(id, '?dry_run=true'));
        expect(preview.body).toMatchObject({
          blocked_by: blockedBy,
          refusals: [{ code: 'LAST_PROJECT_MEMBER', message: answer.body.detail }],
        });
        expect((await person.delete(`/floating-ips/${String(address.body.id)}`)).status).toBe(204);
        expect((await person.delete(userPath(id))).status).toBe(204);
      } finally {
        for (const account of ['demo', 'mate', 'viewer', 'admin'] as const) await app.login(account);
        demo = await app.login('demo');
        admin = await app.login('admin');
      }
    });

    it('leaves the last two users of the domain one of them (P7)', async () => {
      const two = [await newMember(app.url, demo), await newMember(app.url, demo)];
      await database.query('UPDATE user SET deleted_at = NOW(3) WHERE deleted_at IS NULL AND id NOT IN (?)', [
        two.map(idOf),
      ]);
      const before = deletions();
      try {
        const answers = await Promise.all(two.map((person) => person.delete<ProblemBody>(userPath(idOf(person)))));
        expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
        expect(answers.find(({ status }) => status === 409)?.body.code).toBe('LAST_USER_DELETION_NOT_ALLOWED');
        expect(deletions() - before).toBe(1);
      } finally {
        await database.query("UPDATE user SET deleted_at = NULL WHERE managed_by = 'imported'");
      }
    });

    it('goes on when Keystone is away, and can be followed until the account is gone', async () => {
      const person = await newMember(app.url, demo);
      const { body: user } = await person.get<UserBody>(userPath(idOf(person)));
      app.simulator.switchService('identity', 'down');
      const answer = await person.delete<{ operation: { id: number; kind: string } }>(userPath(user.id), {
        headers: { prefer: 'respond-async' },
      });
      expect(answer.status).toBe(202);
      expect(answer.body.operation).toMatchObject({ kind: 'user.delete' });
      expect(answer.headers.get('location')).toBe(`/operations/${String(answer.body.operation.id)}`);
      expect((await person.get(answer.headers.get('location') ?? '')).status).toBe(200);
      const renamed = await person.put<ProblemBody>(userPath(user.id, '/info'), { name: 'x' });
      expect([renamed.status, renamed.body.code]).toEqual([409, 'OPERATION_IN_PROGRESS']);
      const added = await new MemberRequests(admin).add(admin.login?.project_id ?? 0, user.id);
      expect(added.status).toBeGreaterThanOrEqual(400);
      expect(inKeystone(user.openstack_id)).toBe(true);
      app.simulator.switchService('identity', 'up');
      await admin.finished(answer);
      expect(inKeystone(user.openstack_id)).toBe(false);
      expect((await person.get('/auth/me')).status).toBe(401);
    });

    it.each(['reset-after', 'hang-after', 'reset-before'] as const)(
      'is done once when an answer is lost (%s)',
      async (action) => {
        const person = await newMember(app.url, demo);
        const { body: user } = await person.get<UserBody>(userPath(idOf(person)));
        app.simulator.faults.add({ method: 'DELETE', path: '^/identity/v3/users/', action, times: 1 });
        const answer = await person.delete(userPath(user.id));
        if (answer.status === 202) await admin.finished(answer);
        else expect(answer.status).toBe(204);
        expect(inKeystone(user.openstack_id)).toBe(false);
      },
    );

    it('tells when Keystone refuses, and the account stays', async () => {
      const person = await newMember(app.url, demo);
      app.simulator.faults.add({
        method: 'DELETE',
        path: '^/identity/v3/users/',
        status: 403,
        body: { error: { code: 403, message: 'You are not authorized', title: 'Forbidden' } },
      });
      const answer = await person.delete<ProblemBody>(userPath(idOf(person)));
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect((await person.get('/auth/me')).status).toBe(200);
    });
  });
});
