import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { goodPassword, newMember } from '../support/people.js';
import { connect } from '../support/schema.js';
import { tryLogin } from '../support/sessions.js';

const better = 'a better password';
/** Long enough for a change of password on a busy machine, and well below the time that Keystone has for an answer. */
const heldMs = 3_000;

describe('a login during which the password changes', () => {
  let app: TestApp;
  let database: Connection;
  let demo: Api;

  beforeAll(async () => {
    app = await startApp({
      settings: {
        IDENTITY_SWEEP_MS: '3600000',
        HTTP_TIMEOUT_MS: '10000',
        LEASE_MS: '30000',
        SIGN_UPS_PER_HOUR: '1000',
      },
    });
    database = await connect(app.schema);
    demo = await app.login('demo');
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
  });

  const accountOf = (person: Api) => person.login?.user.account_id ?? '';
  const idOf = (person: Api) => person.login?.user.id ?? 0;
  const change = (person: Api) =>
    person.put(`/users/${String(idOf(person))}/password`, { old_password: goodPassword, new_password: better });

  /** Starts a login and returns once Keystone has been asked for `path`, which it answers late. */
  async function loginHeldAt(
    path: string,
    accountId: string,
    password: string,
  ): Promise<() => ReturnType<typeof tryLogin>> {
    const isHeld = () => app.simulator.log.list({ path }).at(-1)?.outcome === 'under-way';
    app.simulator.faults.add({ path, delay_ms: heldMs, times: 1 });
    const login = tryLogin(app.url, accountId, password);
    while (!isHeld()) await sleep(10);
    return () => login;
  }

  it('leaves out who gave the old one, though Keystone took it before the change', async () => {
    const person = await newMember(app.url, demo);
    const late = await loginHeldAt('/role_assignments$', accountOf(person), goodPassword);
    expect((await change(person)).status).toBe(204);
    const answer = await late();
    expect([answer.status, answer.body.code]).toEqual([401, 'INVALID_AUTH']);
    const [sessions] = await database.query<RowDataPacket[]>(
      'SELECT id FROM session WHERE user_id = ? AND ended_at IS NULL',
      [idOf(person)],
    );
    expect(sessions).toHaveLength(1);
  });

  it('lets in who gave the new one', async () => {
    const person = await newMember(app.url, demo);
    const late = await loginHeldAt('/auth/tokens$', accountOf(person), better);
    expect((await change(person)).status).toBe(204);
    const answer = await late();
    expect(answer.status).toBe(200);
    expect((await new Api(app.url, answer.body.token).get('/auth/me')).status).toBe(200);
  });
});
