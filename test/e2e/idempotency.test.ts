import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { randomUUID } from 'node:crypto';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import type { FloatingIpBody } from '../support/floating-ips.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

describe('Idempotency-Key', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
    app.simulator.setQuotas(seed.projects.demo, { floatingip: -1 });
  });

  const address = { floating_network_id: seed.networks.public };
  const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
  const allocate = <T = FloatingIpBody>(key: string, api = demo): Promise<Answer<T>> =>
    api.post<T>('/floating-ips', address, keyed(key));
  const allocations = () =>
    app.simulator.log.list({ method: 'POST', path: '/floatingips' }).filter(({ created }) => created !== null).length;

  /** As if the process had died between the change and its answer. */
  async function forgetAnswer(key: string): Promise<void> {
    await database.query('UPDATE idempotency_key SET status = NULL, body = NULL WHERE idempotency_key = ?', [key]);
  }

  async function count(sql: string, ...values: unknown[]): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>(sql, values);
    return Number(rows[0]?.['n']);
  }

  it('answers a repeated POST /servers by the same 202, and makes one server', async () => {
    const key = randomUUID();
    const body = servers.body('twice');
    const first = await demo.post<ServerBody>('/servers', body, keyed(key));
    const second = await demo.post<ServerBody>('/servers', body, keyed(key));
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).toEqual([
      null,
      'true',
    ]);
    await demo.finished(first);
    expect(app.simulator.inventory().servers.filter(({ name }) => name === 'twice')).toHaveLength(1);
    expect(await count("SELECT COUNT(*) AS n FROM server WHERE name = 'twice'")).toBe(1);
  });

  it('makes the answer anew from operation and rows when the process died before it was given', async () => {
    const key = randomUUID();
    const first = await allocate(key);
    await forgetAnswer(key);
    const before = allocations();
    const second = await allocate(key);
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(second.body).toEqual(first.body);
    expect(allocations()).toBe(before);
    const third = await allocate(key);
    expect([third.status, third.body]).toEqual([201, first.body]);
  });

  it('does so for a deletion, whose resource is gone', async () => {
    const key = randomUUID();
    const { body } = await allocate(randomUUID());
    const path = `/floating-ips/${String(body.id)}`;
    const first = await demo.delete(path, keyed(key));
    await forgetAnswer(key);
    const second = await demo.delete(path, keyed(key));
    const third = await demo.delete(path, keyed(key));
    expect([first.status, second.status, third.status]).toEqual([204, 204, 204]);
    expect((await demo.delete(path)).status).toBe(404);
  });

  it('answers the same deletion of a server again, from what it was asked for', async () => {
    const key = randomUUID();
    const server = await servers.create('deleted-twice');
    const path = `/servers/${String(server.id)}`;
    const first = await demo.delete<{ volume_id: number; network_interface_ids: number[] }>(path, keyed(key));
    await demo.finished(first);
    await forgetAnswer(key);
    const second = await demo.delete<{ volume_id: number; network_interface_ids: number[] }>(path, keyed(key));
    expect(second.status).toBe(202);
    expect(second.body).toMatchObject({
      volume_id: first.body.volume_id,
      network_interface_ids: first.body.network_interface_ids,
    });
  });

  it('of 20 equal requests at once one takes effect; the others get its answer, or 409 while it runs', async () => {
    const key = randomUUID();
    const before = allocations();
    app.simulator.faults.add({ method: 'POST', path: '/floatingips', delay_ms: 300, times: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => allocate<FloatingIpBody & ProblemBody>(key)));
    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['IDEMPOTENCY_KEY_IN_USE']));
    expect(refused[0]?.headers.get('location')).toMatch(/^\/operations\/\d+$/);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(allocations()).toBe(before + 1);
    expect((await allocate(key)).body.id).toBe(made[0]?.body.id);
  });

  it('refuses a key that belongs to another request, and to another URL', async () => {
    const key = randomUUID();
    await allocate(key);
    const other = await demo.post<ProblemBody>('/floating-ips', { floating_network_id: randomUUID() }, keyed(key));
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(other.body.errors?.[0]?.field).toBe('Idempotency-Key');
    const elsewhere = await demo.post<ProblemBody>('/servers', servers.body('reused'), keyed(key));
    expect([elsewhere.status, elsewhere.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('belongs to one user: the same key of another one is another key', async () => {
    const key = randomUUID();
    const mine = await allocate(key);
    const mates = await allocate(key, await app.login('mate'));
    expect([mine.status, mates.status]).toEqual([201, 201]);
    expect(mates.body.id).not.toBe(mine.body.id);
  });

  it('keeps a refusal of the operation itself', async () => {
    const key = randomUUID();
    app.simulator.setQuotas(seed.projects.demo, { floatingip: 0 });
    const first = await allocate<ProblemBody>(key);
    app.simulator.setQuotas(seed.projects.demo, { floatingip: -1 });
    const second = await allocate<ProblemBody>(key);
    expect([first.status, first.body.code]).toEqual([409, 'QUOTA_EXCEEDED']);
    expect([second.status, second.body.code, second.body.message]).toEqual([409, 'QUOTA_EXCEEDED', first.body.message]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
  });

  it('does not keep any other refusal', async () => {
    const key = randomUUID();
    const path = '/floating-ips/999999';
    expect((await demo.delete(path, keyed(key))).status).toBe(404);
    const server = await servers.create('in-the-way');
    const nameKey = randomUUID();
    const taken = await demo.post<ProblemBody>('/servers', servers.body('in-the-way'), keyed(nameKey));
    expect([taken.status, taken.body.code]).toEqual([409, 'SERVER_NAME_DUPLICATE']);
    await demo.finished(await demo.delete(`/servers/${String(server.id)}`));
    expect((await demo.post('/servers', servers.body('in-the-way'), keyed(nameKey))).status).toBe(202);
  });

  it.each([
    ['empty', ''],
    ['256 characters', 'k'.repeat(256)],
    ['with a space', 'a b'],
    ['with a tab', 'a\tb'],
    ['not ASCII', 'schlüssel'],
  ])('refuses a malformed key: %s', async (_name, key) => {
    const answer = await allocate<ProblemBody>(key);
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'Idempotency-Key']);
  });

  it('takes one of 255 characters', async () => {
    expect((await allocate('k'.repeat(255))).status).toBe(201);
  });

  it('is ignored by routes whose answers are secrets', async () => {
    const key = randomUUID();
    const credentials = { account_id: 'demo', password: seed.users.demo.password };
    const first = await app.anonymous.post<{ token: string }>('/auth/login', credentials, keyed(key));
    const second = await app.anonymous.post<{ token: string }>('/auth/login', credentials, keyed(key));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body.token).not.toBe(first.body.token);
    expect(await count('SELECT COUNT(*) AS n FROM idempotency_key WHERE idempotency_key = ?', key)).toBe(0);
  });

  it('is free again after 24 hours', async () => {
    const key = randomUUID();
    const first = await allocate(key);
    await database.query(
      'UPDATE idempotency_key SET expires_at = NOW(3) - INTERVAL 1 SECOND WHERE idempotency_key = ?',
      [key],
    );
    const second = await allocate(key);
    expect([second.status, second.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect(second.body.id).not.toBe(first.body.id);
  });
});
