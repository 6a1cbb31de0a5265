import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import { refresh, refreshTokenOf, tryLogin } from '../support/sessions.js';
import { credentialsOf } from '../support/simulated-cloud.js';

const perAddress = 12;
const windowMs = 4_000;
/** Word for word the same for an account that there is and one that there is not. */
const lockedOut = {
  account:
    /^Too many failed attempts with this account id, which is locked from every address, whether or not there is such an account; try again in 1[45] minutes\. Sessions that are open go on\.$/,
  address:
    /^Too many failed attempts from your address, which is locked for every account; try again in 1[45] minutes\. Sessions that are open go on\.$/,
};

describe('failed logins (A14)', () => {
  let app: TestApp;
  let replica: TestApp;
  let database: Connection;

  beforeAll(async () => {
    const settings = {
      LOGIN_FAILURES_PER_ADDRESS: String(perAddress),
      TRUSTED_PROXIES: '127.0.0.1',
      IDENTITY_SWEEP_MS: '3600000',
    };
    app = await startApp({ settings });
    replica = await startApp({ settings, simulator: app.simulator, schema: app.schema });
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await replica.close();
    await app.close();
  });

  beforeEach(async () => {
    await database.query('DELETE FROM login_failure');
  });

  afterEach(() => {
    app.simulator.switchService('identity', 'up');
    app.simulator.faults.clear();
  });

  const passwordChecks = () =>
    app.simulator.log.list({ method: 'POST', path: '/auth/tokens$' }).filter(({ status }) => status !== 201).length;

  async function count(scope: string, subject: string): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT failures, pending FROM login_failure WHERE scope = ? AND subject = ?',
      [scope, subject],
    );
    expect(rows[0]?.['pending'] ?? 0).toBe(0);
    return Number(rows[0]?.['failures'] ?? 0);
  }

  /** Several at once: each refusal takes a second. */
  async function fail(times: number, account: string, address: string): Promise<number[]> {
    const answers = await Promise.all(
      Array.from({ length: times }, (_, index) =>
        tryLogin(index % 2 === 0 ? app.url : replica.url, account, 'wrong', address),
      ),
    );
    return answers.map(({ status }) => status).sort();
  }

  it.each(['mate', 'nobody'])(
    'stop the sixth attempt on %s, from whichever address and on whichever replica, without asking Keystone',
    async (account) => {
      const before = passwordChecks();
      expect(await fail(5, account, '192.0.2.1')).toEqual([401, 401, 401, 401, 401]);
      expect(passwordChecks() - before).toBe(5);
      for (const [url, address] of [
        [app.url, '192.0.2.1'],
        [replica.url, '192.0.2.2'],
      ] as const) {
        const startedAt = performance.now();
        const refused = await tryLogin(url, account.toUpperCase(), credentialsOf('mate').password, address);
        expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_ATTEMPTS']);
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800);
        expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(900);
        expect(refused.body.detail).toMatch(lockedOut.account);
        expect(performance.now() - startedAt).toBeLessThan(900);
      }
      expect(passwordChecks() - before).toBe(5);
    },
  );

  it('let no more guesses through at once than in turn', async () => {
    const before = passwordChecks();
    const statuses = await fail(30, 'mate', '192.0.2.1');
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(25);
    expect(passwordChecks() - before).toBe(5);
  });

  it('leave the sessions of the account alone', async () => {
    const mate = await app.login('mate');
    await fail(6, 'mate', '192.0.2.9');
    expect((await tryLogin(app.url, 'mate', credentialsOf('mate').password)).status).toBe(429);
    expect((await mate.get('/auth/me')).status).toBe(200);
    expect((await refresh(app.url, refreshTokenOf(mate))).status).toBe(200);
    expect((await app.login('demo')).token).not.toBeNull();
  });

  it('stop an address that tries one password on many accounts, and leave others alone', async () => {
    for (let index = 0; index < perAddress; index += 4) {
      await Promise.all(
        [0, 1, 2, 3].map((more) => tryLogin(app.url, `guess-${String(index + more)}`, 'x', '192.0.2.5')),
      );
    }
    const before = passwordChecks();
    const refused = await tryLogin(replica.url, 'demo', credentialsOf('demo').password, '192.0.2.5');
    expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_ATTEMPTS']);
    expect(refused.body.detail).toMatch(lockedOut.address);
    expect((await tryLogin(app.url, 'guess-new', 'x', '192.0.2.5')).status).toBe(429);
    expect(passwordChecks()).toBe(before);
    expect(await count('account', 'guess-new')).toBe(0);
    expect((await tryLogin(app.url, 'demo', credentialsOf('demo').password, '192.0.2.6')).status).toBe(200);
  });

  it('are not counted while Keystone is away, nor are logins that succeed', async () => {
    app.simulator.switchService('identity', 'down');
    for (let times = 0; times < 7; times += 1) {
      expect((await tryLogin(app.url, 'mate', 'wrong', '192.0.2.7')).status).toBe(503);
    }
    expect([await count('account', 'mate'), await count('address', '192.0.2.7')]).toEqual([0, 0]);
    app.simulator.switchService('identity', 'up');
    const { password } = credentialsOf('mate');
    // While a service fails, only probes are let through to it.
    while ((await tryLogin(app.url, 'mate', password, '192.0.2.7')).status === 503) await sleep(100);
    const logins = await Promise.all(
      Array.from({ length: 12 }, () => tryLogin(app.url, 'mate', password, '192.0.2.7')),
    );
    expect(new Set(logins.map(({ status }) => status))).toEqual(new Set([200]));
    expect([await count('account', 'mate'), await count('address', '192.0.2.7')]).toEqual([0, 0]);
  });

  it('are forgotten when their window is over', async () => {
    await fail(5, 'mate', '192.0.2.1');
    await database.query('UPDATE login_failure SET window_ends_at = NOW(3) + INTERVAL 60 SECOND');
    const refused = await tryLogin(app.url, 'mate', credentialsOf('mate').password);
    expect(refused.body.detail).toMatch(/; try again in [56]\d seconds\. /);
    await database.query('UPDATE login_failure SET window_ends_at = NOW(3)');
    expect((await tryLogin(app.url, 'mate', credentialsOf('mate').password)).status).toBe(200);
    expect(await count('account', 'mate')).toBe(0);
  });

  it('are counted by the address of the connection where no proxy is trusted', async () => {
    const plain = await startApp({
      simulator: app.simulator,
      schema: app.schema,
      settings: { LOGIN_FAILURES_PER_ADDRESS: '3', LOGIN_FAILURE_WINDOW_MS: String(windowMs) },
    });
    try {
      await Promise.all([1, 2, 3].map((n) => tryLogin(plain.url, `a${String(n)}`, 'x', `198.51.100.${String(n)}`)));
      const refused = await tryLogin(plain.url, 'a4', 'x', '198.51.100.4');
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(windowMs / 1000);
      expect(await count('address', '127.0.0.1')).toBe(3);
    } finally {
      await plain.close();
    }
  });
});
