import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import type { Connection } from 'mysql2/promise';
import { request as httpRequest } from 'node:http';
import { deriveKey } from '../../src/common/derived-key.js';
import { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';
import { testSettings } from '../support/settings.js';

/** A request with headers that fetch would not send. */
async function rawStatus(url: string, headers: readonly string[]): Promise<{ status: number; challenge: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers: ['Host', 'x', ...headers] }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, challenge: response.headers['www-authenticate'] ?? '' });
    });
    request.on('error', reject).end();
  });
}

describe('the guard', () => {
  let app: TestApp;
  let database: Connection;
  let demo: Api;

  beforeAll(async () => {
    // No sweep comes between what a test does to the rows and its look at the answer.
    app = await startApp({ settings: { IDENTITY_SWEEP_MS: '3600000' } });
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(async () => {
    demo = await app.login('demo');
  });

  const token = () => demo.token ?? '';
  const challengeOf = (reason: string) =>
    new RegExp(`^Bearer error="invalid_token", error_description="[^"]*${reason}[^"]*"$`);
  const me = (with_: Api) => with_.get<ProblemBody>('/auth/me');

  it('lets nobody through without a token, on any route that is not public', async () => {
    const { body } = await app.anonymous.get<{
      paths: Record<string, Record<string, { security?: unknown[]; operationId: string }>>;
    }>('/openapi.json');
    for (const [path, operations] of Object.entries(body.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        if (security === undefined || security.length === 0) continue;
        const answer = await app.anonymous.request<ProblemBody>(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, '1'));
        expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 401, 'INVALID_ACCESS_TOKEN']);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        expect(answer.body.detail).toMatch(/^No access token was sent; .*POST \/auth\/login/);
      }
    }
  });

  it('takes exactly one header of exactly one form (A12)', async () => {
    const url = `${app.url}/auth/me`;
    expect((await rawStatus(url, ['Authorization', `Bearer ${token()}`])).status).toBe(200);
    const refused = [
      ['Authorization', `bearer ${token()}`],
      ['Authorization', `Bearer  ${token()}`],
      ['Authorization', token()],
      ['Authorization', `Basic ${Buffer.from('demo:x').toString('base64')}`],
      ['Authorization', `Bearer ${'x'.repeat(100_000)}`],
      ['Authorization', `Bearer ${token()}`, 'Authorization', `Bearer ${token()}`],
    ];
    for (const headers of refused) {
      const { status, challenge } = await rawStatus(url, headers);
      expect([status, challenge]).toEqual([401, expect.stringMatching(challengeOf('is not one that was issued here'))]);
    }
    const inQuery = await app.anonymous.get(`/auth/me?access_token=${token()}`);
    expect(inQuery.status).toBe(401);
  });

  const own = testSettings['SECRET_KEY'] ?? '';
  const strange = 'a key of somebody else that is long enough';

  async function forge(key: string, payload: Record<string, unknown>): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      iss: 'openstack-cloud-api',
      aud: 'openstack-cloud-api',
      jti: 'x',
      iat: now,
      exp: now + 60,
      ...payload,
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(deriveKey(key, 'access token'));
  }

  function claims(): { sid: unknown; sub: unknown; pid: unknown } {
    const [, payload = ''] = token().split('.');
    const { sid, sub, pid } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    return { sid, sub, pid };
  }

  it('knows a token that others signed, and one that names what is not', async () => {
    const { sid, sub, pid } = claims();
    expect((await me(new Api(app.url, await forge(own, { sid, sub, pid })))).status).toBe(200);
    for (const [key, named] of [
      [strange, { sid, sub, pid }],
      [own, { sid, sub: '999', pid }],
      [own, { sid, sub, pid: 999_999 }],
      [own, { sid: 'x', sub, pid }],
    ] as const) {
      const answer = await me(new Api(app.url, await forge(key, named)));
      expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_ACCESS_TOKEN']);
    }
  });

  it('says that a token has expired and how to get a new one, and only of its own', async () => {
    const past = { iat: Math.floor(Date.now() / 1000) - 1000, exp: Math.floor(Date.now() / 1000) - 100 };
    const expired = await me(new Api(app.url, await forge(own, { ...claims(), ...past })));
    expect([expired.status, expired.body.code]).toEqual([401, 'INVALID_ACCESS_TOKEN']);
    expect(expired.body.detail).toMatch(/^The access token has expired; POST \/auth\/refresh/);
    expect(expired.headers.get('www-authenticate')).toMatch(challengeOf('has expired; POST /auth/refresh'));
    const forged = await me(new Api(app.url, await forge(strange, { ...claims(), ...past })));
    expect([forged.status, forged.body.detail]).toEqual([401, expect.stringContaining('not one that was issued here')]);
  });

  it.each([
    ['the session ends', 'UPDATE session SET ended_at = NOW(3)'],
    ['the session is over', 'UPDATE session SET expires_at = NOW(3) - INTERVAL 1 SECOND'],
    ['the user is deleted', "UPDATE user SET deleted_at = NOW(3) WHERE account_id = 'demo'"],
    ['the user is disabled', "UPDATE user SET enabled = 0 WHERE account_id = 'demo'"],
    ['the user leaves the project', 'DELETE FROM project_user'],
    ['the project is gone', "UPDATE project SET deleted_at = NOW(3) WHERE name = 'demo'"],
  ])('refuses the very next request when %s (A13)', async (_what, sql) => {
    expect((await me(demo)).status).toBe(200);
    await database.beginTransaction();
    await database.query(sql);
    await database.commit();
    try {
      const answer = await me(demo);
      expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_ACCESS_TOKEN']);
      expect(answer.body.detail).toMatch(/session .* has ended.* log in again/);
      expect(answer.headers.get('www-authenticate')).toMatch(challengeOf('has ended'));
    } finally {
      await database.query("UPDATE user SET deleted_at = NULL, enabled = 1 WHERE account_id = 'demo'");
      await database.query("UPDATE project SET deleted_at = NULL WHERE name = 'demo'");
    }
  });

  it('lets a project that is disabled in OpenStack be read and not be changed', async () => {
    await database.query("UPDATE project SET enabled = 0 WHERE name = 'demo'");
    try {
      expect((await demo.get('/servers')).status).toBe(200);
      expect((await me(demo)).body).toMatchObject({ project: { enabled: false } });
      const answer = await demo.post<ProblemBody>('/servers', {});
      expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    } finally {
      await database.query("UPDATE project SET enabled = 1 WHERE name = 'demo'");
    }
  });

  it('lets a reader read, and refuses the rest before it looks at the request', async () => {
    const viewer = await app.login('viewer');
    expect((await viewer.get('/servers')).status).toBe(200);
    expect((await viewer.get('/auth/me')).body).toMatchObject({ role: 'reader' });
    for (const [method, path] of [
      ['POST', '/servers'],
      ['DELETE', '/servers/x'],
      ['POST', '/floating-ips'],
    ] as const) {
      const answer = await viewer.request<ProblemBody>(
        method,
        path,
        method === 'POST' ? { body: { nonsense: 1 } } : {},
      );
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 403, 'PERMISSION_DENIED']);
    }
  });

  it('lets only admins see what was deleted', async () => {
    const answer = await demo.get<ProblemBody>('/servers?include_deleted=true');
    expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    const admin = await app.login('admin');
    expect((await admin.get('/servers?include_deleted=true')).status).toBe(200);
  });

  it('forgets a session at log-out, on every replica, and no other', async () => {
    const second = await app.login('demo');
    const replica = await startApp({ simulator: app.simulator, schema: app.schema });
    try {
      const there = new Api(replica.url, demo.token);
      expect((await me(there)).status).toBe(200);
      expect((await demo.post('/auth/logout')).status).toBe(204);
      expect((await me(there)).status).toBe(401);
      expect((await me(demo)).status).toBe(401);
      expect((await demo.post('/auth/logout')).status).toBe(401);
      expect((await me(second)).status).toBe(200);
    } finally {
      await replica.close();
    }
  });
});
