import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultSettings } from '../../simulator/settings.js';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { OperationAdminRequests, operationIdOf, type AdminOperationBody } from '../support/operations.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody } from '../support/servers.js';
import { markedObjects } from '../support/simulated-objects.js';
import { VolumeRequests } from '../support/volumes.js';

const never = String(60 * 60_000);

describe('operations as administrators see and end them', () => {
  let app: TestApp;
  let demo: Api;
  let admin: OperationAdminRequests;
  let servers: ServerRequests;
  let volumes: VolumeRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp({ settings: { DEADLINE_DEFAULT_MS: '2500', NEEDS_ATTENTION_MS: never } });
    demo = await app.login('demo');
    admin = new OperationAdminRequests(await app.login('admin'));
    servers = await ServerRequests.of(demo);
    volumes = new VolumeRequests(demo);
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
  });

  async function rows<T>(sql: string, ...values: readonly unknown[]): Promise<readonly T[]> {
    const [found] = await database.query<RowDataPacket[]>(sql, [...values]);
    return found as T[];
  }

  async function row<T>(sql: string, ...values: readonly unknown[]): Promise<T> {
    return (await rows<T>(sql, ...values))[0] as T;
  }

  const locksOf = async (operationId: number): Promise<number> =>
    (await rows('SELECT 1 FROM operation_lock WHERE operation_id = ?', operationId)).length;

  const auditOf = (operationId: number): Promise<readonly { action: string; actor: string; projectId: number }[]> =>
    rows(
      `SELECT action, u.account_id AS actor, a.project_id AS projectId FROM audit_event a JOIN user u ON u.id = a.actor_user_id
        WHERE operation_id = ? AND action LIKE 'operation.%' ORDER BY a.id`,
      operationId,
    );

  async function until(id: number, is: (operation: AdminOperationBody) => boolean): Promise<AdminOperationBody> {
    const path = '/admin/operations?limit=200';
    const of = ({ body }: Answer<{ operations: AdminOperationBody[] }>) => body.operations.find((one) => one.id === id);
    const answer = await admin.api.until<{ operations: AdminOperationBody[] }>(path, (seen) => {
      const operation = of(seen);
      return operation !== undefined && is(operation);
    });
    const operation = of(answer);
    if (operation === undefined) throw new Error(`operation ${String(id)} is not in the list`);
    return operation;
  }

  /** A server whose port Neutron does not make for five minutes, as it says. */
  async function waiting(name: string, changes: Readonly<Record<string, unknown>> = {}): Promise<[number, number]> {
    const headers = { 'retry-after': '300' };
    app.simulator.faults.add({ method: 'POST', path: '/ports$', status: 503, headers, times: 1 });
    const answer = await servers.post(name, changes);
    expect(answer.status).toBe(202);
    const id = operationIdOf(answer);
    await until(id, ({ failures }) => failures === 1);
    return [id, answer.body.id];
  }

  /** A server that Nova refuses, and whose port Neutron does not let go. */
  async function needingAttention(name: string): Promise<[number, number]> {
    app.simulator.faults.add({ method: 'POST', path: '/servers$', status: 403 });
    app.simulator.faults.add({ method: 'DELETE', path: '/ports/', status: 409 });
    const answer = await servers.post(name);
    const id = operationIdOf(answer);
    await until(id, ({ state }) => state === 'NEEDS_ATTENTION');
    return [id, answer.body.id];
  }

  const portsOf = (name: string) => markedObjects(app.simulator, 'port').filter((port) => port.name.startsWith(name));

  describe('the list', () => {
    it('shows those of every project, newest first, page by page', async () => {
      const other = await app.login('other');
      const theirs = await new VolumeRequests(other).create('of-another-project');
      const ours = await volumes.create('of-this-project');
      const { body } = await admin.list('resource_type=volume&kind=volume.create');
      expect(body.operations.map(({ resource }) => resource.id)).toEqual([ours.id, theirs.id]);
      expect(body.operations.map(({ project_id }) => project_id)).toEqual([
        demo.login?.project_id,
        other.login?.project_id,
      ]);
      const first = await admin.list('resource_type=volume&limit=1');
      expect(first.body.operations.map(({ resource }) => resource.id)).toEqual([ours.id]);
      const cursor = encodeURIComponent(first.body.next_cursor ?? '');
      const second = await admin.list(`resource_type=volume&limit=1&cursor=${cursor}`);
      expect([second.body.operations.map(({ resource }) => resource.id), second.body.next_cursor]).toEqual([
        [theirs.id],
        null,
      ]);
      expect(await admin.ids(`project_id=${String(other.login?.project_id)}`)).toEqual([body.operations[1]?.id]);
      expect(await admin.ids(`resource_type=volume&resource_id=${String(ours.id)}`)).toEqual([body.operations[0]?.id]);
      expect(await admin.ids('kind=volume.delete')).toEqual([]);
      expect(await admin.ids('state=RUNNING')).toEqual([]);
    });

    it('tells why one does not end, and who works on it', async () => {
      const [id] = await waiting('told');
      const waits = await until(id, ({ lease }) => lease === null);
      expect(waits).toMatchObject({ state: 'RUNNING', phase: 'FORWARD', step: 'port', failures: 1, stuck: null });
      expect(waits).toMatchObject({ step_title: 'the port', resource_name: 'told' });
      expect(waits.last_failure).toContain('network 503');
      expect(Date.parse(waits.next_run_at)).toBeGreaterThan(Date.now() + 200_000);
      app.simulator.faults.add({ method: 'POST', path: '/volumes$', delay_ms: 700, times: 1 });
      await admin.retry(id);
      const runs = await until(id, ({ lease }) => lease !== null);
      expect(runs.lease?.owner).toContain(String(process.pid));
      expect(Date.parse(runs.lease?.until_at ?? '')).toBeGreaterThan(Date.now() - 1_000);
      await demo.finished(id);
    });

    it('finds those that somebody should look at, and no others', async () => {
      const [attention] = await needingAttention('stuck');
      app.simulator.faults.clear();
      const [fine] = await waiting('patient');
      const [overdue] = await waiting('overdue');
      await database.query('UPDATE operation SET deadline_at = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [overdue]);
      const [slow] = await waiting('slow');
      await database.query('UPDATE operation SET step_since = NOW(3) - INTERVAL 11 MINUTE WHERE id = ?', [slow]);
      const { body } = await admin.list('stuck=true&order=asc');
      expect(body.operations.map(({ id, stuck }) => [id, stuck])).toEqual([
        [attention, 'NEEDS_ATTENTION'],
        [overdue, 'PAST_DEADLINE'],
        [slow, 'SLOW_STEP'],
      ]);
      expect(await admin.ids('stuck=true&state=NEEDS_ATTENTION')).toEqual([attention]);
      expect(await admin.ids('stuck=false')).toContain(fine);
      for (const id of [attention, fine, overdue, slow]) expect((await admin.abandon(id)).status).toBe(200);
      expect(await admin.ids('stuck=true')).toEqual([]);
    });

    it.each(['state=STUCK', 'stuck=yes', 'project_id=0', 'resource_type=cat', 'kind=', 'cursor=x'])(
      'refuses ?%s',
      async (query) => {
        const answer = await admin.list<ProblemBody>(query);
        expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
      },
    );
  });

  describe('retry', () => {
    it('makes one that waits due at once', async () => {
      const [id, serverId] = await waiting('hurried');
      await database.query('UPDATE operation SET failures = 7 WHERE id = ?', [id]);
      const answer = await admin.retry(id);
      expect(answer).toMatchObject({ status: 200, body: { id, failures: 0, last_failure: null } });
      expect(await demo.finished(id)).toMatchObject({ state: 'SUCCEEDED' });
      expect((await servers.get(serverId)).status).toBe('ACTIVE');
      expect(portsOf('hurried')).toHaveLength(1);
      expect(await auditOf(id)).toEqual([
        { action: 'operation.retry', actor: 'admin', projectId: demo.login?.project_id },
      ]);
    });

    it('tries an undo again that needs attention', async () => {
      const [id, serverId] = await needingAttention('undone');
      app.simulator.faults.clear();
      expect((await admin.retry(id)).body).toMatchObject({ state: 'RUNNING', phase: 'COMPENSATE', stuck: null });
      expect(await demo.finished(id)).toMatchObject({ state: 'FAILED', error: { code: 'OPENSTACK_REFUSED' } });
      expect(await servers.get(serverId)).toMatchObject({ status: 'ERROR', fault: { code: 'OPENSTACK_REFUSED' } });
      expect(portsOf('undone')).toEqual([]);
    });

    it('with an Idempotency-Key is done once', async () => {
      const [id] = await waiting('keyed');
      const headers = { 'idempotency-key': 'retry-once' };
      expect((await admin.retry(id, headers)).status).toBe(200);
      await demo.finished(id);
      const again = await admin.retry(id, headers);
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
      expect(await auditOf(id)).toHaveLength(1);
    });
  });

  describe('abandon', () => {
    it('ends what needs attention: the row tells why, nothing is locked, and what is left is swept', async () => {
      const [id, serverId] = await needingAttention('left');
      const [port] = portsOf('left');
      app.simulator.faults.clear();
      const answer = await admin.abandon(id);
      expect(answer).toMatchObject({
        status: 200,
        body: { id, state: 'FAILED', error: { code: 'OPERATION_ABANDONED' }, stuck: null, lease: null },
      });
      expect(answer.body.error?.message).toContain('Before that: Nova refused');
      expect(await servers.get(serverId)).toMatchObject({
        status: 'ERROR',
        operation: null,
        fault: { code: 'OPERATION_ABANDONED' },
      });
      expect(await locksOf(id)).toBe(0);
      expect(portsOf('left').map((one) => one.id)).toEqual([port?.id]);
      expect(await auditOf(id)).toEqual([
        { action: 'operation.abandon', actor: 'admin', projectId: demo.login?.project_id },
      ]);
      const end = Date.now() + 20_000;
      while (portsOf('left').length > 0 && Date.now() < end) await sleep(100);
      expect(portsOf('left')).toEqual([]);
      await demo.finished(await demo.delete(`/servers/${String(serverId)}`));
    });

    it('fences its holder: what comes back late changes nothing, and nothing more is sent', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/ports$', delay_ms: 700, times: 1 });
      const since = app.simulator.log.list().at(-1)?.id ?? 0;
      const pending = await servers.post('fenced');
      const id = operationIdOf(pending);
      await until(id, ({ step, lease }) => step === 'port' && lease !== null);
      // The call must be on the wire: one that was not sent yet is never sent.
      const isSent = (): boolean => app.simulator.faults.list().some(({ hits }) => hits > 0);
      const end = Date.now() + 10_000;
      while (!isSent() && Date.now() < end) await sleep(10);
      const held = await row<{ token: number }>('SELECT lease_token AS token FROM operation WHERE id = ?', id);
      expect((await admin.abandon(id)).status).toBe(200);
      const look = () =>
        row<Record<string, unknown>>(
          `SELECT o.state, o.step, o.error_code, o.finished_at, o.lease_token, s.status, s.openstack_id, s.fault_code, n.openstack_id AS port, n.deleted_reason
             FROM operation o JOIN server s ON s.id = o.resource_id JOIN network_interface n ON n.server_id = s.id WHERE o.id = ?`,
          id,
        );
      const after = await look();
      expect(after).toMatchObject({
        ...{ state: 'FAILED', step: 'port', error_code: 'OPERATION_ABANDONED', lease_token: held.token + 1 },
        ...{ status: 'ERROR', openstack_id: null, fault_code: 'OPERATION_ABANDONED' },
        ...{ port: null, deleted_reason: 'compensation' },
      });
      await sleep(1_200);
      expect(portsOf('fenced')).toHaveLength(1);
      expect(await look()).toEqual(after);
      expect(app.simulator.log.list({ method: 'POST', path: 'volumes$|servers$', after: since })).toEqual([]);
    });

    it('answers who waits for it', async () => {
      const volume = await volumes.create('waited-for');
      app.simulator.configure({ volume_extend_ms: 60_000 });
      const pending = volumes.resize<ProblemBody>(volume.id, 2);
      const { body } = await demo.until<{ operation: { id: number } | null }>(
        `/volumes/${String(volume.id)}`,
        (seen) => seen.body.operation !== null,
      );
      const id = body.operation?.id ?? 0;
      await admin.abandon(id);
      const answer = await pending;
      expect([answer.status, answer.body.code, answer.body.operation_id]).toEqual([409, 'OPERATION_ABANDONED', id]);
      const seen = await demo.get<{ fault: { code: string } | null; operation: unknown }>(
        `/volumes/${String(volume.id)}`,
      );
      expect(seen.body).toMatchObject({ fault: { code: 'OPERATION_ABANDONED' }, operation: null });
      expect(await locksOf(id)).toBe(0);
    });

    it('leaves no volume in CREATING', async () => {
      app.simulator.configure({ volume_create_ms: 60_000 });
      const answer = await volumes.post('endless');
      const id = operationIdOf(answer);
      await until(id, ({ step }) => step === 'available');
      expect((await admin.abandon(id)).status).toBe(200);
      const seen = await demo.get<{ status: string; openstack_id: string | null; fault: { code: string } }>(
        `/volumes/${String(answer.body.id)}`,
      );
      expect(seen.body).toMatchObject({ status: 'ERROR', openstack_id: null, fault: { code: 'OPERATION_ABANDONED' } });
    });

    it('wipes the secret', async () => {
      const [id] = await waiting('secretive', { admin_password: true });
      const secret = () => row<{ has: number }>('SELECT secret IS NOT NULL AS has FROM operation WHERE id = ?', id);
      expect((await secret()).has).toBe(1);
      await admin.abandon(id);
      expect((await secret()).has).toBe(0);
    });

    it.each([
      ['of a kind that this version does not know', "kind = 'server.teleport'"],
      ['whose input cannot be read', "input = '{}'"],
    ])('ends one %s, whose rows stay as they are', async (_which, change) => {
      const [id, serverId] = await waiting(`odd-${String(change.length)}`);
      await database.query(`UPDATE operation SET ${change} WHERE id = ?`, [id]);
      expect((await admin.abandon(id)).body).toMatchObject({ state: 'FAILED', error: { code: 'OPERATION_ABANDONED' } });
      expect(await locksOf(id)).toBe(0);
      expect(await servers.get(serverId)).toMatchObject({ status: 'BUILD', operation: null });
    });

    it('with an Idempotency-Key is answered again like the first time', async () => {
      const [id] = await waiting('keyed-end');
      const headers = { 'idempotency-key': 'abandon-once' };
      const first = await admin.abandon(id, headers);
      const again = await admin.abandon(id, headers);
      expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 200, 'true']);
      expect(again.body).toEqual(first.body);
      const reused = await admin.api.post<ProblemBody>('/admin/operations/999999/abandon', undefined, { headers });
      expect([reused.status, reused.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    });
  });

  describe('is for administrators', () => {
    it.each(['demo', 'viewer'] as const)('and nobody like %s', async (account) => {
      const [id] = await waiting(`not-for-${account}`);
      const requests = new OperationAdminRequests(await app.login(account));
      for (const answer of [await requests.list<ProblemBody>(), await requests.retry(id), await requests.abandon(id)]) {
        expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      }
      expect(await auditOf(id)).toEqual([]);
      await admin.abandon(id);
    });

    it('who are told what is not there, and what has ended', async () => {
      const { id } = await demo.finished(await servers.post('ended'));
      for (const act of [admin.retry.bind(admin), admin.abandon.bind(admin)]) {
        const gone = await act(2 ** 40);
        expect([gone.status, gone.body.code]).toEqual([404, 'OPERATION_NOT_FOUND']);
        const ended = await act(id);
        expect([ended.status, ended.body.code, ended.body.operation_id]).toEqual([409, 'OPERATION_ENDED', id]);
      }
      expect(await auditOf(id)).toEqual([]);
      expect(await demo.finished(id)).toMatchObject({ state: 'SUCCEEDED' });
    });
  });
});
