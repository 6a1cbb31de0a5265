import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGroup } from '../../simulator/security-group-lifecycle.js';
import { seed } from '../../simulator/seed.js';
import { startApp, type TestApp } from '../support/app.js';
import { ReconciliationRequests } from '../support/reconciliations.js';
import { connect } from '../support/schema.js';

interface GroupRow extends RowDataPacket {
  readonly id: number;
  readonly openstack_id: string;
  readonly name: string;
  readonly project: string;
  readonly is_default: number;
  readonly isLive: number;
  readonly rules: number;
}

/** Several turns of the loops that are looked at. */
const turnsMs = 1_500;

describe('the import of default groups', () => {
  let app: TestApp;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp({ settings: { ORPHAN_SWEEP_MS: '3600000' } });
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
  });

  async function groups(): Promise<readonly GroupRow[]> {
    const [rows] = await database.query<GroupRow[]>(
      `SELECT g.id, g.openstack_id, g.name, p.name AS project, g.is_default, g.deleted_at IS NULL AS isLive,
              (SELECT COUNT(*) FROM security_group_rule r WHERE r.security_group_id = g.id) AS rules
         FROM security_group g JOIN project p ON p.id = g.project_id ORDER BY p.name, g.id`,
    );
    return rows;
  }

  async function until(is: (rows: readonly GroupRow[]) => boolean): Promise<readonly GroupRow[]> {
    for (const end = Date.now() + 8_000; ;) {
      const rows = await groups();
      if (is(rows)) return rows;
      if (Date.now() > end) throw new Error(`the groups stayed ${JSON.stringify(rows)}`);
      await sleep(50);
    }
  }

  async function forget(): Promise<void> {
    await database.query('DELETE FROM security_group_rule');
    await database.query('DELETE FROM security_group');
  }

  async function projectName(openstackId: string): Promise<string> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT name FROM project WHERE openstack_id = ?', [
      openstackId,
    ]);
    return String(rows[0]?.['name']);
  }

  it('brings each managed project’s with its rules, and nobody else’s', async () => {
    const rows = await until((found) => found.length > 1);
    expect(rows).toMatchObject([
      { name: 'default', project: 'demo', is_default: 1, rules: 4, isLive: 1 },
      { name: 'default', project: 'other', is_default: 1, rules: 4, isLive: 1 },
    ]);
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

  it('leaves the groups that somebody else makes, and what somebody changes of a known one, to reconciliation', async () => {
    const before = await until((found) => found.length > 1);
    const foreign = createGroup(app.simulator.cloud, {
      projectId: seed.projects.demo,
      name: 'foreign',
      description: '',
    });
    app.simulator.outside.addRule(before[0]?.openstack_id ?? '', {
      direction: 'ingress',
      etherType: 'IPv4',
      protocol: 'tcp',
      portMin: 22,
      portMax: 22,
    });
    await sleep(turnsMs);
    expect(await groups()).toEqual(before);
    // Neither does it come along with a default group.
    await forget();
    const again = await until((found) => found.length > 1);
    expect(again.map(({ name, project, rules }) => [name, project, rules])).toEqual([
      ['default', 'demo', 5],
      ['default', 'other', 4],
    ]);
    expect(app.simulator.cloud.securityGroups.has(foreign.id)).toBe(true);
  });

  it('asks nothing while all are known', async () => {
    await until((found) => found.length > 1);
    const before = app.simulator.log.list().at(-1)?.id ?? 0;
    await sleep(turnsMs);
    expect(app.simulator.log.list({ after: before, path: '/security-groups' })).toEqual([]);
  });

  it('gives one that was missed, and is in Neutron all the same, its row again, and then asks no more', async () => {
    const before = await until((found) => found.length > 1);
    const missed = before[0]?.id;
    await database.query('DELETE FROM security_group_rule WHERE security_group_id = ?', [missed]);
    const heard = app.simulator.log.list().at(-1)?.id ?? 0;
    await database.query("UPDATE security_group SET deleted_at = NOW(3), deleted_reason = 'external' WHERE id = ?", [
      missed,
    ]);
    expect(await until((found) => found.every(({ isLive }) => isLive === 1))).toEqual(before);
    await sleep(turnsMs);
    expect(app.simulator.log.list({ after: heard, path: '/security-groups' })).toHaveLength(1);
  });

  it('goes on after Neutron was away', async () => {
    app.simulator.faults.add({ service: 'network', action: 'refuse' });
    await forget();
    await sleep(turnsMs);
    expect(await groups()).toEqual([]);
    app.simulator.faults.clear();
    await until((found) => found.length > 1);
  });

  it('rests, as the import of people and projects does, while reconciliation is paused', async () => {
    const runs = new ReconciliationRequests(await app.login('admin'));
    await runs.pause();
    await forget();
    app.simulator.outside.rename(seed.projects.other, 'renamed');
    await sleep(turnsMs);
    expect(await groups()).toEqual([]);
    expect(await projectName(seed.projects.other)).toBe('other');
    await runs.resume();
    await until((found) => found.some(({ project }) => project === 'renamed'));
  });
});
