import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { defaultSettings } from '../../simulator/settings.js';
import type { Answer, Api, OperationBody } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { operationIdOf } from '../support/operations.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

describe('what is done to a server', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;
  let server: ServerBody;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
    server = await servers.create('web-1');
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
  });

  const novaOf = ({ openstack_id: id }: ServerBody) =>
    app.simulator.inventory().servers.find((candidate) => candidate.id === id);
  const now = (): number => app.simulator.log.list().at(-1)?.id ?? 0;
  const sent = (since: number, method = 'POST') =>
    app.simulator.log.list({ method, path: '^/compute/.*/servers/', after: since }).filter(({ is_done: is }) => is);
  const wordsOf = ({ openstack_id: id }: ServerBody): readonly string[] =>
    (app.simulator.cloud.servers.get(id ?? '')?.actions ?? []).map(({ action }) => action);

  async function rowOf(id: number): Promise<RowDataPacket | undefined> {
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT name, description, status, protected, fault_code FROM server WHERE id = ?',
      [id],
    );
    return rows[0];
  }

  async function locks(): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM operation_lock');
    return Number(rows[0]?.['n']);
  }

  async function done(answer: Answer<ServerBody>, state = 'SUCCEEDED'): Promise<ServerBody> {
    expect(answer.status).toBe(202);
    expect(await demo.finished(answer)).toMatchObject({ state });
    return servers.get(answer.body.id);
  }

  /** Whatever a test before did to it. */
  async function bring(status: 'ACTIVE' | 'SHUTOFF'): Promise<void> {
    const seen = await servers.get(server.id);
    if (seen.status !== status)
      expect(await done(await servers.setStatus(server.id, status))).toMatchObject({ status });
  }

  describe('PUT /servers/{id}/status', () => {
    it('stops and starts it, and the record follows', async () => {
      const stop = await servers.setStatus(server.id, 'SHUTOFF');
      expect(stop.status).toBe(202);
      expect(stop.headers.get('location')).toBe(`/operations/${String(stop.body.operation?.id)}`);
      expect(stop.body).toMatchObject({ id: server.id, status: 'ACTIVE', operation: { kind: 'server.stop' } });
      expect(await done(stop)).toMatchObject({ status: 'SHUTOFF', operation: null, fault: null });
      expect(novaOf(server)).toMatchObject({ status: 'SHUTOFF' });
      expect(await rowOf(server.id)).toMatchObject({ status: 'SHUTOFF' });
      expect(await done(await servers.setStatus(server.id, 'ACTIVE'))).toMatchObject({ status: 'ACTIVE' });
      expect(novaOf(server)).toMatchObject({ status: 'ACTIVE' });
      expect(await locks()).toBe(0);
      const [rows] = await database.query<RowDataPacket[]>(
        "SELECT action FROM audit_event WHERE resource_type = 'server' AND resource_id = ? ORDER BY id DESC LIMIT 2",
        [server.id],
      );
      expect(rows.map((row) => String(row['action']))).toEqual(['server.start', 'server.stop']);
    });

    it.each([
      ['SHUTOFF', 'ACTIVE', 'os-stop', 'stop'],
      ['ACTIVE', 'SHUTOFF', 'os-start', 'start'],
    ] as const)('asks Nova once for %s when the answer is lost', async (goal, from, _call, word) => {
      await bring(from);
      const before = wordsOf(server).filter((action) => action === word).length;
      app.simulator.faults.add({ method: 'POST', path: '/action$', action: 'reset-after', times: 1 });
      expect(await done(await servers.setStatus(server.id, goal))).toMatchObject({ status: goal, fault: null });
      expect(wordsOf(server).filter((action) => action === word)).toHaveLength(before + 1);
    });

    it('asks again when the call never took effect', async () => {
      await bring('ACTIVE');
      app.simulator.faults.add({ method: 'POST', path: '/action$', action: 'reset-before', times: 1 });
      expect(await done(await servers.setStatus(server.id, 'SHUTOFF'))).toMatchObject({ status: 'SHUTOFF' });
    });

    it('is done once when the call takes effect late', async () => {
      await bring('ACTIVE');
      const before = wordsOf(server).length;
      app.simulator.faults.add({ method: 'POST', path: '/action$', action: 'late-commit', delay_ms: 400, times: 1 });
      expect(await done(await servers.setStatus(server.id, 'SHUTOFF'))).toMatchObject({ status: 'SHUTOFF' });
      expect(wordsOf(server)).toHaveLength(before + 1);
    });

    it('calls nobody when Nova has it so already', async () => {
      await bring('ACTIVE');
      const nova = app.simulator.cloud.servers.get(server.openstack_id ?? '');
      if (nova !== undefined) Object.assign(nova, { vmState: 'stopped', powerState: 4 });
      const since = now();
      expect(await done(await servers.setStatus(server.id, 'SHUTOFF'))).toMatchObject({ status: 'SHUTOFF' });
      expect(sent(since)).toEqual([]);
    });

    it('tells Nova’s refusal on server and operation, and the record follows', async () => {
      await bring('ACTIVE');
      const nova = app.simulator.cloud.servers.get(server.openstack_id ?? '');
      if (nova !== undefined) nova.isLocked = true;
      try {
        // The service account is an admin elsewhere and a member here: a lock holds it.
        app.simulator.faults.next('POST /servers/{id}/action', {
          status: 409,
          body: { conflictingRequest: { code: 409, message: 'Instance x is locked' } },
        });
        const answer = await servers.setStatus(server.id, 'SHUTOFF');
        const failed = await done(answer, 'FAILED');
        expect(failed).toMatchObject({ status: 'ACTIVE', fault: { code: 'OPENSTACK_CONFLICT' } });
        expect(failed.fault?.message).toContain('Instance x is locked');
        expect(await demo.finished(answer)).toMatchObject({ error: { code: 'OPENSTACK_CONFLICT' } });
      } finally {
        if (nova !== undefined) nova.isLocked = false;
      }
      expect(await done(await servers.setStatus(server.id, 'SHUTOFF'))).toMatchObject({ fault: null });
    });

    it('fails when Nova shows another status, which the record then has', async () => {
      await bring('SHUTOFF');
      const nova = app.simulator.cloud.servers.get(server.openstack_id ?? '');
      if (nova !== undefined) nova.vmState = 'paused';
      const failed = await done(await servers.setStatus(server.id, 'ACTIVE'), 'FAILED');
      expect(failed).toMatchObject({ status: 'PAUSED', fault: { code: 'OPENSTACK_CONFLICT' } });
      if (nova !== undefined) nova.vmState = 'stopped';
      await database.query("UPDATE server SET status = 'SHUTOFF' WHERE id = ?", [server.id]);
    });

    it('is accepted while Nova is away, and done when it is back', async () => {
      await bring('ACTIVE');
      app.simulator.faults.add({ service: 'compute', action: 'refuse' });
      const answer = await servers.setStatus(server.id, 'SHUTOFF');
      expect(answer.status).toBe(202);
      const path = `/operations/${String(operationIdOf(answer))}`;
      const { body } = await demo.until<OperationBody>(path, ({ body: seen }) => seen.waiting !== null);
      expect(body.waiting).toEqual({
        reason: expect.stringMatching(
          /^Nova (gave no answer|cannot be reached, or asks for patience)\. It is tried again by itself\.$/,
        ),
        retry_at: expect.any(String),
      });
      app.simulator.faults.clear();
      expect(await done(answer)).toMatchObject({ status: 'SHUTOFF', fault: null });
    });

    it('goes to one of 50 at once; the others call nobody', async () => {
      await bring('ACTIVE');
      app.simulator.configure({ server_action_ms: 1_500 });
      const before = wordsOf(server).length;
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          index % 2 === 0
            ? servers.setStatus<ProblemBody>(server.id, 'SHUTOFF')
            : servers.reboot<ProblemBody>(server.id),
        ),
      );
      const won = answers.filter(({ status }) => status === 202);
      const lost = answers.filter(({ status }) => status === 409);
      expect([won.length, lost.length]).toEqual([1, 49]);
      expect(new Set(lost.map(({ body }) => body.code))).toEqual(new Set(['OPERATION_IN_PROGRESS']));
      const id = won[0]?.headers.get('location');
      expect(lost.every(({ headers, body }) => headers.get('location') === id && body.operation_id !== undefined)).toBe(
        true,
      );
      if (won[0] !== undefined) await demo.finished(won[0]);
      expect(wordsOf(server)).toHaveLength(before + 1);
      expect(await locks()).toBe(0);
    });

    it.each([
      ['a word that is no status', 'RUNNING', 422, 'VALIDATION_FAILED'],
      ['a status in small letters', 'stop', 422, 'VALIDATION_FAILED'],
      ['no status', '', 422, 'VALIDATION_FAILED'],
      ['a status that nobody can ask for', 'PAUSED', 400, 'INVALID_SERVER_STATUS_UPDATE_REQUEST'],
    ])('refuses %s', async (_what, status, expected, code) => {
      const answer = await servers.setStatus<ProblemBody>(server.id, status);
      expect([answer.status, answer.body.code]).toEqual([expected, code]);
      expect(answer.body.errors).toMatchObject([{ field: 'status', type: 'enum' }]);
      expect(answer.body.detail).toMatch(/ACTIVE(, | or )SHUTOFF/);
      expect(answer.body.detail).not.toMatch(/VERIFY_RESIZE|BUILD/);
      const missing = await servers.setStatus<ProblemBody>(999_999_999, status);
      expect([missing.status, missing.body.code]).toEqual([expected, code]);
    });

    it('refuses what its status does not allow, before it says that something is under way', async () => {
      await bring('ACTIVE');
      const start = await servers.setStatus<ProblemBody>(server.id, 'ACTIVE');
      expect([start.status, start.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_TO_START']);
      app.simulator.configure({ server_action_ms: 1_000 });
      const stopping = await servers.setStatus(server.id, 'SHUTOFF');
      const again = await servers.setStatus<ProblemBody>(server.id, 'ACTIVE');
      expect([again.status, again.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_TO_START']);
      expect([again.body.operation_id, again.headers.get('location')]).toEqual([
        operationIdOf(stopping),
        `/operations/${String(operationIdOf(stopping))}`,
      ]);
      expect(again.body.detail).toContain('is under way on it');
      await done(stopping);
      const stop = await servers.setStatus<ProblemBody>(server.id, 'SHUTOFF');
      expect([stop.status, stop.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_TO_STOP']);
    });

    it('does not stop what was never built, though it is in ERROR', async () => {
      app.simulator.outside.failNext('no-valid-host');
      const failed = await servers.create('never-built');
      const answer = await servers.setStatus<ProblemBody>(failed.id, 'SHUTOFF');
      expect([answer.status, answer.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_TO_STOP']);
      await demo.finished(await demo.delete(`/servers/${String(failed.id)}`));
    });

    it('answers 404 for no server, 403 to another project and to a reader, 412 for another version', async () => {
      const [other, viewer] = [await app.login('other'), await app.login('viewer')];
      const path = `/servers/${String(server.id)}/status?status=ACTIVE`;
      const since = now();
      const missing = await servers.setStatus<ProblemBody>(999_999_999, 'ACTIVE');
      const foreign = await other.put<ProblemBody>(path);
      const reader = await viewer.put<ProblemBody>(path);
      const stale = await demo.request<ProblemBody>('PUT', path, { headers: { 'if-match': '"another"' } });
      expect([missing.status, missing.body.code]).toEqual([404, 'SERVER_NOT_FOUND']);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SERVER_UPDATE_PERMISSION_DENIED']);
      expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      expect(sent(since)).toEqual([]);
    });

    it('is cancelled by the deletion of the server', async () => {
      const doomed = await servers.create('doomed');
      app.simulator.configure({ server_action_ms: 60_000 });
      const stopping = await servers.setStatus(doomed.id, 'SHUTOFF');
      const deletion = await demo.delete(`/servers/${String(doomed.id)}`);
      expect(await demo.finished(deletion)).toMatchObject({ state: 'SUCCEEDED' });
      expect(await demo.finished(stopping)).toMatchObject({ state: 'CANCELLED' });
      expect(novaOf(doomed)).toBeUndefined();
    });
  });

  describe('POST /servers/{id}/actions/reboot', () => {
    it.each([
      ['soft', undefined],
      ['soft', 'soft'],
      ['hard', 'hard'],
    ])('reboots once: %s', async (_what, type) => {
      await bring('ACTIVE');
      const before = wordsOf(server);
      const answer = await servers.reboot(server.id, type);
      expect(answer.body).toMatchObject({ operation: { kind: 'server.reboot' } });
      expect(await done(answer)).toMatchObject({ status: 'ACTIVE', fault: null, operation: null });
      expect(wordsOf(server)).toEqual(['reboot', ...before]);
    });

    it.each([
      ['its answer is lost', { action: 'reset-after' }],
      ['it never arrived', { action: 'reset-before' }],
      ['it takes effect late', { action: 'late-commit', delay_ms: 400 }],
      ['it is answered 500 though done', { action: 'respond-after', status: 500 }],
    ] as const)('never reboots a second time when %s', async (_what, fault) => {
      await bring('ACTIVE');
      const before = wordsOf(server);
      app.simulator.faults.add({ method: 'POST', path: '/action$', times: 1, ...fault });
      expect(await done(await servers.reboot(server.id))).toMatchObject({ status: 'ACTIVE', fault: null });
      expect(wordsOf(server)).toEqual(['reboot', ...before]);
    });

    it('tells that Nova took it and failed', async () => {
      await bring('ACTIVE');
      app.simulator.configure({ server_action_ms: 60_000 });
      const answer = await servers.reboot(server.id, 'hard');
      await demo.until<ServerBody>(`/servers/${String(server.id)}`, ({ body }) => body.status === 'HARD_REBOOT');
      const nova = app.simulator.cloud.servers.get(server.openstack_id ?? '');
      const [action] = nova?.actions ?? [];
      if (nova !== undefined && action !== undefined) {
        action.message = 'Error';
        Object.assign(nova, { taskState: null, job: app.simulator.cloud.next() });
      }
      expect(await done(answer, 'FAILED')).toMatchObject({ fault: { code: 'OPENSTACK_REFUSED' } });
    });

    it('is hard from SHUTOFF, and soft not', async () => {
      await bring('SHUTOFF');
      const soft = await servers.reboot<ProblemBody>(server.id, 'soft');
      expect([soft.status, soft.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_TO_REBOOT']);
      expect(await done(await servers.reboot(server.id, 'hard'))).toMatchObject({ status: 'ACTIVE' });
    });

    it('answers 422 for another type, 404 for no server, 403 to another project and to a reader', async () => {
      const [other, viewer] = [await app.login('other'), await app.login('viewer')];
      const path = `/servers/${String(server.id)}/actions/reboot`;
      const wrong = await servers.reboot<ProblemBody>(server.id, 'gentle');
      const missing = await servers.reboot<ProblemBody>(999_999_999);
      const foreign = await other.post<ProblemBody>(path);
      const reader = await viewer.post<ProblemBody>(path);
      expect([wrong.status, wrong.body.code]).toEqual([422, 'VALIDATION_FAILED']);
      expect([missing.status, missing.body.code]).toEqual([404, 'SERVER_NOT_FOUND']);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SERVER_UPDATE_PERMISSION_DENIED']);
      expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    });
  });

  describe('PUT /servers/{id}/info', () => {
    it('renames it here and in Nova, and leaves the root volume its name', async () => {
      const mine = await servers.create('before');
      const answer = await servers.rename(mine.id, { name: '새 이름 🦊', description: 'shop', protected: true });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ name: '새 이름 🦊', description: 'shop', protected: true, operation: null });
      expect(await servers.get(mine.id)).toMatchObject({ name: '새 이름 🦊', volumes: [{ name: 'before-root' }] });
      expect(novaOf(mine)?.name).toBe('새 이름 _');
      expect(await rowOf(mine.id)).toMatchObject({ name: '새 이름 🦊', description: 'shop', protected: 1 });
      expect((await servers.post('before')).status).toBe(202);

      const less = await servers.rename(mine.id, { name: '새 이름 🦊' });
      expect(less.body).toMatchObject({ description: 'shop', protected: true });
      const none = await servers.rename(mine.id, { name: 'after', description: null, protected: false });
      expect(none.body).toMatchObject({ name: 'after', description: null, protected: false });
    });

    it('calls nobody when the name stays, even while Nova is away', async () => {
      const since = now();
      app.simulator.faults.add({ service: 'compute', action: 'refuse' });
      const answer = await servers.rename(server.id, { name: 'web-1', description: 'front' });
      expect([answer.status, answer.body.description]).toEqual([200, 'front']);
      expect(sent(since, 'PUT')).toEqual([]);
    });

    it('answers 202 while Nova is away, and the name arrives', async () => {
      app.simulator.faults.add({ service: 'compute', action: 'refuse' });
      const answer = await demo.request<ServerBody>('PUT', `/servers/${String(server.id)}/info`, {
        body: { name: 'web-1b' },
        headers: { prefer: 'respond-async' },
      });
      expect([answer.status, answer.body.name]).toEqual([202, 'web-1b']);
      app.simulator.faults.clear();
      await done(answer);
      expect(novaOf(server)?.name).toBe('web-1b');
      await servers.rename(server.id, { name: 'web-1' });
    });

    it('renames once when the answer is lost', async () => {
      const since = now();
      app.simulator.faults.add({ method: 'PUT', path: '/servers/', action: 'reset-after', times: 1 });
      expect((await servers.rename(server.id, { name: 'web-1c' })).status).toBe(200);
      expect(sent(since, 'PUT')).toHaveLength(1);
      await servers.rename(server.id, { name: 'web-1' });
    });

    it('leaves everything as it was when Nova refuses', async () => {
      app.simulator.faults.next('PUT /servers/{id}', {
        status: 400,
        body: { badRequest: { code: 400, message: 'not this one' } },
      });
      const answer = await servers.rename<ProblemBody>(server.id, { name: 'refused', protected: true });
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(answer.body.detail).toContain('not this one');
      expect(await servers.get(server.id)).toMatchObject({ name: 'web-1', protected: false, operation: null });
    });

    it('refuses a name that is taken, and a change while another is under way', async () => {
      const holder = await servers.create('holder');
      const taken = await servers.rename<ProblemBody>(server.id, { name: 'holder' });
      expect([taken.status, taken.body.code]).toEqual([409, 'SERVER_NAME_DUPLICATE']);
      expect(taken.body.blocked_by).toEqual([{ type: 'server', id: holder.id, name: 'holder' }]);
      app.simulator.configure({ server_action_ms: 700 });
      await bring('ACTIVE');
      const stopping = await servers.setStatus(server.id, 'SHUTOFF');
      const busy = await servers.rename<ProblemBody>(server.id, { name: 'other-name' });
      expect([busy.status, busy.body.code]).toEqual([409, 'OPERATION_IN_PROGRESS']);
      expect(await rowOf(server.id)).toMatchObject({ name: 'web-1' });
      await done(stopping);
    });

    it('answers 422, 404, 403 and 412 in this order', async () => {
      const [other, viewer] = [await app.login('other'), await app.login('viewer')];
      const path = `/servers/${String(server.id)}/info`;
      const wrong = await servers.rename<ProblemBody>(999_999_999, { name: ' x' });
      const missing = await servers.rename<ProblemBody>(999_999_999, { name: 'x' });
      const foreign = await other.put<ProblemBody>(path, { name: 'x' });
      const reader = await viewer.put<ProblemBody>(path, { name: 'x' });
      const stale = await demo.put<ProblemBody>(path, { name: 'holder' }, { headers: { 'if-match': '"another"' } });
      expect([wrong.status, wrong.body.code]).toEqual([422, 'VALIDATION_FAILED']);
      expect([missing.status, missing.body.code]).toEqual([404, 'SERVER_NOT_FOUND']);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SERVER_UPDATE_PERMISSION_DENIED']);
      expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    });
  });
});
