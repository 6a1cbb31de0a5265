import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { plantRun, ReconciliationRequests } from '../support/reconciliations.js';
import { connect } from '../support/schema.js';
import { Stranger } from '../support/stranger.js';
import type { ProblemBody } from '../support/servers.js';

interface UnmanagedBody {
  readonly unmanaged_resources: readonly {
    readonly type: string;
    readonly openstack_id: string;
    readonly name: string | null;
    readonly project_id: number;
    readonly reconciliation_id: number;
  }[];
  readonly next_cursor: string | null;
}

interface AdoptionBody {
  readonly adopted: readonly {
    readonly type: string;
    readonly id: number | null;
    readonly openstack_id: string;
    readonly name: string;
    readonly is_new: boolean;
  }[];
}

const nowhere = '00000000-0000-4000-8000-000000000000';

describe('what was not made here', () => {
  let app: TestApp;
  let admin: Api;
  let demo: Api;
  let database: Connection;
  let project: number;
  let serverId: string;

  beforeAll(async () => {
    app = await startApp({ settings: { ORPHAN_SWEEP_MS: '600000' } });
    [admin, demo] = [await app.login('admin'), await app.login('demo')];
    database = await connect(app.schema);
    project = demo.login?.project_id ?? 0;
    const [made] = app.simulator.bulk({ project_id: seed.projects.demo, servers: 1 });
    serverId = made?.id ?? '';
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  const listed = async (query = ''): Promise<UnmanagedBody['unmanaged_resources']> =>
    (await admin.get<UnmanagedBody>(`/admin/unmanaged-resources${query}`)).body.unmanaged_resources;
  const adopt = async <T = AdoptionBody>(changes: object = {}, headers = {}) =>
    admin.post<T>(
      '/admin/adoptions',
      { type: 'server', openstack_id: serverId, project_id: project, ...changes },
      { headers },
    );
  const rowsOf = async (): Promise<number> => {
    const [rows] = await database.query<RowDataPacket[]>('SELECT 1 FROM server WHERE openstack_id = ?', [serverId]);
    return rows.length;
  };

  it('is listed nowhere before a reconciliation has seen it', async () => {
    expect(await listed()).toEqual([]);
  });

  it('is listed as the newest complete reconciliation saw it', async () => {
    const run = await new ReconciliationRequests(admin).plan();
    expect(run.complete).toBe(true);
    const found = await listed('?type=server');
    expect(found).toEqual([expect.objectContaining({ type: 'server', openstack_id: serverId, project_id: project })]);
    expect(found[0]?.reconciliation_id).toBe(run.id);
    expect(await listed(`?project_id=${String(project)}`)).toEqual(await listed());
    expect(await listed('?project_id=999999')).toEqual([]);
    expect(await listed('?type=floating_ip')).toEqual([]);
    expect((await admin.get('/admin/unmanaged-resources?type=user')).status).toBe(422);
  });

  it('is not listed from one that is incomplete', async () => {
    const before = await listed();
    const findings = [
      ...[{ type: 'UNMANAGED' as const, openstackId: 'elsewhere', projectId: project, after: { name: 'elsewhere' } }],
    ];
    await plantRun(database, { state: 'PLANNED', isComplete: false, findings });
    expect(await listed()).toEqual(before);
    const complete = await plantRun(database, { state: 'PLANNED', findings: [...findings, ...findings] });
    expect((await listed('?type=server')).map(({ name }) => name)).toEqual(['elsewhere', 'elsewhere']);
    const page = await admin.get<UnmanagedBody>('/admin/unmanaged-resources?type=server&limit=1');
    expect(page.body.next_cursor).not.toBeNull();
    expect((await listed(`?type=server&limit=1&cursor=${String(page.body.next_cursor)}`)).length).toBe(1);
    await database.query('DELETE FROM reconciliation_run WHERE id = ?', [complete]);
  });

  it('is told what would be adopted, without anything being written', async () => {
    const after = app.simulator.log.list().at(-1)?.id ?? 0;
    const answer = await adopt({ dry_run: true });
    expect(answer.status).toBe(200);
    expect(answer.body.adopted[0]).toMatchObject({ type: 'server', id: null, openstack_id: serverId, is_new: true });
    expect(await rowsOf()).toBe(0);
    const writing = app.simulator.log
      .list({ after })
      .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'));
    expect(writing).toEqual([]);
  });

  it('is adopted once, however often it is asked for', async () => {
    const headers = { 'idempotency-key': 'adopt-1' };
    const first = await adopt({}, headers);
    expect(first.status).toBe(201);
    expect(first.body.adopted[0]).toMatchObject({ type: 'server', openstack_id: serverId, is_new: true });
    const id = first.body.adopted[0]?.id;
    const shown = await demo.get<{ openstack_id: string }>(`/servers/${String(id)}`);
    expect([shown.status, shown.body.openstack_id]).toEqual([200, serverId]);
    const replayed = await adopt({}, headers);
    expect([replayed.status, replayed.body]).toEqual([201, first.body]);
    const again = await adopt();
    expect(again.status).toBe(200);
    expect(again.body.adopted[0]).toMatchObject({ id, is_new: false });
    expect(await rowsOf()).toBe(1);
    expect(await listed('?type=server')).toEqual([]);
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT actor_user_id AS actor FROM audit_event WHERE action = 'reconciliation.adopt' AND resource_type = 'server' AND resource_id = ?",
      [id],
    );
    expect(rows).toEqual([{ actor: admin.login?.user.id }]);
  });

  it.each([
    ['an object that there is not', { openstack_id: nowhere }, [404, 'UNMANAGED_RESOURCE_NOT_FOUND']],
    ['a project that there is not', { project_id: 999_999 }, [404, 'PROJECT_NOT_FOUND']],
    ['a type that there is not', { type: 'user' }, [422, 'VALIDATION_FAILED']],
    ['an id that is none', { openstack_id: 'no id/' }, [422, 'VALIDATION_FAILED']],
  ] as const)('is refused for %s', async (_what, changes, expected) => {
    const { status, body } = await adopt<ProblemBody>(changes);
    expect([status, body.code]).toEqual(expected);
  });

  it('is refused for what is in another project', async () => {
    const other = await app.login('other');
    const { status, body } = await adopt<ProblemBody>({ project_id: other.login?.project_id });
    expect([status, body.code]).toEqual([404, 'UNMANAGED_RESOURCE_NOT_FOUND']);
  });

  it('is refused for what another installation has made', async () => {
    const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    const marker = `cloud-api:someone1:${randomUUID()}`;
    const { status, body } = await adopt<ProblemBody>({
      type: 'volume',
      openstack_id: await stranger.createVolume('theirs', { marker }),
    });
    expect([status, body.code]).toEqual([409, 'ADOPTION_REFUSED']);
  });

  it('is no matter of members', async () => {
    expect((await demo.get('/admin/unmanaged-resources')).status).toBe(403);
    expect(
      (await demo.post('/admin/adoptions', { type: 'server', openstack_id: serverId, project_id: project })).status,
    ).toBe(403);
  });

  it('waits for an OpenStack that is away', async () => {
    app.simulator.switchService('compute', 'down');
    try {
      const { status, body } = await adopt<ProblemBody>();
      expect([status, body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    } finally {
      app.simulator.switchService('compute', 'up');
    }
  });
});
