import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { startSimulator } from '../../simulator/simulator.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { ReconciliationRequests } from '../support/reconciliations.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';

const never = String(10 * 60_000);

/** A plan, and the plan carried out: with an app in which nothing goes on by itself. */
describe('a dry run', () => {
  let simulator: Simulator;
  let app: TestApp;
  let admin: Api;
  let demo: Api;
  let runs: ReconciliationRequests;
  let database: Connection;
  let stopped: ServerBody;
  let renamed: ServerBody;

  beforeAll(async () => {
    simulator = await startSimulator({ port: 0 });
    app = await startApp({ simulator, settings: { IDENTITY_SWEEP_MS: never, ORPHAN_SWEEP_MS: never } });
    admin = await app.login('admin');
    demo = await app.login('demo');
    runs = new ReconciliationRequests(admin);
    database = await connect(app.schema);
    const servers = await ServerRequests.of(demo);
    [stopped, renamed] = [await servers.create('stopped'), await servers.create('renamed')];
  }, 60_000);

  afterAll(async () => {
    await database.end();
    await app.close();
    await simulator.close();
  });

  const checksums = async (): Promise<Readonly<Record<string, unknown>>> => {
    const [tables] = await database.query<RowDataPacket[]>(
      `SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name NOT IN ('reconciliation_run', 'reconciliation_finding', 'lease', 'audit_event')`,
    );
    const sums: Record<string, unknown> = {};
    for (const { name } of tables) {
      const [[row]] = await database.query<RowDataPacket[]>(`CHECKSUM TABLE \`${String(name)}\` EXTENDED`);
      sums[String(name)] = row?.['Checksum'];
    }
    return sums;
  };
  const lastCall = (): number => simulator.log.list().at(-1)?.id ?? 0;
  const writingCalls = (after: number): readonly string[] =>
    simulator.log
      .list({ after })
      .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'))
      .map(({ method, service, path }) => `${method} ${String(service)} ${path}`);

  it('finds nothing where nothing differs', async () => {
    const { state, counts, complete } = await runs.plan();
    expect([state, counts, complete]).toEqual(['PLANNED', {}, true]);
  });

  it('writes nothing but itself, and only reads OpenStack', async () => {
    simulator.outside.stop(stopped.openstack_id ?? '');
    simulator.outside.rename(renamed.openstack_id ?? '', 'by-hand');
    const [before, after] = [await checksums(), lastCall()];
    const plan = await runs.plan();
    expect(plan).toMatchObject({ state: 'PLANNED', complete: true, counts: { STATUS_DRIFT: 1, FIELD_DRIFT: 1 } });
    expect(plan.plan_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await checksums()).toEqual(before);
    expect(writingCalls(after)).toEqual([]);
    expect(simulator.log.list({ after }).length).toBeGreaterThan(0);
    const found = (await runs.findings(plan.id)).map(({ type, resource_id, action, allowed, state }) => [
      ...[type, resource_id, action, allowed, state],
    ]);
    expect(found).toEqual([
      ['FIELD_DRIFT', renamed.id, 'FOLLOW', true, 'OPEN'],
      ['STATUS_DRIFT', stopped.id, 'FOLLOW', true, 'OPEN'],
    ]);
    expect((await demo.get<ServerBody>(`/servers/${String(stopped.id)}`)).body.status).toBe('ACTIVE');
  });

  it('has the same hash as long as it says the same', async () => {
    const [first, second] = [await runs.plan(), await runs.plan()];
    expect(second.plan_hash).toBe(first.plan_hash);
    expect((await runs.apply(first.id, { plan_hash: first.plan_hash })).status).toBe(412);
  });

  it('is applied as far as it is chosen, and then as a whole, after which there is nothing', async () => {
    const plan = await runs.plan();
    const [drift] = await runs.findings(plan.id, '?type=STATUS_DRIFT');
    expect((await runs.apply(plan.id, { plan_hash: plan.plan_hash, finding_ids: [drift?.id] })).status).toBe(202);
    expect((await runs.settled(plan.id)).state).toBe('DONE');
    const states = (await runs.findings(plan.id)).map(({ type, state, reason }) => [type, state, reason]);
    expect(states).toEqual([
      ['FIELD_DRIFT', 'SKIPPED', 'it was not chosen'],
      ['STATUS_DRIFT', 'APPLIED', null],
    ]);
    expect((await demo.get<ServerBody>(`/servers/${String(stopped.id)}`)).body.status).toBe('SHUTOFF');
    expect((await demo.get<ServerBody>(`/servers/${String(renamed.id)}`)).body.name).toBe('renamed');

    const rest = await runs.plan();
    expect(rest.counts).toEqual({ FIELD_DRIFT: 1 });
    const after = lastCall();
    expect((await runs.apply(rest.id, { plan_hash: rest.plan_hash })).status).toBe(202);
    expect((await runs.settled(rest.id)).state).toBe('DONE');
    expect(writingCalls(after)).toEqual([]);
    expect((await demo.get<ServerBody>(`/servers/${String(renamed.id)}`)).body.name).toBe('by-hand');
    expect((await runs.plan()).counts).toEqual({});
  });

  it('skips what has moved since, with the reason', async () => {
    simulator.outside.start(stopped.openstack_id ?? '');
    const plan = await runs.plan();
    expect(plan.counts).toEqual({ STATUS_DRIFT: 1 });
    simulator.outside.stop(stopped.openstack_id ?? '');
    await runs.apply(plan.id, { plan_hash: plan.plan_hash });
    expect((await runs.settled(plan.id)).state).toBe('DONE');
    const [finding] = await runs.findings(plan.id);
    expect([finding?.state, typeof finding?.reason]).toEqual(['SKIPPED', 'string']);
  });

  it('applies at most so many changes', async () => {
    simulator.outside.start(stopped.openstack_id ?? '');
    simulator.outside.rename(renamed.openstack_id ?? '', 'by-hand-again');
    const answer = await runs.post({ mode: 'apply', max_changes: 1 });
    expect((await runs.settled(answer.body.id)).state).toBe('DONE');
    const states = (await runs.findings(answer.body.id)).map(({ state }) => state);
    expect(states.sort()).toEqual(['APPLIED', 'SKIPPED']);
  });

  it('is about some types and projects alone', async () => {
    const [project] = (await demo.get<{ projects: { id: number }[] }>('/projects')).body.projects;
    const other = await runs.plan({ resource_types: ['volume'] });
    expect([other.resource_types, other.counts]).toEqual([['volume'], {}]);
    const own = await runs.plan({ scope: { project_ids: [project?.id] }, resource_types: ['server'] });
    expect(own.counts).toEqual({ STATUS_DRIFT: 1 });
    const all = (await admin.get<{ projects: { id: number }[] }>('/projects')).body.projects;
    const elsewhere = all.filter(({ id }) => id !== project?.id).map(({ id }) => id);
    expect((await runs.plan({ scope: { project_ids: elsewhere }, resource_types: ['server'] })).counts).toEqual({});
  });

  it('says so when a service is away, and plans nothing there', async () => {
    simulator.switchService('compute', 'down');
    const plan = await runs.plan({ resource_types: ['server', 'volume'] });
    simulator.switchService('compute', 'up');
    expect(plan).toMatchObject({ state: 'PLANNED', complete: false, counts: { INCOMPLETE_VIEW: 1 } });
    const [finding] = await runs.findings(plan.id);
    expect(finding).toMatchObject({ resource_type: 'server', action: null, allowed: false, resource_id: null });
    expect(finding?.reason).toEqual(expect.any(String));
  });
});
