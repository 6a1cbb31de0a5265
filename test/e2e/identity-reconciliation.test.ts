import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { startApp, type TestApp } from '../support/app.js';
import { Reconciliations, type FoundPlan } from '../support/recorded-runs.js';
import { connect } from '../support/schema.js';

const never = '3600000';

describe('reconciliation of projects, people and members', () => {
  let app: TestApp;
  let database: Connection;
  let runs: Reconciliations;

  beforeAll(async () => {
    app = await startApp({
      settings: { DELTA_MS: never, SWEEP_MS: never, ORPHAN_SWEEP_MS: never, IDENTITY_SWEEP_MS: never },
    });
    database = await connect(app.schema);
    runs = await Reconciliations.of(app, 'project', 'user', 'project_user');
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(async () => {
    app.simulator.reset();
    await runs.setPolicies({ missing_grace_seconds: 0 });
    const plan = await runs.dryRun();
    if (plan.findings.length > 0) await runs.apply(plan);
  });

  async function rows(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    const [found] = await database.query<RowDataPacket[]>(sql, values);
    return found;
  }

  const told = ({ findings }: FoundPlan) =>
    findings.map(({ type, resource_type: of, action, allowed }) => [type, of, action, allowed]);

  async function planned(): Promise<FoundPlan> {
    const before = app.simulator.log.list().at(-1)?.id ?? 0;
    const plan = await runs.dryRun();
    const writes = app.simulator.log
      .list({ after: before })
      .filter(({ method, path }) => method !== 'GET' && !path.includes('/auth/tokens'));
    expect(writes).toEqual([]);
    return plan;
  }

  async function applied(plan: FoundPlan): Promise<void> {
    const done = await runs.apply(plan);
    expect(done.findings.filter(({ allowed, state }) => allowed && state !== 'APPLIED')).toEqual([]);
    expect(told(await planned())).toEqual([]);
  }

  it('finds nothing where nothing differs', async () => {
    expect(told(await planned())).toEqual([]);
  });

  it('takes over a disabled user, a renamed project and a changed role', async () => {
    const { outside, cloud, seed } = app.simulator;
    outside.setEnabled(seed.users.mate.id, false);
    outside.rename(seed.projects.other, 'renamed');
    outside.revokeRoles(seed.users.viewer.id, seed.projects.demo);
    outside.grant({ userId: seed.users.viewer.id, roleId: seed.roles.member, projectId: seed.projects.demo });
    const plan = await planned();
    expect(plan.findings).toMatchObject([
      {
        type: 'FIELD_DRIFT',
        resource_type: 'project',
        before: { name: 'other' },
        after: { name: 'renamed' },
      },
      { type: 'FIELD_DRIFT', resource_type: 'user', before: { enabled: true }, after: { enabled: false } },
      {
        type: 'FIELD_DRIFT',
        resource_type: 'project_user',
        before: { role: 'reader' },
        after: { role: 'member' },
      },
    ]);
    expect(await rows("SELECT enabled FROM user WHERE account_id = 'mate'")).toEqual([{ enabled: 1 }]);
    await applied(plan);
    expect(await rows("SELECT enabled FROM user WHERE account_id = 'mate'")).toEqual([{ enabled: 0 }]);
    expect(await rows('SELECT name FROM project WHERE openstack_id = ?', [seed.projects.other])).toEqual([
      { name: 'renamed' },
    ]);
    expect(cloud.users.get(seed.users.mate.id)?.enabled).toBe(false);
  });

  it('takes in a project, a person and a member that are new', async () => {
    const { cloud, seed } = app.simulator;
    const [other, mate] = [cloud.projects.get(seed.projects.other), cloud.users.get(seed.users.mate.id)];
    if (other === undefined || mate === undefined) throw new Error('no seed');
    const [projectId, userId] = ['1'.repeat(32), '2'.repeat(32)];
    cloud.projects.set(projectId, { ...other, id: projectId, name: 'new-project' });
    cloud.users.set(userId, { ...mate, id: userId, name: 'newcomer' });
    app.simulator.outside.grant({ userId, roleId: seed.roles.member, projectId });
    const plan = await planned();
    expect(told(plan)).toEqual([
      ['UNMANAGED', 'project', 'ADOPT', true],
      ['UNMANAGED', 'user', 'ADOPT', true],
      ['UNMANAGED', 'project_user', 'ADOPT', true],
    ]);
    await applied(plan);
    expect(
      await rows(
        `SELECT u.account_id AS account, p.name AS project, pu.role FROM project_user pu
           JOIN user u ON u.id = pu.user_id JOIN project p ON p.id = pu.project_id WHERE u.openstack_id = ?`,
        [userId],
      ),
    ).toEqual([{ account: 'newcomer', project: 'new-project', role: 'member' }]);
    cloud.projects.delete(projectId);
    cloud.users.delete(userId);
    cloud.assignments = cloud.assignments.filter((one) => one.userId !== userId);
  });

  it('ends the sessions of a user who is gone, and takes members out who lost their role', async () => {
    const mate = await app.login('mate');
    const { outside, seed } = app.simulator;
    outside.delete(seed.users.mate.id);
    outside.revokeRoles(seed.users.viewer.id, seed.projects.demo);
    const plan = await planned();
    expect(told(plan)).toEqual([
      ['DELETED_OUTSIDE', 'user', 'TOMBSTONE', true],
      ['DELETED_OUTSIDE', 'project_user', 'TOMBSTONE', true],
    ]);
    expect((await mate.get('/auth/me')).status).toBe(200);
    await applied(plan);
    expect((await mate.get('/auth/me')).status).toBe(401);
    expect(
      await rows(
        'SELECT 1 FROM session WHERE ended_at IS NULL AND user_id = (SELECT id FROM user WHERE account_id = ? LIMIT 1)',
        ['mate'],
      ),
    ).toEqual([]);
    expect(
      await rows("SELECT 1 FROM project_user pu JOIN user u ON u.id = pu.user_id WHERE u.account_id = 'viewer'"),
    ).toEqual([]);
  });

  it('deletes the row of a project that is gone, unless something lives in it', async () => {
    const { cloud, seed } = app.simulator;
    const [project] = await rows('SELECT id FROM project WHERE openstack_id = ?', [seed.projects.other]);
    await database.query(
      "INSERT INTO volume (project_id, name, size, status, uuid) VALUES (?, 'data', 1, 'AVAILABLE', UUID())",
      [project?.['id']],
    );
    cloud.projects.delete(seed.projects.other);
    const first = await planned();
    expect(told(first).filter(([, of]) => of === 'project')).toEqual([
      ['DELETED_OUTSIDE', 'project', 'MARK_MISSING', true],
    ]);
    await runs.apply(first);
    expect(await rows('SELECT enabled, deleted_at FROM project WHERE id = ?', [project?.['id']])).toEqual([
      { enabled: 0, deleted_at: null },
    ]);
    expect(told(await planned()).filter(([, of]) => of === 'project')).toEqual([
      ['DELETED_OUTSIDE', 'project', null, false],
    ]);
    await database.query('DELETE FROM volume WHERE project_id = ?', [project?.['id']]);
    await database.query('UPDATE security_group SET deleted_at = NOW(3) WHERE project_id = ? AND is_default = 0', [
      project?.['id'],
    ]);
    const last = await planned();
    expect(told(last).filter(([, of]) => of === 'project')).toEqual([
      ['DELETED_OUTSIDE', 'project', 'TOMBSTONE', true],
    ]);
    await runs.apply(last);
    const [gone] = await rows('SELECT deleted_at FROM project WHERE id = ?', [project?.['id']]);
    expect(gone?.['deleted_at']).not.toBeNull();
  });

  it('lets those in who were made anew under the name of one who is gone, in one run', async () => {
    await runs.setPolicies({ missing_grace_seconds: 300 });
    const { cloud, outside, seed } = app.simulator;
    const [other, mate] = [cloud.projects.get(seed.projects.other), cloud.users.get(seed.users.mate.id)];
    if (other === undefined || mate === undefined) throw new Error('no seed');
    const [projectId, userId] = ['3'.repeat(32), '4'.repeat(32)];
    cloud.projects.delete(other.id);
    outside.delete(mate.id);
    cloud.projects.set(projectId, { ...other, id: projectId });
    cloud.users.set(userId, { ...mate, id: userId });
    outside.grant({ userId, roleId: seed.roles.member, projectId });
    const plan = await planned();
    expect(told(plan)).toEqual([
      ['DELETED_OUTSIDE', 'project', 'TOMBSTONE', true],
      ['UNMANAGED', 'project', 'ADOPT', true],
      ['DELETED_OUTSIDE', 'user', 'TOMBSTONE', true],
      ['UNMANAGED', 'user', 'ADOPT', true],
      ['UNMANAGED', 'project_user', 'ADOPT', true],
    ]);
    await applied(plan);
  });

  it('applies nothing unconfirmed where many are gone at once, and nothing where lists are empty or refused', async () => {
    const { cloud, outside, seed } = app.simulator;
    const before = await rows(
      'SELECT id, deleted_at, enabled FROM user UNION ALL SELECT id, deleted_at, enabled FROM project',
    );
    for (const user of ['mate', 'viewer', 'other'] as const) outside.delete(seed.users[user].id);
    const mass = await planned();
    expect(told(mass)).toEqual([
      ['MASS_MISSING', 'user', 'TOMBSTONE', false],
      ['MASS_MISSING', 'user', 'TOMBSTONE', false],
      ['MASS_MISSING', 'user', 'TOMBSTONE', false],
    ]);
    await runs.apply(mass);
    app.simulator.reset();
    // Among them is the service account's own role, without which Keystone refuses every list.
    cloud.assignments = [];
    const roleless = await runs.dryRun();
    expect(roleless.isComplete).toBe(false);
    expect(roleless.findings.map(({ action }) => action)).toEqual([null, null, null]);
    app.simulator.reset();
    for (const status of [401, 403, 404, 503]) {
      app.simulator.faults.add({ service: 'identity', method: 'GET', status });
      const plan = await runs.dryRun();
      expect(plan.findings.map(({ action }) => action)).toEqual([null, null, null]);
      app.simulator.faults.clear();
    }
    expect(
      await rows('SELECT id, deleted_at, enabled FROM user UNION ALL SELECT id, deleted_at, enabled FROM project'),
    ).toEqual(before);
  });
});
