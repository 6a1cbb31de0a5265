import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { goodPassword, newAccountId, signedUp, signUp } from '../support/people.js';
import { startReplica } from '../support/replica.js';
import { connect } from '../support/schema.js';
import { settingsFor } from '../support/simulated-cloud.js';

describe('POST /users', () => {
  let app: TestApp;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp({ settings: { SIGN_UPS_PER_HOUR: '1000', SYNC_WAIT_MS: '2500' } });
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

  const inKeystone = (name: string) => [...app.simulator.cloud.users.values()].filter((user) => user.name === name);
  const creations = () => app.simulator.log.list({ method: 'POST', path: '^/identity/v3/users$' });

  async function rows(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    const [found] = await database.query<RowDataPacket[]>(sql, values);
    return found;
  }

  const operationsOf = (accountId: string) =>
    rows("SELECT * FROM operation WHERE kind = 'user.create' AND input->>'$.accountId' = ? ORDER BY id", [accountId]);

  async function ended(accountId: string): Promise<RowDataPacket | undefined> {
    const end = Date.now() + 15_000;
    for (;;) {
      const operation = (await operationsOf(accountId)).at(-1);
      if (['SUCCEEDED', 'FAILED'].includes(String(operation?.['state']))) return operation;
      if (Date.now() > end) throw new Error(`the sign-up of ${accountId} does not end`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('makes an account with our marker, which can log in once it is in a project', async () => {
    const accountId = newAccountId();
    const answer = await signUp(app.url, accountId, { name: 'Ada 🚀' });
    expect(answer.status).toBe(201);
    const [user] = inKeystone(accountId);
    expect(answer.body).toEqual({
      id: expect.any(Number),
      openstack_id: user?.id,
      account_id: accountId,
      name: 'Ada 🚀',
      domain_id: expect.any(Number),
      domain: expect.objectContaining({ openstack_id: 'default' }),
      projects: [],
      created_at: expect.any(String),
      updated_at: expect.any(String),
      deleted_at: null,
    });
    const [row] = await rows('SELECT uuid, managed_by FROM user WHERE id = ?', [answer.body.id]);
    expect(row?.['managed_by']).toBe('created');
    expect(user?.description).toMatch(new RegExp(`^cloud-api:\\w{8}:${String(row?.['uuid'])}$`));
    const login = await new Api(app.url).post('/auth/login', { account_id: accountId, password: goodPassword });
    expect([login.status, (login.body as { code: string }).code]).toEqual([400, 'USER_NOT_JOINED_ANY_PROJECT']);
    const [audit] = await rows("SELECT * FROM audit_event WHERE action = 'user.create' AND resource_id = ?", [
      answer.body.id,
    ]);
    expect(audit).toMatchObject({ actor_user_id: null, project_id: null });
  });

  it('keeps the password nowhere (A19)', async () => {
    const { id } = await signedUp(app.url);
    for (const table of ['user', 'operation', 'audit_event', 'idempotency_key']) {
      expect(JSON.stringify(await rows(`SELECT * FROM \`${table}\``))).not.toContain(goodPassword);
    }
    const admin = await app.login('admin');
    const { body } = await admin.get<{ operations: unknown[] }>(
      `/operations?resource_type=user&resource_id=${String(id)}`,
    );
    expect(body.operations).toHaveLength(1);
    expect(JSON.stringify(body)).not.toContain(goodPassword);
  });

  it.each([
    [{ password: 'seven77' }, 'password', 'length'],
    [{ password: 'x'.repeat(73) }, 'password', 'length'],
    [{ password: '가'.repeat(25) }, 'password', 'length'],
    [{ password: 'Password123' }, 'password', 'common'],
    [{ account_id: 'ada-lovelace', password: 'ADA-lovelace' }, 'password', 'account_id'],
    [{ account_id: 'x'.repeat(21) }, 'account_id', 'length'],
    [{ account_id: '' }, 'account_id', 'length'],
    [{ account_id: 'ada🚀' }, 'account_id', 'character'],
    [{ name: 'x'.repeat(16) }, 'name', 'length'],
    [{ name: ' Ada' }, 'name', 'edge_white_space'],
    [{ role: 'admin' }, 'role', 'unknown'],
    [{ name: 1 }, 'name', 'string'],
  ])('refuses %j by 422, without asking Keystone', async (changes, field, type) => {
    const before = creations().length;
    const answer = await signUp(app.url, newAccountId(), changes);
    expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(answer.body.errors).toEqual([expect.objectContaining({ field, type })]);
    expect(creations()).toHaveLength(before);
  });

  it('refuses by Keystone’s own rules with their text, and leaves the account id free', async () => {
    const accountId = newAccountId();
    app.simulator.configure({ password_min_length: 40 });
    try {
      const answer = await signUp(app.url, accountId);
      expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
      expect(answer.body.errors).toEqual([
        { field: 'password', in: 'body', type: 'refused', message: expect.stringContaining('at least 40 characters') },
      ]);
    } finally {
      app.simulator.configure({ password_min_length: 0 });
    }
    await ended(accountId);
    expect((await signUp(app.url, accountId)).status).toBe(201);
  });

  it('refuses an account id that is taken, whatever its case, without asking Keystone', async () => {
    const accountId = newAccountId();
    await signedUp(app.url, accountId);
    const before = creations().length;
    for (const taken of [accountId, accountId.toUpperCase(), 'demo', 'Mate']) {
      const answer = await signUp(app.url, taken);
      expect([answer.status, answer.body.code]).toEqual([409, 'USER_ACCOUNT_ID_DUPLICATE']);
      expect(answer.body.errors).toEqual([{ field: 'account_id', in: 'body', message: 'is taken', type: 'duplicate' }]);
    }
    expect(creations()).toHaveLength(before);
  });

  it('refuses an account id that Keystone has for somebody who is not known here', async () => {
    // A service of the cloud's own, and one that differs by an accent alone.
    for (const taken of ['nova', 'Nóva']) {
      const answer = await signUp(app.url, taken);
      expect([answer.status, answer.body.code]).toEqual([409, 'USER_ACCOUNT_ID_DUPLICATE']);
      await ended(taken);
    }
    expect(inKeystone('nova')).toHaveLength(1);
  });

  it('makes one of 50 that ask for the same account at once; the others do not come to Keystone (P6)', async () => {
    const accountId = newAccountId();
    const before = creations().length;
    const answers = await Promise.all(Array.from({ length: 50 }, () => signUp(app.url, accountId)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array<number>(49).fill(409)]);
    expect(creations().length - before).toBe(1);
    expect(inKeystone(accountId)).toHaveLength(1);
    expect(await rows('SELECT id FROM user WHERE account_id = ?', [accountId])).toHaveLength(1);
  });

  it.each(['reset-after', 'hang-after', 'truncate', 'late-commit'] as const)(
    'makes one account when Keystone’s answer is lost (%s), or none',
    async (action) => {
      const accountId = newAccountId();
      app.simulator.faults.add({
        method: 'POST',
        path: '^/identity/v3/users$',
        action,
        times: 1,
        ...(action === 'late-commit' ? { delay_ms: 400 } : {}),
      });
      const answer = await signUp(app.url, accountId);
      expect(await ended(accountId)).toMatchObject({ state: answer.status === 201 ? 'SUCCEEDED' : 'FAILED' });
      const found = inKeystone(accountId);
      if (answer.status === 201) {
        expect(found.map(({ id }) => id)).toEqual([answer.body.openstack_id]);
      } else {
        expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
        expect(found).toEqual([]);
        expect((await signUp(app.url, accountId)).status).toBe(201);
      }
    },
  );

  it('is 503 and undone when Keystone takes too long, and so is a second attempt while that goes on', async () => {
    const accountId = newAccountId();
    app.simulator.faults.add({ method: 'POST', path: '^/identity/v3/users$', status: 503 });
    const answer = await signUp(app.url, accountId, {}, { prefer: 'respond-async' });
    expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(answer.headers.get('location')).toBeNull();
    app.simulator.faults.add({ method: 'GET', path: '^/identity/v3/users$', status: 503 });
    const again = await signUp(app.url, accountId);
    expect([again.status, again.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    expect(again.headers.get('retry-after')).toMatch(/^\d+$/);
    app.simulator.faults.clear();
    expect(await ended(accountId)).toMatchObject({ state: 'FAILED' });
    expect(inKeystone(accountId)).toEqual([]);
    expect((await signUp(app.url, accountId)).status).toBe(201);
  });

  it('undoes an account that Keystone has made, once nobody waits for it any more', async () => {
    const accountId = newAccountId();
    app.simulator.faults.add({ method: 'POST', path: '^/identity/v3/users$', action: 'reset-after', times: 1 });
    // Nor can it be looked for, until the client has been answered.
    app.simulator.faults.add({ method: 'GET', path: '^/identity/v3/users$', status: 503 });
    const answer = await signUp(app.url, accountId);
    expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    expect(inKeystone(accountId)).toHaveLength(1);
    app.simulator.faults.clear();
    expect(await ended(accountId)).toMatchObject({ state: 'FAILED' });
    expect(inKeystone(accountId)).toEqual([]);
    expect(await rows('SELECT id FROM user WHERE account_id = ? AND deleted_at IS NULL', [accountId])).toEqual([]);
  });

  it('is 503 while Keystone is away, and takes no account id', async () => {
    const accountId = newAccountId();
    app.simulator.switchService('identity', 'down');
    const answer = await signUp(app.url, accountId);
    expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    app.simulator.switchService('identity', 'up');
    await ended(accountId);
    expect(inKeystone(accountId)).toEqual([]);
    expect((await signUp(app.url, accountId)).status).toBe(201);
  });

  it('is answered like the first time for the same key, and begins nothing', async () => {
    const accountId = newAccountId();
    const headers = { 'idempotency-key': `k-${accountId}` };
    const first = await signUp(app.url, accountId, {}, headers);
    const again = await signUp(app.url, accountId, {}, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(await operationsOf(accountId)).toHaveLength(1);
    const other = await signUp(app.url, accountId, { name: 'Other' }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('begins anew for the same key once an attempt that took too long is undone', async () => {
    const accountId = newAccountId();
    const headers = { 'idempotency-key': `k-${accountId}` };
    app.simulator.faults.add({ method: 'POST', path: '^/identity/v3/users$', status: 503 });
    app.simulator.faults.add({ method: 'GET', path: '^/identity/v3/users$', status: 503 });
    const first = await signUp(app.url, accountId, {}, headers);
    expect([first.status, first.headers.get('retry-after')]).toEqual([503, '10']);
    // It goes on, or is being undone by now.
    const meanwhile = await signUp(app.url, accountId, {}, headers);
    expect(['409 1', '503 10']).toContain(
      `${String(meanwhile.status)} ${String(meanwhile.headers.get('retry-after'))}`,
    );
    expect(await operationsOf(accountId)).toHaveLength(1);
    app.simulator.faults.clear();
    await ended(accountId);
    const again = await signUp(app.url, accountId, {}, headers);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect((await signUp(app.url, accountId, {}, headers)).body).toEqual(again.body);
    expect(inKeystone(accountId)).toHaveLength(1);
  });

  it('is not found by anybody before OpenStack has it', async () => {
    const accountId = newAccountId();
    app.simulator.faults.add({ method: 'POST', path: '^/identity/v3/users$', delay_ms: 900, times: 1 });
    const going = signUp(app.url, accountId);
    const admin = await app.login('admin');
    const { body } = await admin.get<{ users: unknown[] }>(`/users?account_id=${accountId}`);
    expect(body.users).toEqual([]);
    expect((await going).status).toBe(201);
    expect((await admin.get<{ users: unknown[] }>(`/users?account_id=${accountId}`)).body.users).toHaveLength(1);
  });

  it.each(['request.after-transaction', 'openstack.sent', 'openstack.answered'])(
    'is undone when the process that has the password is killed (%s)',
    async (failpoint) => {
      const accountId = newAccountId();
      const replica = await startReplica({
        settings: { ...settingsFor(app.simulator.url), ...app.schema.settings, SIGN_UPS_PER_HOUR: '1000' },
        failpoint,
      });
      await expect(signUp(replica.url, accountId)).rejects.toThrow();
      expect(await ended(accountId)).toMatchObject({ state: 'FAILED' });
      expect(inKeystone(accountId)).toEqual([]);
      expect((await signUp(app.url, accountId)).status).toBe(201);
      expect(inKeystone(accountId)).toHaveLength(1);
    },
  );

  it('takes so many an hour from one address, on all replicas together', async () => {
    const settings = { SIGN_UPS_PER_HOUR: '3', TRUSTED_PROXIES: '127.0.0.1' };
    const one = await startApp({ simulator: app.simulator, schema: app.schema, settings });
    const two = await startApp({ simulator: app.simulator, schema: app.schema, settings });
    try {
      const from = (address: string) => ({ 'x-forwarded-for': address });
      for (const url of [one.url, two.url, one.url]) {
        expect((await signUp(url, newAccountId(), {}, from('203.0.113.1'))).status).toBe(201);
      }
      const before = creations().length;
      const refused = await signUp(two.url, newAccountId(), {}, from('203.0.113.1'));
      expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500);
      expect(creations()).toHaveLength(before);
      expect((await signUp(two.url, newAccountId(), {}, from('203.0.113.2'))).status).toBe(201);
    } finally {
      await one.close();
      await two.close();
    }
  });

  it('can be closed, whatever is sent', async () => {
    const closed = await startApp({ simulator: app.simulator, schema: app.schema, settings: { SIGN_UP: 'closed' } });
    try {
      for (const changes of [{}, { nonsense: 1 }]) {
        const answer = await signUp(closed.url, newAccountId(), changes);
        expect([answer.status, answer.body.code]).toEqual([403, 'SIGN_UP_CLOSED']);
      }
    } finally {
      await closed.close();
    }
  });
});
