import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

describe('the console of a server', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;
  let server: ServerBody;
  let path: string;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
    server = await servers.create('web-1');
    path = `/servers/${String(server.id)}`;
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
  });

  const ways = [
    ['GET', 'vnc-url'],
    ['POST', 'console'],
  ] as const;

  async function audited(): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT COUNT(*) AS n FROM audit_event WHERE action = 'server.console' AND resource_id = ? AND actor_user_id = ?",
      [server.id, demo.login?.user.id],
    );
    return Number(rows[0]?.['n']);
  }

  it.each(ways)('is opened by %s %s at a new address each time, and that is written down', async (method, route) => {
    const before = await audited();
    const headers = { 'idempotency-key': 'the-same' };
    const [one, two] = [
      await demo.request<{ url: string }>(method, `${path}/${route}`, { headers }),
      await demo.request<{ url: string }>(method, `${path}/${route}`, { headers }),
    ];
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(Object.keys(one.body)).toEqual(['url']);
    expect(one.body.url).toMatch(/^http:.*token/);
    expect(one.body.url).not.toBe(two.body.url);
    expect(one.headers.get('cache-control')).toBe('no-store');
    expect(await audited()).toBe(before + 2);
    const [kept] = await database.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM idempotency_key');
    expect(kept).toEqual([{ n: 0 }]);
  });

  it.each(ways)('needs OpenStack: %s %s answers 503 while it is away', async (method, route) => {
    app.simulator.faults.add({ service: 'compute', action: 'refuse' });
    const answer = await demo.request<ProblemBody>(method, `${path}/${route}`);
    expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it.each([...ways, ['GET', 'console-log']] as const)(
    '%s %s answers 404 for no server, 403 to another project, to an admin elsewhere, and to a reader',
    async (method, route) => {
      const [other, viewer, admin] = [await app.login('other'), await app.login('viewer'), await app.login('admin')];
      const missing = await demo.request<ProblemBody>(method, `/servers/999999999/${route}`);
      const foreign = await other.request<ProblemBody>(method, `${path}/${route}`);
      const elsewhere = await admin.request<ProblemBody>(method, `${path}/${route}`);
      const reader = await viewer.request<ProblemBody>(method, `${path}/${route}`);
      expect([missing.status, missing.body.code]).toEqual([404, 'SERVER_NOT_FOUND']);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SERVER_ACCESS_PERMISSION_DENIED']);
      expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      if (elsewhere.status !== 200)
        expect([elsewhere.status, elsewhere.body.code]).toEqual([403, 'SERVER_ACCESS_PERMISSION_DENIED']);
    },
  );

  it('answers the last lines that the guest wrote', async () => {
    const whole = await demo.get<{ output: string }>(`${path}/console-log`);
    expect([whole.status, whole.body.output]).toEqual([200, 'console of web-1\ncreate\n']);
    const last = await demo.get<{ output: string }>(`${path}/console-log?lines=1`);
    expect(last.body.output).toBe('create\n');
    const wrong = await demo.get<ProblemBody>(`${path}/console-log?lines=0`);
    expect([wrong.status, wrong.body.code]).toEqual([422, 'VALIDATION_FAILED']);
  });

  it('answers no more than 256 KiB of them, cut at a whole character', async () => {
    app.simulator.faults.next('POST /servers/{id}/action', {
      status: 200,
      body: { output: `${'가'.repeat(100_000)}x` },
    });
    const answer = await demo.get<{ output: string }>(`${path}/console-log`);
    expect(Buffer.byteLength(answer.body.output)).toBeLessThanOrEqual(256 * 1024);
    expect(answer.body.output).toMatch(/^가+x$/);
  });

  it('tells Nova’s other refusals with its words', async () => {
    app.simulator.faults.next('POST /servers/{id}/remote-consoles', {
      status: 400,
      body: { badRequest: { code: 400, message: 'no such type' } },
    });
    const answer = await demo.post<ProblemBody>(`${path}/console`);
    expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
    expect(answer.body.detail).toContain('no such type');
  });

  it('is not there where nothing runs, by the record or by Nova', async () => {
    app.simulator.outside.failNext('no-valid-host');
    const failed = await servers.create('never-built');
    const before = await audited();
    for (const route of ['vnc-url', 'console-log']) {
      const none = await demo.get<ProblemBody>(`/servers/${String(failed.id)}/${route}`);
      expect([none.status, none.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_FOR_CONSOLE']);
    }
    const nova = app.simulator.cloud.servers.get(server.openstack_id ?? '');
    if (nova !== undefined) nova.vmState = 'stopped';
    const behind = await demo.get<ProblemBody>(`${path}/vnc-url`);
    expect([behind.status, behind.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_FOR_CONSOLE']);
    if (nova !== undefined) nova.vmState = 'active';
    await demo.finished(await servers.setStatus(server.id, 'SHUTOFF'));
    const stopped = await demo.get<ProblemBody>(`${path}/vnc-url`);
    expect([stopped.status, stopped.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_FOR_CONSOLE']);
    app.simulator.outside.delete(server.openstack_id ?? '');
    const gone = await demo.get<ProblemBody>(`${path}/console-log`);
    expect([gone.status, gone.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_FOR_CONSOLE']);
    expect(await audited()).toBe(before);
  });
});
