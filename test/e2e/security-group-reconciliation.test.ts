import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { startApp, type TestApp } from '../support/app.js';
import type { Api } from '../support/api.js';
import { Reconciliations, summary, type FoundPlan } from '../support/recorded-runs.js';
import { connect } from '../support/schema.js';
import { tcp, type SecurityGroupBody } from '../support/security-groups.js';

const never = '3600000';

describe('reconciliation of security groups', () => {
  let app: TestApp;
  let database: Connection;
  let demo: Api;
  let runs: Reconciliations;
  let group: SecurityGroupBody;

  beforeAll(async () => {
    app = await startApp({
      settings: { DELTA_MS: never, SWEEP_MS: never, ORPHAN_SWEEP_MS: never, IDENTITY_SWEEP_MS: never },
    });
    database = await connect(app.schema);
    demo = await app.login('demo');
    await demo.until<{ security_groups: SecurityGroupBody[] }>(
      '/security-groups',
      ({ body }) => body.security_groups.length > 0,
    );
    runs = await Reconciliations.of(app, 'security_group');
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  beforeEach(async () => {
    await runs.setPolicies({});
    const made = await demo.post<SecurityGroupBody>('/security-groups', {
      name: `web-${String(Date.now())}`,
      description: 'for the web',
      rules: [tcp(443)],
    });
    expect(made.status).toBe(201);
    group = await get(made.body.id);
  });

  const get = async (id: number): Promise<SecurityGroupBody> =>
    (await demo.get<SecurityGroupBody>(`/security-groups/${String(id)}`)).body;

  async function applied(plan: FoundPlan): Promise<void> {
    const done = await runs.apply(plan);
    expect(done.findings.filter(({ allowed }) => allowed).map(({ state }) => state)).toEqual(
      done.findings.filter(({ allowed }) => allowed).map(() => 'APPLIED'),
    );
    expect(summary(await runs.dryRun())).toEqual([]);
  }

  it('finds nothing where nothing differs', async () => {
    expect(summary(await runs.dryRun())).toEqual([]);
  });

  it('takes over rules that came and went, and names only these', async () => {
    const { outside } = app.simulator;
    const https = group.rules.find(({ port_range_min: port }) => port === 443);
    const came = outside.addRule(group.openstack_id ?? '', {
      direction: 'ingress',
      etherType: 'IPv4',
      protocol: 'tcp',
      portMin: 22,
      portMax: 22,
      description: 'by hand',
    });
    outside.deleteRule(https?.openstack_id ?? '');
    const plan = await runs.dryRun();
    expect(plan.findings).toMatchObject([
      {
        type: 'FIELD_DRIFT',
        resource_type: 'security_group',
        resource_id: group.id,
        before: { rules: [{ openstack_id: https?.openstack_id, port_range_min: 443 }] },
        after: { rules: [{ openstack_id: came, port_range_min: 22, description: 'by hand' }] },
        action: 'FOLLOW',
        allowed: true,
      },
    ]);
    expect((await get(group.id)).rules.map(({ port_range_min: port }) => port)).toContain(443);
    await applied(plan);
    const ports = (await get(group.id)).rules.map(({ port_range_min: port }) => port);
    expect(ports).toContain(22);
    expect(ports).not.toContain(443);
  });

  it('takes over a new name, or gives back ours where that is the policy', async () => {
    const { outside, cloud } = app.simulator;
    outside.rename(group.openstack_id ?? '', 'renamed');
    const plan = await runs.dryRun();
    expect(plan.findings).toMatchObject([
      { type: 'FIELD_DRIFT', before: { name: group.name }, after: { name: 'renamed' }, action: 'FOLLOW' },
    ]);
    await applied(plan);
    expect((await get(group.id)).name).toBe('renamed');
    await runs.setPolicies({ names: 'enforce' });
    outside.rename(group.openstack_id ?? '', 'again');
    const enforced = await runs.dryRun();
    expect(enforced.findings).toMatchObject([{ type: 'FIELD_DRIFT', action: 'RENAME' }]);
    await applied(enforced);
    expect((await get(group.id)).name).toBe('renamed');
    expect(cloud.securityGroups.get(group.openstack_id ?? '')?.name).toBe('renamed');
    expect((await demo.delete(`/security-groups/${String(group.id)}`)).status).toBe(204);
  });

  it('deletes the row of a group that is gone, and the rules of others that named it', async () => {
    const made = await demo.post<SecurityGroupBody>('/security-groups', {
      name: `referring-${String(Date.now())}`,
      rules: [tcp(80, { remote_group_id: group.id })],
    });
    expect(made.status).toBe(201);
    app.simulator.outside.delete(group.openstack_id ?? '');
    await runs.setPolicies({ missing_grace_seconds: 0 });
    const plan = await runs.dryRun();
    expect(plan.findings.map(({ type, resource_id: id, action }) => [type, id, action])).toEqual([
      ['FIELD_DRIFT', made.body.id, 'FOLLOW'],
      ['DELETED_OUTSIDE', group.id, 'TOMBSTONE'],
    ]);
    await applied(plan);
    expect((await demo.get(`/security-groups/${String(group.id)}`)).status).toBe(404);
    expect((await get(made.body.id)).rules.map(({ port_range_min: port }) => port)).not.toContain(80);
    const [rows] = await database.query<RowDataPacket[]>('SELECT deleted_reason FROM security_group WHERE id = ?', [
      group.id,
    ]);
    expect(rows).toEqual([{ deleted_reason: 'external' }]);
  });

  // The list is never empty: listing makes the group `default` of the service account's own project.
  it('deletes no row unconfirmed when all groups of a project are gone at once', async () => {
    const { securityGroups } = app.simulator.cloud;
    const kept = new Map(securityGroups);
    securityGroups.clear();
    await runs.setPolicies({ missing_grace_seconds: 0 });
    const plan = await runs.dryRun();
    const ofProject = plan.findings.filter(({ project_id: projectId }) => projectId === group.project_id);
    expect(ofProject.length).toBeGreaterThan(1);
    expect(new Set(ofProject.map(({ type, allowed }) => `${type} ${String(allowed)}`))).toEqual(
      new Set(['MASS_MISSING false']),
    );
    await runs.apply(plan);
    expect(await get(group.id)).toMatchObject({ id: group.id, deleted_at: null });
    for (const [id, one] of kept) securityGroups.set(id, one);
  });
});
