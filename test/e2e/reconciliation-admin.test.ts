import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import {
  plantRun,
  ReconciliationRequests,
  type FindingBody,
  type ReconciliationBody,
} from '../support/reconciliations.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';

const hash = 'a'.repeat(64);

/** What administrators ask of reconciliation; the plans are planted, so that nothing here depends on what is planned. */
describe('reconciliations', () => {
  let app: TestApp;
  let admin: Api;
  let demo: Api;
  let runs: ReconciliationRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    admin = await app.login('admin');
    demo = await app.login('demo');
    runs = new ReconciliationRequests(admin);
    database = await connect(app.schema);
  });

  beforeEach(async () => {
    await database.query("DELETE FROM reconciliation_run WHERE origin = 'admin'");
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  const auditOf = async (id: number): Promise<readonly unknown[]> => {
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT action, actor_user_id AS actor FROM audit_event WHERE resource_type = 'reconciliation' AND resource_id = ? ORDER BY id",
      [id],
    );
    return rows.map(({ action, actor }): unknown => [action, actor]);
  };
  const detailOf = async (id: number): Promise<unknown> => {
    const { body } = await admin.get<{ audit_events: { detail: unknown }[] }>(
      `/admin/audit-events?action=reconciliation.apply&resource_id=${String(id)}`,
    );
    return body.audit_events.map(({ detail }) => detail);
  };
  const projectId = async (): Promise<number> =>
    (await admin.get<{ projects: { id: number }[] }>('/projects')).body.projects[0]?.id ?? 0;

  it('are begun by 202, with the path to follow', async () => {
    const answer = await runs.post({ mode: 'dry_run', max_changes: 7 });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/admin/reconciliations/${String(answer.body.id)}`);
    expect(answer.body).toMatchObject({
      ...{
        origin: 'admin',
        mode: 'dry_run',
        scope: { project_ids: null },
        max_changes: 7,
        requested_by: admin.login?.user.id,
      },
      ...{ state: 'PLANNING', plan_hash: null, complete: true, counts: {}, error: null, finished_at: null },
    });
    expect(await runs.get(answer.body.id)).toMatchObject({ id: answer.body.id, max_changes: 7 });
    expect(await auditOf(answer.body.id)).toEqual([['reconciliation.create', admin.login?.user.id]]);
  });

  it('are answered by the one that is under way over the same scope', async () => {
    const id = await projectId();
    const { resource_types: resourceTypes } = await runs.plan({ scope: { project_ids: [id] } });
    const running = await plantRun(database, { state: 'PLANNING', projectIds: [id], resourceTypes });
    const refused = await runs.post<ProblemBody>({ mode: 'apply', scope: { project_ids: [id] } });
    expect([refused.status, refused.body.code]).toEqual([409, 'RECONCILIATION_RUNNING']);
    expect(refused.body.blocked_by).toEqual([{ type: 'reconciliation', id: running, name: null }]);
    // Another scope is not in its way.
    const other = await runs.post({ mode: 'dry_run' });
    expect(other.status).toBe(202);
  });

  it.each([
    [
      'a project that there is not',
      { scope: { project_ids: [999_999] } },
      [404, 'PROJECT_NOT_FOUND'],
      'scope.project_ids',
    ],
    ['no project at all', { scope: { project_ids: [] } }, [422, 'VALIDATION_FAILED'], 'scope.project_ids'],
    ['a type that there is not', { resource_types: ['flavor'] }, [422, 'VALIDATION_FAILED'], 'resource_types'],
    ['a type that is ours alone', { resource_types: ['key_pair'] }, [422, 'VALIDATION_FAILED'], 'resource_types'],
    ['a type twice', { resource_types: ['server', 'server'] }, [422, 'VALIDATION_FAILED'], 'resource_types'],
    ['a mode that there is not', { mode: 'guess' }, [422, 'VALIDATION_FAILED'], 'mode'],
    ['no change at all', { max_changes: 0 }, [422, 'VALIDATION_FAILED'], 'max_changes'],
  ] as const)('are refused for %s', async (_what, changes, expected, field) => {
    const { status, body } = await runs.post<ProblemBody>({ mode: 'dry_run', ...changes });
    expect([status, body.code, body.errors?.[0]?.field]).toEqual([...expected, field]);
  });

  it('are no matter of members or readers', async () => {
    const id = await plantRun(database, { state: 'PLANNED', planHash: hash });
    for (const api of [demo, await app.login('viewer')]) {
      for (const [method, path, body] of [
        ['POST', '', { mode: 'dry_run' }],
        ['GET', '', undefined],
        ['GET', `/${String(id)}`, undefined],
        ['GET', `/${String(id)}/findings`, undefined],
        ['GET', `/${String(id)}/report`, undefined],
        ['POST', `/${String(id)}/apply`, { plan_hash: hash }],
        ['POST', `/${String(id)}/cancel`, undefined],
      ] as const) {
        const answer = await api.request<ProblemBody>(method, `/admin/reconciliations${path}`, { body });
        expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 403, 'PERMISSION_DENIED']);
      }
    }
    expect((await runs.get(id)).state).toBe('PLANNED');
  });

  it('are answered once for one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'one-reconciliation' };
    const first = await admin.post<ReconciliationBody>('/admin/reconciliations', { mode: 'dry_run' }, { headers });
    const again = await admin.post<ReconciliationBody>('/admin/reconciliations', { mode: 'dry_run' }, { headers });
    expect([first.status, again.status, again.body]).toEqual([202, 202, first.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    const other = await admin.post<ProblemBody>('/admin/reconciliations', { mode: 'apply' }, { headers });
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const [rows] = await database.query<RowDataPacket[]>("SELECT id FROM reconciliation_run WHERE origin = 'admin'");
    expect(rows.length).toBe(1);
  });

  it('are listed newest first, page by page, by state, mode and origin', async () => {
    const [a, b, c] = [
      await plantRun(database, { state: 'DONE', mode: 'apply' }),
      await plantRun(database, { state: 'PLANNED', planHash: hash }),
      await plantRun(database, { state: 'FAILED' }),
    ];
    const ids = async (query: string) =>
      (
        await admin.get<{ reconciliations: ReconciliationBody[]; next_cursor: string | null }>(
          `/admin/reconciliations?origin=admin${query}`,
        )
      ).body.reconciliations.map(({ id }) => id);
    expect(await ids('')).toEqual([c, b, a]);
    expect(await ids('&order=asc')).toEqual([a, b, c]);
    expect(await ids('&state=PLANNED')).toEqual([b]);
    expect(await ids('&mode=apply')).toEqual([a]);
    const page = await admin.get<{ next_cursor: string | null }>('/admin/reconciliations?origin=admin&limit=2');
    expect(page.headers.get('link')).toContain('rel="next"');
    expect(await ids(`&limit=2&cursor=${String(page.body.next_cursor)}`)).toEqual([a]);
    expect((await admin.get('/admin/reconciliations?origin=sweep')).status).toBe(200);
    expect((await admin.get('/admin/reconciliations?state=SLEEPING')).status).toBe(422);
  });

  it('are not found under an id that is none of theirs', async () => {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['GET', '/findings', undefined],
      ['GET', '/report', undefined],
      ['POST', '/apply', { plan_hash: hash }],
      ['POST', '/cancel', undefined],
    ] as const) {
      const answer = await admin.request<ProblemBody>(method, `/admin/reconciliations/999999${path}`, { body });
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'RECONCILIATION_NOT_FOUND']);
    }
  });

  it('have an entity tag', async () => {
    const id = await plantRun(database, { state: 'PLANNED', planHash: hash });
    const path = `/admin/reconciliations/${String(id)}`;
    const etag = (await admin.get(path)).headers.get('etag') ?? '';
    expect((await admin.get(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  describe('with findings', () => {
    let id: number;
    let project: number;
    let projectName: string;

    beforeEach(async () => {
      project = await projectId();
      projectName = (await admin.get<{ name: string }>(`/projects/${String(project)}`)).body.name;
      id = await plantRun(database, {
        state: 'PLANNED',
        planHash: hash,
        findings: [
          {
            ...{
              type: 'STATUS_DRIFT',
              resourceId: 7,
              openstackId: 'one',
              projectId: project,
              action: 'FOLLOW',
              allowed: true,
            },
            before: { status: 'ACTIVE' },
            after: { status: 'SHUTOFF' },
            evidence: [{ requestId: 'req-1', url: '/servers/detail', seenAt: new Date('2026-11-24T09:30:00.000Z') }],
          },
          { type: 'MASS_MISSING', resourceId: 8, action: 'TOMBSTONE', allowed: false, reason: 'So many are missing' },
          { type: 'MISSING', resourceId: 9, action: 'TOMBSTONE', allowed: false, reason: 'The grace time is not over' },
          { type: 'UNMANAGED', resourceType: 'volume', openstackId: 'two', after: { name: '=1+1' } },
        ],
      });
    });

    const listed = async (query = ''): Promise<readonly string[]> =>
      (await runs.findings(id, query)).map(({ type }) => type);

    it('count and list them', async () => {
      expect((await runs.get(id)).counts).toEqual({ STATUS_DRIFT: 1, MASS_MISSING: 1, MISSING: 1, UNMANAGED: 1 });
      const [first] = await runs.findings(id);
      expect(first).toEqual({
        ...{
          id: expect.any(Number),
          type: 'STATUS_DRIFT',
          resource_type: 'server',
          resource_id: 7,
          resource_name: null,
          openstack_id: 'one',
        },
        ...{ project_id: project, project_name: projectName },
        ...{ before: { status: 'ACTIVE' }, after: { status: 'SHUTOFF' }, action: 'FOLLOW' },
        ...{ allowed: true, state: 'OPEN', reason: null, first_seen_at: expect.any(String), applied_at: null },
        evidence: [{ request_id: 'req-1', url: '/servers/detail', seen_at: '2026-11-24T09:30:00.000Z' }],
      });
    });

    it('list some of them', async () => {
      expect(await listed('?type=MISSING')).toEqual(['MISSING']);
      expect(await listed('?state=APPLIED')).toEqual([]);
      expect(await listed('?state=OPEN&order=desc')).toEqual(['UNMANAGED', 'MISSING', 'MASS_MISSING', 'STATUS_DRIFT']);
      expect(await listed('?resource_type=volume')).toEqual(['UNMANAGED']);
      expect(await listed(`?project_id=${String(project)}`)).toEqual(['STATUS_DRIFT']);
      expect(await listed('?allowed=true')).toEqual(['STATUS_DRIFT']);
      expect(await listed('?allowed=false&limit=2')).toEqual(['MASS_MISSING', 'MISSING']);
      const page = await admin.get<{ next_cursor: string }>(`/admin/reconciliations/${String(id)}/findings?limit=3`);
      expect(await listed(`?limit=3&cursor=${page.body.next_cursor}`)).toEqual(['UNMANAGED']);
      const wrong = await admin.get<ProblemBody>(`/admin/reconciliations/${String(id)}/findings?type=LOST`);
      expect([wrong.status, wrong.body.errors?.[0]?.field]).toEqual([422, 'type']);
    });

    it('are reported whole as JSON', async () => {
      const report = await admin.get<{ reconciliation: ReconciliationBody; findings: FindingBody[] }>(
        `/admin/reconciliations/${String(id)}/report`,
      );
      expect([report.status, report.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
      expect(report.body.reconciliation).toEqual(await runs.get(id));
      expect(report.body.findings).toEqual(await runs.findings(id));
    });

    it('are reported whole as CSV, and nothing in it is a formula', async () => {
      const path = `/admin/reconciliations/${String(id)}/report`;
      const byHeader = await admin.get<string>(path, { headers: { accept: 'text/csv' } });
      expect([byHeader.status, byHeader.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
      expect(byHeader.headers.get('content-disposition')).toBe(
        `attachment; filename="reconciliation-${String(id)}.csv"`,
      );
      const byQuery = await admin.get<string>(`${path}?format=csv`);
      expect(byQuery.body).toBe(byHeader.body);
      const lines = byHeader.body.split('\r\n');
      expect(lines.length).toBe(6);
      expect(lines[0]).toMatch(/^id,type,resource_type,/);
      expect(lines[1]).toContain('"{""status"":""ACTIVE""}"');
      const json = await admin.get(`${path}?format=json`, { headers: { accept: 'text/csv' } });
      expect(json.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect((await admin.get(`${path}?format=xml`)).status).toBe(422);
    });

    it('are applied by their hash', async () => {
      const answer = await runs.apply(id, { plan_hash: hash });
      expect([answer.status, answer.headers.get('location')]).toEqual([202, `/admin/reconciliations/${String(id)}`]);
      expect(answer.body).toMatchObject({ id, state: 'APPLYING', finished_at: null });
      expect(await auditOf(id)).toEqual([['reconciliation.apply', admin.login?.user.id]]);
      const again = await runs.apply<ProblemBody>(id, { plan_hash: hash });
      expect([again.status, again.body.code]).toEqual([409, 'RECONCILIATION_NOT_PLANNED']);
    });

    it('are not applied by another hash', async () => {
      for (const plan_hash of ['b'.repeat(64), 'x']) {
        const { status, body } = await runs.apply<ProblemBody>(id, { plan_hash });
        expect([status, body.code]).toEqual([412, 'PLAN_OUTDATED']);
      }
      expect((await runs.get(id)).state).toBe('PLANNED');
    });

    it('are not applied when a newer plan of their scope exists, unless that was cancelled', async () => {
      const newer = await plantRun(database, { state: 'PLANNED', planHash: hash });
      expect([(await runs.get(id)).superseded_by, (await runs.get(newer)).superseded_by]).toEqual([newer, null]);
      const { status, body } = await runs.apply<ProblemBody>(id, { plan_hash: hash });
      expect([status, body.code, body.blocked_by]).toEqual([
        412,
        'PLAN_OUTDATED',
        [{ type: 'reconciliation', id: newer, name: null }],
      ]);
      expect((await runs.cancel(newer)).status).toBe(200);
      expect((await runs.get(id)).superseded_by).toBeNull();
      expect((await runs.apply(id, { plan_hash: hash })).status).toBe(202);
    });

    it('wait for one of their scope that begins in the same moment', async () => {
      await database.beginTransaction();
      const begun = await plantRun(database, { state: 'PLANNING' });
      const pending = runs.apply<ProblemBody>(id, { plan_hash: hash });
      // It sees no newer plan, and then meets the index.
      for (const end = Date.now() + 10_000; Date.now() < end;) {
        const [waiting] = await database.query<RowDataPacket[]>(
          `SELECT 1 FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
            WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()`,
        );
        if (waiting.length > 0) break;
        await sleep(20);
      }
      await database.commit();
      const { status, body } = await pending;
      expect([status, body.code, body.blocked_by]).toEqual([
        409,
        'RECONCILIATION_RUNNING',
        [{ type: 'reconciliation', id: begun, name: null }],
      ]);
      expect((await runs.get(id)).state).toBe('PLANNED');
      expect((await runs.cancel(begun)).status).toBe(200);
    });

    it('are applied in part', async () => {
      const [drift] = await runs.findings(id, '?type=STATUS_DRIFT');
      const answer = await runs.apply(id, { plan_hash: hash, finding_ids: [drift?.id] });
      expect(answer.status).toBe(202);
      const [rows] = await database.query<RowDataPacket[]>(
        'SELECT chosen_finding_ids AS chosen, confirms_mass_change AS confirms FROM reconciliation_run WHERE id = ?',
        [id],
      );
      expect(rows).toEqual([{ chosen: [drift?.id], confirms: 0 }]);
    });

    it('name what they are about as people do: by the row, else by the object', async () => {
      const [{ id: group, name: groupName } = { id: 0, name: '' }] = (
        await demo.get<{ security_groups: { id: number; name: string }[] }>('/security-groups')
      ).body.security_groups;
      const person = demo.login?.user.id ?? 0;
      const [members] = await database.query<RowDataPacket[]>('SELECT id FROM project_user WHERE user_id = ? LIMIT 1', [
        person,
      ]);
      const [volume] = await database.query<ResultSetHeader>(
        `INSERT INTO volume (uuid, project_id, name, status, size, deleted_at) VALUES (UUID(), ?, '=data-1', 'available', 1, NOW(3))`,
        [project],
      );
      const named = await plantRun(database, {
        ...{ state: 'PLANNED', planHash: hash },
        findings: [
          // A tombstone is called as it was.
          { resourceType: 'volume', resourceId: volume.insertId, projectId: project, after: { name: 'another' } },
          { resourceType: 'security_group', resourceId: group },
          { resourceType: 'user', resourceId: person },
          { resourceType: 'project_user', resourceId: Number(members[0]?.['id']), projectId: project },
          { resourceType: 'project', resourceId: project, projectId: project },
          { type: 'UNMANAGED', resourceType: 'volume', openstackId: 'v', after: { name: 'by-hand' } },
          { type: 'UNMANAGED', resourceType: 'user', after: { account_id: 'grace' } },
          { type: 'INCOMPLETE_VIEW', resourceType: 'floating_ip' },
        ],
      });
      const found = await runs.findings(named);
      expect(found.map(({ resource_name: name, project_name: of }) => [name, of])).toEqual([
        ['=data-1', projectName],
        [groupName, null],
        ['demo', null],
        ['demo', projectName],
        [projectName, projectName],
        ['by-hand', null],
        ['grace', null],
        [null, null],
      ]);
      const path = `/admin/reconciliations/${String(named)}/report`;
      expect((await admin.get<{ findings: FindingBody[] }>(path)).body.findings).toEqual(found);
      const lines = (await admin.get<string>(`${path}?format=csv`)).body.split('\r\n');
      expect(lines[0]).toMatch(
        /^id,type,resource_type,resource_id,resource_name,openstack_id,project_id,project_name,/,
      );
      expect(lines[1]).toContain(`,volume,${String(volume.insertId)},"'=data-1",`);
      expect(lines[5]).toContain(`,,${String(project)},${projectName},`);
    });

    it('are recorded with what was applied', async () => {
      const [drift, mass] = await runs.findings(id);
      const chosen = await plantRun(database, {
        ...{ state: 'PLANNED', planHash: hash, resourceTypes: ['volume'] },
        findings: [{}, {}].map(() => ({ resourceType: 'volume', action: 'FOLLOW', allowed: true })),
      });
      const [one] = await runs.findings(chosen);
      expect((await runs.apply(chosen, { plan_hash: hash, finding_ids: [one?.id] })).status).toBe(202);
      expect(await detailOf(chosen)).toEqual([
        { plan_hash: hash, findings: 1, choice: 'chosen', confirm_mass_change: false },
      ]);
      expect([drift?.allowed, mass?.allowed]).toEqual([true, false]);
      expect((await runs.apply(id, { plan_hash: hash, confirm_mass_change: true })).status).toBe(202);
      expect(await detailOf(id)).toEqual([{ plan_hash: hash, findings: 2, choice: 'all', confirm_mass_change: true }]);
    });

    const outcomes = async (): Promise<readonly unknown[]> => {
      expect((await runs.settled(id)).state).toBe('DONE');
      return (await runs.findings(id)).map(({ type, state, reason }) => [type, state, reason]);
    };
    const notAllowed = [
      ['MISSING', 'SKIPPED', 'The grace time is not over'],
      ['UNMANAGED', 'SKIPPED', 'nothing is to be done about it'],
    ];

    it('leave nothing open: what was not chosen is skipped, and so is what may not be done', async () => {
      const [, mass] = await runs.findings(id);
      await runs.apply(id, { plan_hash: hash, finding_ids: [mass?.id], confirm_mass_change: true });
      expect(await outcomes()).toEqual([
        ['STATUS_DRIFT', 'SKIPPED', 'it was not chosen'],
        ['MASS_MISSING', 'SKIPPED', 'the finding names no row'],
        ...notAllowed,
      ]);
    });

    it('leave nothing open where all that is allowed is applied, and a mass is not confirmed', async () => {
      await runs.apply(id, { plan_hash: hash });
      expect(await outcomes()).toEqual([
        ['STATUS_DRIFT', 'SKIPPED', 'the object is not in OpenStack any more'],
        ['MASS_MISSING', 'SKIPPED', 'So many are missing'],
        ...notAllowed,
      ]);
      const done = await runs.get(id);
      expect([done.outcomes, done.superseded_by]).toEqual([{ open: 0, applied: 0, skipped: 4, failed: 0 }, null]);
    });

    it('are refused where a chosen one cannot be applied', async () => {
      const [, mass, missing, unmanaged] = await runs.findings(id);
      const stranger = await plantRun(database, { state: 'DONE', findings: [{}], resourceTypes: ['volume'] });
      const [foreign] = await runs.findings(stranger);
      const ids = [mass?.id, missing?.id, unmanaged?.id, foreign?.id, 999_999];
      const refused = await runs.apply<ProblemBody>(id, { plan_hash: hash, finding_ids: ids });
      expect(refused.status).toBe(422);
      expect(refused.body.errors?.map(({ field, type }) => [field, type])).toEqual([
        ['finding_ids.0', 'unconfirmed'],
        ['finding_ids.1', 'not_allowed'],
        ['finding_ids.2', 'no_action'],
        ['finding_ids.3', 'not_found'],
        ['finding_ids.4', 'not_found'],
      ]);
      expect((await runs.apply(id, { plan_hash: hash, finding_ids: [] })).status).toBe(422);
      expect((await runs.get(id)).state).toBe('PLANNED');
      const confirmed = { plan_hash: hash, finding_ids: [mass?.id], confirm_mass_change: true };
      expect((await runs.apply(id, confirmed)).status).toBe(202);
    });

    it('are cancelled, and then neither applied nor cancelled again', async () => {
      const cancelled = await runs.cancel(id);
      expect([cancelled.status, cancelled.body.state]).toEqual([200, 'CANCELLED']);
      expect(await auditOf(id)).toEqual([['reconciliation.cancel', admin.login?.user.id]]);
      const again = await runs.cancel<ProblemBody>(id);
      expect([again.status, again.body.code]).toEqual([409, 'RECONCILIATION_ENDED']);
      const applied = await runs.apply<ProblemBody>(id, { plan_hash: hash });
      expect([applied.status, applied.body.code]).toEqual([409, 'RECONCILIATION_NOT_PLANNED']);
    });

    it('are skipped from where they were when cancelled in the middle', async () => {
      await database.query("UPDATE reconciliation_run SET state = 'APPLYING' WHERE id = ?", [id]);
      expect((await runs.cancel(id)).status).toBe(200);
      const states = (await runs.findings(id)).map(({ state, reason }) => [state, reason]);
      expect(states[0]).toEqual(['SKIPPED', 'The reconciliation was cancelled.']);
      expect(states.map(([state]) => state)).toEqual(['SKIPPED', 'SKIPPED', 'SKIPPED', 'SKIPPED']);
    });

    it.each(['PLANNING', 'APPLYING', 'DONE', 'FAILED'] as const)('are not applied while %s', async (state) => {
      const other = await plantRun(database, { state, planHash: hash, resourceTypes: ['volume'] });
      const { status, body } = await runs.apply<ProblemBody>(other, { plan_hash: hash });
      expect([status, body.code]).toEqual([409, 'RECONCILIATION_NOT_PLANNED']);
    });
  });
});
