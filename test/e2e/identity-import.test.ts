import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../support/app.js';
import { ReconciliationRequests } from '../support/reconciliations.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';

const sweepMs = 300;

describe('the import from Keystone', () => {
  let app: TestApp;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp({ settings: { IDENTITY_SWEEP_MS: String(sweepMs) } });
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(async () => {
    app.simulator.reset();
    await sweeps();
  });

  async function rows(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    const [found] = await database.query<RowDataPacket[]>(sql, values);
    return found;
  }

  const epoch = async () => Number((await rows("SELECT epoch FROM lease WHERE name = 'identity'"))[0]?.['epoch']);

  /** Waits for an import that began after this call and is through. */
  async function sweeps(): Promise<void> {
    const wanted = (await epoch()) + 2;
    const end = Date.now() + 10_000;
    while ((await epoch()) < wanted) {
      if (Date.now() > end) throw new Error('no import came');
      await sleep(20);
    }
  }

  async function places(): Promise<string[]> {
    const found = await rows(
      `SELECT u.account_id AS user, p.name AS project, pu.role FROM project_user pu
           JOIN user u ON u.id = pu.user_id JOIN project p ON p.id = pu.project_id
          WHERE u.deleted_at IS NULL AND p.deleted_at IS NULL ORDER BY u.account_id, p.name`,
    );
    return found.map(({ user, project, role }) => `${String(user)} ${String(role)} ${String(project)}`);
  }

  const seedPlaces = [
    'admin member demo',
    'demo member demo',
    'mate member demo',
    'other member other',
    'viewer reader demo',
  ];

  function assign(
    user: 'demo' | 'mate' | 'viewer' | 'other',
    role: 'member' | 'reader',
    project: 'demo' | 'other',
  ): void {
    const { cloud, seed } = app.simulator;
    cloud.assignments.push({
      userId: seed.users[user].id,
      roleId: seed.roles[role],
      projectId: seed.projects[project],
      isInherited: false,
    });
  }

  function removeRoles(user: 'demo' | 'mate' | 'viewer' | 'other'): void {
    const { cloud, seed } = app.simulator;
    cloud.assignments = cloud.assignments.filter(({ userId }) => userId !== seed.users[user].id);
  }

  it('brings domain, managed projects, their people and roles, and nothing else', async () => {
    expect(await rows('SELECT openstack_id, name FROM domain')).toEqual([{ openstack_id: 'default', name: 'Default' }]);
    expect((await rows('SELECT name FROM project ORDER BY name')).map((row) => String(row['name']))).toEqual([
      'demo',
      'other',
    ]);
    const people = await rows('SELECT account_id, is_admin FROM user ORDER BY account_id');
    expect(people.map((row) => [String(row['account_id']), Number(row['is_admin'])])).toEqual([
      ['admin', 1],
      ['demo', 0],
      ['mate', 0],
      ['other', 0],
      ['viewer', 0],
    ]);
    expect(await places()).toEqual(seedPlaces);
  });

  it('gives the service account the role member on every managed project', () => {
    const { cloud, seed } = app.simulator;
    const isMember = cloud.assignments.some(
      ({ userId, roleId, projectId }) =>
        userId === seed.users.admin.id && roleId === seed.roles.member && projectId === seed.projects.other,
    );
    expect(isMember).toBe(true);
  });

  it('leaves what is the same untouched', async () => {
    const before = await rows('SELECT id, updated_at FROM user UNION ALL SELECT id, updated_at FROM project');
    await sweeps();
    expect(await rows('SELECT id, updated_at FROM user UNION ALL SELECT id, updated_at FROM project')).toEqual(before);
  });

  it('follows roles that come, change and go', async () => {
    assign('viewer', 'member', 'other');
    removeRoles('mate');
    assign('mate', 'reader', 'demo');
    await sweeps();
    expect(await places()).toEqual([
      'admin member demo',
      'demo member demo',
      'mate reader demo',
      'other member other',
      'viewer reader demo',
      'viewer member other',
    ]);
    removeRoles('viewer');
    await sweeps();
    expect((await places()).filter((place) => place.startsWith('viewer'))).toEqual([]);
    const [viewer] = await rows("SELECT deleted_at FROM user WHERE account_id = 'viewer'");
    expect(viewer).toMatchObject({ deleted_at: null });
  });

  it('ends sessions with the user, and keeps the account of one who comes back', async () => {
    const mate = await app.login('mate');
    const { cloud, seed } = app.simulator;
    const user = cloud.users.get(seed.users.mate.id);
    if (user === undefined) throw new Error('no mate');
    user.enabled = false;
    await sweeps();
    expect((await mate.get('/auth/me')).status).toBe(401);
    user.enabled = true;
    await sweeps();
    expect((await mate.get('/auth/me')).status).toBe(200);
    app.simulator.outside.delete(seed.users.mate.id);
    await sweeps();
    expect((await mate.get('/auth/me')).status).toBe(401);
    const [gone] = await rows("SELECT deleted_at FROM user WHERE account_id = 'mate'");
    expect(gone?.['deleted_at']).not.toBeNull();
  });

  it('removes nobody on the strength of a list that Keystone cut', async () => {
    const before = await places();
    const admins = () => rows('SELECT account_id, is_admin FROM user WHERE deleted_at IS NULL ORDER BY account_id');
    const adminsBefore = await admins();
    // Last of all, so that the list ends before the administrator.
    const { cloud, seed } = app.simulator;
    const admin = cloud.users.get(seed.users.admin.id);
    if (admin === undefined) throw new Error('no admin');
    cloud.users.delete(admin.id);
    cloud.users.set(admin.id, admin);
    app.simulator.configure({ identity_list_limit: 2 });
    await sweeps();
    await sweeps();
    expect(await places()).toEqual(before);
    expect(await admins()).toEqual(adminsBefore);
    expect(await rows('SELECT id FROM user WHERE deleted_at IS NOT NULL AND account_id <> ?', ['mate'])).toEqual([]);
    expect(await rows('SELECT id FROM project WHERE enabled = 0')).toEqual([]);
  });

  it('removes nobody while Keystone answers 404 for everything (O22)', async () => {
    const before = await places();
    app.simulator.faults.add({ service: 'identity', method: 'GET', status: 404 });
    await sleep(4 * sweepMs);
    expect(await places()).toEqual(before);
    expect(await rows('SELECT id FROM project WHERE enabled = 0')).toEqual([]);
    app.simulator.faults.clear();
    await sweeps();
    expect(await places()).toEqual(before);
  });

  it('removes nobody when many are gone at once, until an administrator confirms it', async () => {
    const mate = await app.login('mate');
    const admin = await app.login('admin');
    const runs = new ReconciliationRequests(admin);
    const { cloud, outside, seed } = app.simulator;
    const before = await places();
    for (const user of ['mate', 'viewer', 'other'] as const) outside.delete(seed.users[user].id);
    await sweeps();
    await sweeps();
    expect(await places()).toEqual(before);
    expect((await mate.get('/auth/me')).status).toBe(200);
    const plan = await runs.plan({ resource_types: ['user', 'project_user'] });
    expect(plan.counts).toEqual({ MASS_MISSING: 3 });
    await runs.apply(plan.id, { plan_hash: plan.plan_hash, confirm_mass_change: true });
    await runs.settled(plan.id);
    expect(await places()).toEqual(['admin member demo', 'demo member demo']);
    expect((await mate.get('/auth/me')).status).toBe(401);

    app.simulator.reset();
    await sweeps();
    const both = await places();
    for (const project of ['demo', 'other'] as const) cloud.projects.delete(seed.projects[project]);
    await sweeps();
    await sweeps();
    await app.login('mate');
    expect(await places()).toEqual(both);
    expect(await rows('SELECT id FROM project WHERE enabled = 0 AND deleted_at IS NULL')).toEqual([]);
  });

  it('takes over a new name of a project', async () => {
    const { cloud, seed } = app.simulator;
    const project = cloud.projects.get(seed.projects.other);
    if (project === undefined) throw new Error('no project');
    const [before] = await rows('SELECT id FROM project WHERE openstack_id = ?', [seed.projects.other]);
    project.name = 'renamed';
    await sweeps();
    const [after] = await rows('SELECT id, name FROM project WHERE openstack_id = ?', [seed.projects.other]);
    expect(after?.['name']).toBe('renamed');
    expect(after?.['id']).toBe(before?.['id']);
  });

  it('makes a project read-only that is disabled or gone in Keystone', async () => {
    const other = await app.login('other');
    const { cloud, seed } = app.simulator;
    const project = cloud.projects.get(seed.projects.other);
    if (project === undefined) throw new Error('no project');
    project.enabled = false;
    await sweeps();
    const refused = await other.post<ProblemBody>('/servers', {});
    expect([refused.status, refused.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    expect((await other.get('/servers')).status).toBe(200);
    project.enabled = true;
    await sweeps();
    expect((await other.post<ProblemBody>('/servers', {})).status).toBe(422);
    cloud.projects.delete(seed.projects.other);
    await sweeps();
    expect(await rows('SELECT enabled, deleted_at FROM project WHERE openstack_id = ?', [seed.projects.other])).toEqual(
      [{ enabled: 0, deleted_at: null }],
    );
  });

  it('frees the name of a project that is gone for a new one', async () => {
    const { cloud, seed } = app.simulator;
    const old = cloud.projects.get(seed.projects.other);
    if (old === undefined) throw new Error('no project');
    cloud.projects.delete(old.id);
    cloud.projects.set('0123456789abcdef0123456789abcdef', { ...old, id: '0123456789abcdef0123456789abcdef' });
    await sweeps();
    const found = await rows(
      'SELECT openstack_id, deleted_at IS NULL AS is_live FROM project WHERE name = ? ORDER BY id',
      ['other'],
    );
    expect(found).toEqual([
      { openstack_id: seed.projects.other, is_live: 0 },
      { openstack_id: '0123456789abcdef0123456789abcdef', is_live: 1 },
    ]);
  });

  it('keeps the row of one in which something still lives, under another name', async () => {
    const { cloud, seed } = app.simulator;
    const old = cloud.projects.get(seed.projects.other);
    if (old === undefined) throw new Error('no project');
    await database.query(
      "INSERT INTO volume (project_id, name, size, status, uuid) SELECT id, 'data', 1, 'AVAILABLE', UUID() FROM project WHERE openstack_id = ?",
      [old.id],
    );
    cloud.projects.delete(old.id);
    cloud.projects.set('fedcba9876543210fedcba9876543210', { ...old, id: 'fedcba9876543210fedcba9876543210' });
    await sweeps();
    await sweeps();
    const found = await rows('SELECT name, enabled FROM project WHERE deleted_at IS NULL AND name LIKE ? ORDER BY id', [
      'other%',
    ]);
    expect(found).toEqual([
      { name: `other (${old.id})`, enabled: 0 },
      { name: 'other', enabled: 1 },
    ]);
    await database.query('DELETE FROM volume');
  });

  it('lets many back in who were made anew in Keystone, under the names of those who are gone', async () => {
    const { cloud, seed } = app.simulator;
    const renewed = (id: string): string => id.replace(/^.{8}/, 'abcdef01');
    for (const name of ['mate', 'viewer', 'other'] as const) {
      const { id } = seed.users[name];
      const user = cloud.users.get(id);
      if (user === undefined) throw new Error(`no ${name}`);
      cloud.users.delete(id);
      cloud.users.set(renewed(id), { ...user, id: renewed(id) });
      cloud.assignments = cloud.assignments.map((one) => (one.userId === id ? { ...one, userId: renewed(id) } : one));
    }
    for (const project of ['demo', 'other'] as const) {
      const old = cloud.projects.get(seed.projects[project]);
      if (old === undefined) throw new Error(`no ${project}`);
      cloud.projects.delete(old.id);
      cloud.projects.set(renewed(old.id), { ...old, id: renewed(old.id) });
      cloud.assignments = cloud.assignments.map((one) =>
        one.projectId === old.id ? { ...one, projectId: renewed(old.id) } : one,
      );
    }
    await sweeps();
    await sweeps();
    expect(await places()).toEqual(seedPlaces);
    expect(
      await rows('SELECT openstack_id FROM project WHERE deleted_at IS NULL AND name IN (?) ORDER BY name', [
        ['demo', 'other'],
      ]),
    ).toEqual(['demo', 'other'].map((name) => ({ openstack_id: renewed(seed.projects[name as 'demo' | 'other']) })));
    await app.login('mate');
  });

  it('makes one more project read-only that is gone when another one was long ago', async () => {
    const { cloud, seed } = app.simulator;
    const template = cloud.projects.get(seed.projects.other);
    if (template === undefined) throw new Error('no project');
    const ids = ['1', '2', '3'].map((digit) => digit.repeat(32));
    for (const id of ids) cloud.projects.set(id, { ...template, id, name: `more-${id.slice(0, 1)}` });
    await sweeps();
    for (const id of ids.slice(0, 2)) {
      cloud.projects.delete(id);
      await sweeps();
      expect(await rows('SELECT enabled FROM project WHERE openstack_id = ?', [id])).toEqual([{ enabled: 0 }]);
    }
  });
});

describe('the settings of the import', () => {
  it('say which projects are managed and who is an admin', async () => {
    const app = await startApp({ settings: { MANAGED_PROJECTS: 'other', ADMIN_PROJECTS: 'demo' } });
    const database = await connect(app.schema);
    try {
      const [projects] = await database.query<RowDataPacket[]>('SELECT name FROM project');
      expect(projects).toEqual([{ name: 'other' }]);
      const [people] = await database.query<RowDataPacket[]>(
        'SELECT account_id, is_admin FROM user ORDER BY account_id',
      );
      // The service account has role admin on demo as well, which is named here.
      expect(people).toEqual([
        { account_id: 'admin', is_admin: 1 },
        { account_id: 'other', is_admin: 0 },
      ]);
    } finally {
      await database.end();
      await app.close();
    }
  });
});
