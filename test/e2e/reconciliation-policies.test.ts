import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { ReconciliationRequests } from '../support/reconciliations.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

const policiesPath = '/admin/reconciliation-policies';
const policies = {
  missing: 'mark',
  missing_grace_seconds: 60,
  mass_missing_count: 3,
  mass_missing_percent: 10,
  unmanaged: 'adopt',
  orphans: 'report',
  names: 'enforce',
  stuck_after_seconds: 600,
};

interface StatusBody {
  readonly loops: readonly {
    readonly name: string;
    readonly description: string | null;
    readonly interval_ms: number | null;
    readonly epoch: number;
    readonly completed_at: string | null;
    readonly lag_ms: number | null;
  }[];
  readonly last_sweep: { readonly id: number; readonly state: string; readonly complete: boolean } | null;
  readonly watermarks: readonly { readonly name: string; readonly lag_ms: number }[];
  readonly paused: { readonly by: number; readonly by_account: string; readonly since: string } | null;
  readonly oldest_stuck_operation: { readonly id: number; readonly kind: string } | null;
  readonly services: readonly { readonly name: string; readonly reachable: boolean | null }[];
}

describe('what administrators decide about reconciliation', () => {
  let app: TestApp;
  let admin: Api;
  let demo: Api;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp({ settings: { DELTA_MS: '200', SWEEP_MS: '700' } });
    admin = await app.login('admin');
    demo = await app.login('demo');
    database = await connect(app.schema);
  });

  afterEach(async () => {
    await admin.post('/admin/reconciliation/resume');
    await database.query("DELETE FROM policy WHERE name = 'reconciliation'");
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  const audited = async (action: string): Promise<number> => {
    const [rows] = await database.query<RowDataPacket[]>('SELECT 1 FROM audit_event WHERE action = ?', [action]);
    return rows.length;
  };
  const status = async (): Promise<StatusBody> => (await admin.get<StatusBody>('/admin/reconciliation-status')).body;

  describe('the policies', () => {
    it('are the defaults until somebody sets them', async () => {
      const answer = await admin.get<object>(policiesPath);
      expect([answer.status, answer.body]).toEqual([
        200,
        {
          ...{ missing: 'tombstone', missing_grace_seconds: 300, mass_missing_count: 1, mass_missing_percent: 20 },
          ...{ unmanaged: 'report', orphans: 'delete', names: 'accept', stuck_after_seconds: 1_800, version: 0 },
        },
      ]);
    });

    it('are set as a whole', async () => {
      const before = await audited('reconciliation.set-policies');
      const answer = await admin.put<object>(policiesPath, policies);
      expect([answer.status, answer.body]).toEqual([200, { ...policies, version: 1 }]);
      expect((await admin.get<object>(policiesPath)).body).toEqual({ ...policies, version: 1 });
      expect(await audited('reconciliation.set-policies')).toBe(before + 1);
    });

    it('are recorded as they were and as they are, as far as they differ', async () => {
      await admin.put(policiesPath, policies);
      await admin.put(policiesPath, { ...policies, missing_grace_seconds: 90, names: 'accept' });
      await admin.put(policiesPath, { ...policies, missing_grace_seconds: 90, names: 'accept' });
      const { body } = await admin.get<{ audit_events: { detail: unknown }[] }>(
        '/admin/audit-events?action=reconciliation.set-policies&limit=2',
      );
      expect(body.audit_events.map(({ detail }) => detail)).toEqual([
        { before: {}, after: {} },
        {
          before: { missing_grace_seconds: 60, names: 'enforce' },
          after: { missing_grace_seconds: 90, names: 'accept' },
        },
      ]);
    });

    it('have an entity tag, and are set only as they were read if asked so', async () => {
      const etag = (await admin.get(policiesPath)).headers.get('etag') ?? '';
      expect((await admin.get(policiesPath, { headers: { 'if-none-match': etag } })).status).toBe(304);
      const headers = { 'if-match': etag };
      expect((await admin.put(policiesPath, policies, { headers })).status).toBe(200);
      const late = await admin.put<ProblemBody>(policiesPath, { ...policies, names: 'accept' }, { headers });
      expect([late.status, late.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      expect((await admin.get<{ names: string }>(policiesPath)).body.names).toBe('enforce');
    });

    it('may be sent back as they were read, unless they were changed meanwhile', async () => {
      await admin.put(policiesPath, policies);
      const read = (await admin.get<{ version: number }>(policiesPath)).body;
      const same = await admin.put<{ version: number }>(policiesPath, read);
      expect([same.status, same.body]).toEqual([200, { ...read, version: read.version + 1 }]);
      const late = await admin.put<ProblemBody>(policiesPath, { ...read, names: 'accept' });
      expect([late.status, late.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      expect((await admin.get<object>(policiesPath)).body).toEqual(same.body);
      const unknown = await admin.put<ProblemBody>(policiesPath, { ...same.body, updated_by: 1 });
      expect([unknown.status, unknown.body.errors]).toMatchObject([422, [{ field: 'updated_by', type: 'unknown' }]]);
    });

    it('are set by one of several that send back what they read', async () => {
      const read = (await admin.get<object>(policiesPath)).body;
      const answers = await Promise.all(
        [1, 2, 3, 4, 5].map((count) => admin.put(policiesPath, { ...read, mass_missing_count: count })),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412, 412, 412, 412]);
    });

    it('are set by one of several at a time', async () => {
      const etag = (await admin.get(policiesPath)).headers.get('etag') ?? '';
      const answers = await Promise.all(
        [1, 2, 3, 4, 5].map((count) =>
          admin.put(policiesPath, { ...policies, mass_missing_count: count }, { headers: { 'if-match': etag } }),
        ),
      );
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 412, 412, 412, 412]);
    });

    it('are answered once for one Idempotency-Key', async () => {
      const headers = { 'idempotency-key': 'policies-1' };
      const first = await admin.put<{ version: number }>(policiesPath, policies, { headers });
      const again = await admin.put<{ version: number }>(policiesPath, policies, { headers });
      expect([first.body.version, again.body.version, again.headers.get('idempotent-replayed')]).toEqual([
        1,
        1,
        'true',
      ]);
      expect((await admin.get<{ version: number }>(policiesPath)).body.version).toBe(1);
    });

    it.each([
      ['missing', { missing: 'forget' }],
      ['missing_grace_seconds', { missing_grace_seconds: -1 }],
      ['mass_missing_count', { mass_missing_count: 1.5 }],
      ['mass_missing_percent', { mass_missing_percent: 101 }],
      ['unmanaged', { unmanaged: 'delete' }],
      ['orphans', { orphans: null }],
      ['names', { names: undefined }],
      ['stuck_after_seconds', { stuck_after_seconds: 0 }],
    ])('are refused for a wrong %s', async (field, change) => {
      const { status: code, body } = await admin.put<ProblemBody>(policiesPath, { ...policies, ...change });
      expect([code, body.errors?.map((error) => error.field)]).toEqual([422, [field]]);
    });

    it('are no matter of members or readers', async () => {
      for (const api of [demo, await app.login('viewer')]) {
        expect((await api.get(policiesPath)).status).toBe(403);
        expect((await api.put(policiesPath, policies)).status).toBe(403);
        expect((await api.get('/admin/reconciliation-status')).status).toBe(403);
        expect((await api.post('/admin/reconciliation/pause')).status).toBe(403);
        expect((await api.post('/admin/reconciliation/resume')).status).toBe(403);
      }
    });
  });

  describe('the loops', () => {
    it('are told with their leases, watermarks and services', async () => {
      await admin.until<StatusBody>('/admin/reconciliation-status', ({ body }) => {
        const isSwept = body.last_sweep?.state === 'DONE';
        return isSwept && body.watermarks.length > 0 && body.loops.some(({ name }) => name === 'delta:server');
      });
      const { loops, watermarks, services, last_sweep: sweep, paused } = await status();
      const delta = loops.find(({ name }) => name === 'delta:server');
      expect(delta).toMatchObject({ interval_ms: 200, epoch: expect.any(Number) });
      expect(loops.find(({ name }) => name === 'sweep')).toMatchObject({
        ...{ interval_ms: 700, completed_at: expect.any(String), lag_ms: expect.any(Number) },
        description: expect.stringMatching(/complete lists/),
      });
      expect(loops.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['default-groups', 'identity', 'orphans', 'sweep', 'delta:floating_ip']),
      );
      for (const { name, interval_ms: everyMs, description } of loops) {
        expect([name, everyMs]).toEqual([name, expect.any(Number)]);
        expect([name, description]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
      }
      expect(watermarks.map(({ name }) => name)).toContain('server');
      expect(sweep).toMatchObject({ complete: true });
      expect(services).toEqual(
        expect.arrayContaining([
          { name: 'identity', reachable: true },
          { name: 'compute', reachable: true },
          { name: 'network', reachable: true },
        ]),
      );
      expect(paused).toBeNull();
    });

    it('do nothing while they are paused, and go on when they are resumed', async () => {
      const servers = await ServerRequests.of(demo);
      const server = await servers.create('paused');
      expect(server.status).toBe('ACTIVE');
      const paused = await admin.post<StatusBody>('/admin/reconciliation/pause');
      const { paused: pause } = paused.body;
      expect([paused.status, pause?.by, pause?.by_account]).toEqual([200, admin.login?.user.id, 'admin']);
      expect((await status()).paused).toEqual(paused.body.paused);
      await new ReconciliationRequests(admin).atRest();
      const before = await status();
      app.simulator.outside.stop(server.openstack_id ?? '');
      await sleep(2_000);
      expect((await servers.get(server.id)).status).toBe('ACTIVE');
      const after = await status();
      expect(after.last_sweep?.id).toBe(before.last_sweep?.id);
      const deltas = ({ loops }: StatusBody) =>
        loops.filter(({ name }) => name.startsWith('delta:')).map(({ name, epoch }) => [name, epoch]);
      expect(deltas(after)).toEqual(deltas(before));
      const resumed = await admin.post<StatusBody>('/admin/reconciliation/resume');
      expect([resumed.status, resumed.body.paused]).toEqual([200, null]);
      await demo.until<ServerBody>(`/servers/${String(server.id)}`, ({ body }) => body.status === 'SHUTOFF');
    });

    it('may be paused and resumed again and again, which is audited once', async () => {
      const [pauses, resumes] = [await audited('reconciliation.pause'), await audited('reconciliation.resume')];
      const first = await admin.post<StatusBody>('/admin/reconciliation/pause');
      const again = await admin.post<StatusBody>('/admin/reconciliation/pause');
      expect(again.body).toEqual(first.body);
      for (const _time of [1, 2]) {
        const resumed = await admin.post<StatusBody>('/admin/reconciliation/resume');
        expect([resumed.status, resumed.body]).toEqual([200, { paused: null }]);
      }
      expect(await audited('reconciliation.pause')).toBe(pauses + 1);
      expect(await audited('reconciliation.resume')).toBe(resumes + 1);
    });

    it('show the oldest operation that does not get on by itself', async () => {
      const set = async (state: string) =>
        database.query('UPDATE operation SET state = ?, next_run_at = NOW(3) + INTERVAL 1 HOUR ORDER BY id LIMIT 1', [
          state,
        ]);
      await set('NEEDS_ATTENTION');
      const { oldest_stuck_operation: stuck } = await status();
      expect(stuck).toMatchObject({
        kind: expect.any(String),
        state: 'NEEDS_ATTENTION',
        created_at: expect.any(String),
      });
      await set('SUCCEEDED');
      expect((await status()).oldest_stuck_operation).toBeNull();
    });
  });
});
