import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import type { TestApp } from '../support/app.js';
import type { CutSide, MysqlProxy } from '../support/mysql-proxy.js';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';
import { markedObjects } from '../support/simulated-objects.js';

const sides: readonly CutSide[] = ['before it is applied', 'after it is applied'];
/** What the transaction writes that accepts an operation, and that records one's progress. */
const [accepting, recording] = [/^INSERT INTO operation\b/, /^UPDATE operation\b/];
const policies = '/admin/reconciliation-policies';

describe('a connection that breaks at a COMMIT (P10)', () => {
  let proxied: ProxiedApp;
  let app: TestApp;
  let demo: Api;
  let admin: Api;
  let proxy: MysqlProxy;
  let servers: ServerRequests;
  let database: Connection;

  beforeAll(async () => {
    proxied = await startProxiedApp();
    ({ app, proxy, database } = proxied);
    demo = await app.login('demo');
    admin = await app.login('admin');
    servers = await ServerRequests.of(demo);
  });

  afterAll(() => proxied.close());

  afterEach(() => {
    proxy.comeBack();
  });

  const keyed = () => ({ headers: { 'idempotency-key': randomUUID() } });

  async function count(sql: string, values: string[] = []): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${sql}`, values);
    return Number(rows[0]?.['n']);
  }

  const rowsOf = (name: string) => count('server WHERE name = ? AND deleted_at IS NULL', [name]);
  const inNova = (name: string) => markedObjects(app.simulator, 'server').filter((object) => object.name === name);

  /** One server, one of its kind in Nova, asked for once. */
  async function isThereOnce(id: number, name: string): Promise<void> {
    const { body } = await demo.until<ServerBody>(
      `/servers/${String(id)}`,
      (answer) => answer.body.status === 'ACTIVE',
      60_000,
    );
    expect(inNova(name).map((object) => object.id)).toEqual([body.openstack_id]);
    const creations = app.simulator.log
      .list({ method: 'POST', path: '^/compute/.*/servers$' })
      .filter(({ created }) => created === body.openstack_id);
    expect([creations.length, await rowsOf(name)]).toEqual([1, 1]);
  }

  it('has accepted a server when MySQL has, and says so', async () => {
    proxy.cutCommit('after it is applied', accepting);
    const before = proxy.cuts;
    const answer = await servers.post('accepted');
    expect([answer.status, proxy.cuts]).toEqual([202, before + 1]);
    await isThereOnce(answer.body.id, 'accepted');
  });

  it('has accepted nothing when MySQL has not, and says so; the same key then makes one server', async () => {
    const key = keyed();
    proxy.cutCommit('before it is applied', accepting);
    const refused = await demo.post<ProblemBody>('/servers', servers.body('not-accepted'), key);
    expect([refused.status, refused.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect([await rowsOf('not-accepted'), inNova('not-accepted')]).toEqual([0, []]);
    const again = await demo.post<ServerBody>('/servers', servers.body('not-accepted'), key);
    expect(again.status).toBe(202);
    await isThereOnce(again.body.id, 'not-accepted');
  });

  it.each(sides)(
    'does not claim to know, %s, when it cannot be read back; the same key makes one server',
    async (side) => {
      const name = `unknown-${side.split(' ', 1).join('')}`;
      const key = keyed();
      proxy.cutCommit(side, accepting);
      proxy.goDownWithNextCut();
      const refused = await demo.post<ProblemBody>('/servers', servers.body(name), key);
      expect([refused.status, refused.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
      expect(refused.body.detail).toMatch(/not known whether/);
      proxy.comeBack();
      const again = await demo.post<ServerBody>('/servers', servers.body(name), key);
      expect(again.status).toBe(202);
      expect(again.headers.get('idempotent-replayed')).toBe(side === 'after it is applied' ? 'true' : null);
      await isThereOnce(again.body.id, name);
    },
  );

  it.each(sides)(
    'does not claim to know, %s, of a change that is no operation; the same key makes it once',
    async (side) => {
      const { body: current } = await admin.get<{ version: number; missing_grace_seconds: number }>(policies);
      const { version, ...values } = current;
      const change = { ...values, missing_grace_seconds: values.missing_grace_seconds + 1 };
      const audited = () => count("audit_event WHERE action = 'reconciliation.set-policies'");
      const before = await audited();
      const key = keyed();
      proxy.cutCommit(side, /INTO policy\b/);
      const refused = await admin.put<ProblemBody>(policies, change, key);
      expect([refused.status, refused.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
      expect(refused.body.detail).toMatch(/not known whether/);
      const again = await admin.put<typeof current>(policies, change, key);
      expect([again.status, again.body.missing_grace_seconds]).toEqual([200, change.missing_grace_seconds]);
      expect((await admin.get<typeof current>(policies)).body.version).toBe(version + 1);
      expect(await audited()).toBe(before + 1);
    },
  );

  it.each(sides)(
    'is carried out once, whichever COMMIT of its progress is cut %s',
    async (side) => {
      const name = `progress-${side.split(' ', 1).join('')}`;
      const before = proxy.cuts;
      const cuts = 12;
      for (let cut = 0; cut < cuts; cut += 1) proxy.cutCommit(side, recording, 2);
      const answers = await Promise.all([0, 1, 2].map((number) => servers.post(`${name}-${String(number)}`)));
      for (const [number, answer] of answers.entries()) {
        expect(answer.status).toBe(202);
        await isThereOnce(answer.body.id, `${name}-${String(number)}`);
      }
      for (const { body } of answers) {
        const deleted = await demo.delete(`/servers/${String(body.id)}`);
        expect(deleted.status).toBe(202);
        await demo.finished(deleted);
        expect(inNova(body.name)).toEqual([]);
      }
      expect(proxy.cuts).toBe(before + cuts);
      const ended = "operation WHERE kind LIKE 'server.%' AND state <> 'SUCCEEDED'";
      expect([await count(ended), await count('operation_lock')]).toEqual([0, 0]);
    },
    120_000,
  );
});
