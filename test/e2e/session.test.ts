import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';
import { refresh, refreshTokenOf } from '../support/sessions.js';

const graceMs = 700;

describe('a session', () => {
  let app: TestApp;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp({ settings: { IDENTITY_SWEEP_MS: '3600000', REFRESH_GRACE_MS: String(graceMs) } });
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(() => {
    app.simulator.switchService('identity', 'up');
  });

  const me = (token: string) => new Api(app.url, token).get<ProblemBody>('/auth/me');

  async function rows(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    const [found] = await database.query<RowDataPacket[]>(sql, values);
    return found;
  }

  async function lastSession(): Promise<RowDataPacket | undefined> {
    return (await rows('SELECT * FROM session ORDER BY id DESC LIMIT 1'))[0];
  }

  async function projectId(name: string): Promise<number> {
    return Number((await rows('SELECT id FROM project WHERE name = ?', [name]))[0]?.['id']);
  }

  describe('POST /auth/refresh', () => {
    it('answers a new pair, while OpenStack is away too, and keeps neither', async () => {
      const first = refreshTokenOf(await app.login('demo'));
      app.simulator.switchService('identity', 'down');
      const { status, body, headers } = await refresh(app.url, first);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(Object.keys(body)).toEqual(['token', 'expires_at', 'refresh_token']);
      expect(body.refresh_token).not.toBe(first);
      expect((await me(body.token)).body).toMatchObject({ project: { name: 'demo' }, role: 'member' });
      const row = JSON.stringify(await lastSession());
      for (const secret of [first, body.refresh_token, body.token]) expect(row).not.toContain(secret);
    });

    it('begins the life of the session anew', async () => {
      const token = refreshTokenOf(await app.login('demo'));
      await database.query('UPDATE session SET expires_at = NOW(3) + INTERVAL 1 MINUTE');
      await refresh(app.url, token);
      const [row] = await rows(
        'SELECT expires_at > NOW(3) + INTERVAL 29 DAY AS is_long FROM session ORDER BY id DESC LIMIT 1',
      );
      expect(row?.['is_long']).toBe(1);
    });

    it('gives who did not hear the answer, or asked twice at once, the same refresh token again', async () => {
      const first = refreshTokenOf(await app.login('demo'));
      const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(app.url, first)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
      for (const { body } of answers) expect((await me(body.token)).status).toBe(200);
      expect((await refresh(app.url, answers[0]?.body.refresh_token ?? '')).status).toBe(200);
    });

    it('ends the session when a used token comes again later, on every replica', async () => {
      const replica = await startApp({ simulator: app.simulator, schema: app.schema });
      try {
        const demo = await app.login('demo');
        const bystander = await app.login('demo');
        const first = refreshTokenOf(demo);
        const second = (await refresh(replica.url, first)).body;
        await sleep(graceMs + 100);
        const reused = await refresh(app.url, first);
        expect([reused.status, reused.body.code]).toEqual([401, 'INVALID_REFRESH_TOKEN']);
        expect(reused.headers.get('www-authenticate')).toBe('Bearer');
        for (const token of [demo.token ?? '', second.token]) {
          const answer = await new Api(replica.url, token).get<ProblemBody>('/auth/me');
          expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_ACCESS_TOKEN']);
        }
        expect((await refresh(replica.url, second.refresh_token)).status).toBe(401);
        expect((await me(bystander.token ?? '')).status).toBe(200);
        expect(await rows("SELECT id FROM session WHERE ended_reason = 'reuse'")).toHaveLength(1);
      } finally {
        await replica.close();
      }
    });

    it('ends the session for a token that is older still, however soon', async () => {
      const first = refreshTokenOf(await app.login('mate'));
      const second = (await refresh(app.url, first)).body.refresh_token;
      const third = (await refresh(app.url, second)).body.refresh_token;
      expect((await refresh(app.url, first)).status).toBe(401);
      expect((await refresh(app.url, third)).status).toBe(401);
    });

    it('does not end a session for what is no token of ours', async () => {
      const token = refreshTokenOf(await app.login('demo'));
      const forged = `${token.slice(0, 40)}${token[40] === 'A' ? 'B' : 'A'}${token.slice(41)}`;
      for (const other of ['x', forged, 'A'.repeat(86)]) {
        const answer = await refresh(app.url, other);
        expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_REFRESH_TOKEN']);
      }
      expect((await refresh(app.url, token)).status).toBe(200);
    });

    it.each([
      ['has ended by logging out', null],
      ['is over', 'UPDATE session SET expires_at = NOW(3) - INTERVAL 1 SECOND'],
      ['is of a user who is deleted', "UPDATE user SET deleted_at = NOW(3) WHERE account_id = 'demo'"],
      ['is of a user who is disabled', "UPDATE user SET enabled = 0 WHERE account_id = 'demo'"],
      ['is in a project that the user left', 'DELETE FROM project_user'],
    ])('is refused for a session that %s', async (_what, sql) => {
      const demo = await app.login('demo');
      if (sql === null) await demo.post('/auth/logout');
      else await database.query(sql);
      try {
        const answer = await refresh(app.url, refreshTokenOf(demo));
        expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_REFRESH_TOKEN']);
      } finally {
        await database.query("UPDATE user SET deleted_at = NULL, enabled = 1 WHERE account_id = 'demo'");
      }
    });

    it.each([[{}], [{ refresh_token: 1 }], [{ refresh_token: '' }], [{ refresh_token: 'x', token: 'y' }]])(
      'refuses %j by 422',
      async (body) => {
        const answer = await app.anonymous.post<ProblemBody>('/auth/refresh', body);
        expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
      },
    );
  });

  describe('POST /auth/project', () => {
    const enter = (api: Api, body: unknown) =>
      api.post<{ token: string; expires_at: string; project_id: number } & ProblemBody>('/auth/project', body);

    it('lets a person go on in another project of theirs, and refreshes stay there', async () => {
      const { cloud, seed } = app.simulator;
      cloud.assignments.push({
        userId: seed.users.viewer.id,
        roleId: seed.roles.member,
        projectId: seed.projects.other,
        isInherited: false,
      });
      const viewer = await app.login('viewer');
      const other = await projectId('other');
      const { status, body } = await enter(viewer, { project_id: other });
      expect(status).toBe(200);
      expect(body).toEqual({ token: expect.any(String), expires_at: expect.any(String), project_id: other });
      expect((await me(body.token)).body).toMatchObject({ project: { name: 'other' }, role: 'member' });
      const refreshed = await refresh(app.url, refreshTokenOf(viewer));
      expect((await me(refreshed.body.token)).body).toMatchObject({ project: { name: 'other' } });
      // What was handed out for the first project is still good for it.
      expect((await viewer.get('/auth/me')).body).toMatchObject({ project: { name: 'demo' }, role: 'reader' });
    });

    it('lets an admin into every managed project, and into no other', async () => {
      const admin = await app.login('admin');
      const { body } = await enter(admin, { project_id: await projectId('other') });
      expect((await me(body.token)).body).toMatchObject({ project: { name: 'other' }, role: 'admin' });
      const refused = await enter(admin, { project_id: 999_999 });
      expect([refused.status, refused.body.code]).toEqual([403, 'PROJECT_ACCESS_DENIED']);
    });

    it('refuses a project that the person is not in, like one that is not there', async () => {
      const demo = await app.login('demo');
      for (const project_id of [await projectId('other'), 999_999]) {
        const refused = await enter(demo, { project_id });
        expect([refused.status, refused.body.code]).toEqual([403, 'PROJECT_ACCESS_DENIED']);
      }
      expect((await enter(demo, { project_id: '1' })).status).toBe(422);
      expect((await enter(app.anonymous, { project_id: 1 })).status).toBe(401);
      const refreshed = await refresh(app.url, refreshTokenOf(demo));
      expect((await me(refreshed.body.token)).body).toMatchObject({ project: { name: 'demo' } });
    });
  });
});
