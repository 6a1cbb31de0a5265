import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { createGroup } from '../../simulator/security-group-lifecycle.js';
import { seed } from '../../simulator/seed.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';

interface GroupRow extends RowDataPacket {
  readonly id: number;
  readonly openstack_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly is_default: number;
  readonly isLive: number;
  readonly updated_at: Date;
  readonly observed_at: Date;
  readonly rules: number;
}

describe('the import of security groups', () => {
  let app: TestApp;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
  });

  async function groups(projectOpenstackId: string = seed.projects.demo): Promise<readonly GroupRow[]> {
    const [rows] = await database.query<GroupRow[]>(
      `SELECT g.id, g.openstack_id, g.name, g.description, g.is_default, g.deleted_at IS NULL AS isLive, g.updated_at, g.observed_at,
              (SELECT COUNT(*) FROM security_group_rule r WHERE r.security_group_id = g.id) AS rules
         FROM security_group g JOIN project p ON p.id = g.project_id WHERE p.openstack_id = ? ORDER BY g.id`,
      [projectOpenstackId],
    );
    return rows;
  }

  async function until(
    is: (rows: readonly GroupRow[]) => boolean,
    projectOpenstackId: string = seed.projects.demo,
  ): Promise<readonly GroupRow[]> {
    for (const end = Date.now() + 8_000; ;) {
      const rows = await groups(projectOpenstackId);
      if (is(rows)) return rows;
      if (Date.now() > end) throw new Error(`the groups stayed ${JSON.stringify(rows)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Until every row was looked at once more. */
  async function nextSweep(): Promise<readonly GroupRow[]> {
    const before = Math.max(...(await groups()).map((row) => row.observed_at.getTime()));
    return until((rows) => rows.some((row) => row.observed_at.getTime() > before));
  }

  function someoneMakes(name: string): string {
    return createGroup(app.simulator.cloud, { projectId: seed.projects.demo, name, description: '' }).id;
  }

  it('brings each managed project’s default group with its rules, and nobody else’s', async () => {
    await until((found) => found.length > 0, seed.projects.other);
    const rows = await until((found) => found.length > 0);
    expect(rows).toMatchObject([{ name: 'default', is_default: 1, rules: 4, isLive: 1 }]);
    const [managed] = await database.query<RowDataPacket[]>(
      `SELECT DISTINCT p.name FROM security_group g JOIN project p ON p.id = g.project_id ORDER BY p.name`,
    );
    expect(managed.map((row) => String(row['name']))).toEqual(['demo', 'other']);
    const [rules] = await database.query<RowDataPacket[]>(
      `SELECT direction, ether_type, protocol, remote_group_openstack_id AS remote FROM security_group_rule
        WHERE security_group_id = ? ORDER BY direction, ether_type`,
      [rows[0]?.id],
    );
    const group = rows[0]?.openstack_id;
    expect(rules).toEqual([
      { direction: 'egress', ether_type: 'IPv4', protocol: null, remote: null },
      { direction: 'egress', ether_type: 'IPv6', protocol: null, remote: null },
      { direction: 'ingress', ether_type: 'IPv4', protocol: null, remote: group },
      { direction: 'ingress', ether_type: 'IPv6', protocol: null, remote: group },
    ]);
  });

  it('changes nothing when nothing has changed, but the time at which it was seen', async () => {
    const before = await until((found) => found.length > 0);
    const after = await nextSweep();
    expect(after.map(({ observed_at: _seen, ...rest }) => rest)).toEqual(
      before.map(({ observed_at: _seen, ...rest }) => rest),
    );
  });

  it('numbers names that repeat, follows a rename, and keeps the ids', async () => {
    const ids = ['web', 'web', 'web'].map(someoneMakes);
    const rows = await until((found) => found.length === 4);
    expect(
      rows
        .slice(1)
        .map((row) => row.name)
        .sort(),
    ).toEqual(['web', 'web-2', 'web-3']);
    expect(
      rows
        .slice(1)
        .map((row) => row.openstack_id)
        .sort(),
    ).toEqual([...ids].sort());
    const second = rows.find((row) => row.name === 'web-2');
    app.simulator.outside.rename(second?.openstack_id ?? '', 'shop');
    const renamed = await until((found) => found.some((row) => row.name === 'shop'));
    expect(renamed.map((row) => row.id)).toEqual(rows.map((row) => row.id));
    expect((await nextSweep()).map((row) => row.name).sort()).toEqual(['default', 'shop', 'web', 'web-3']);
  });

  it('leaves a group that a list does not show', async () => {
    const group = someoneMakes('vanishing');
    await until((found) => found.some((row) => row.openstack_id === group));
    app.simulator.outside.delete(group);
    await nextSweep();
    await nextSweep();
    expect((await groups()).find((row) => row.openstack_id === group)).toMatchObject({ isLive: 1 });
  });

  it('goes on after Neutron was away', async () => {
    await until((found) => found.length > 0);
    app.simulator.faults.add({ service: 'network', action: 'refuse' });
    const late = someoneMakes('late');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    app.simulator.faults.clear();
    await until((found) => found.some((row) => row.openstack_id === late));
  });

  it('sees an operation that began while it waited for the row', async () => {
    const id = someoneMakes('waited-for');
    const row = (await until((found) => found.some((one) => one.openstack_id === id))).find(
      (one) => one.openstack_id === id,
    );
    await database.beginTransaction();
    await database.query("UPDATE security_group SET description = 'ours' WHERE id = ?", [row?.id]);
    // The import comes by and waits.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const [operation] = await database.query<ResultSetHeader>(
      `INSERT INTO operation (uuid, kind, resource_type, resource_id, state, step, input, next_run_at, deadline_at, lease_until)
       VALUES (UUID(), 'security-group.update', 'security_group', ?, 'SUCCEEDED', 'x', '{}', NOW(3), NOW(3), NOW(3))`,
      [row?.id],
    );
    await database.query(
      "INSERT INTO operation_lock (resource_type, resource_id, operation_id) VALUES ('security_group', ?, ?)",
      [row?.id, operation.insertId],
    );
    await database.commit();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await groups()).find((one) => one.openstack_id === id)?.description).toBe('ours');
    await database.query('DELETE FROM operation_lock WHERE operation_id = ?', [operation.insertId]);
    await until((found) => found.some((one) => one.openstack_id === id && one.description === null));
  });
});
