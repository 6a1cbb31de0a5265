import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { FindingDraft } from '../../src/reconciliation/finding.js';
import { startApp, type TestApp } from '../support/app.js';
import { Looks } from '../support/looks.js';
import { plantRun, type ReconciliationBody } from '../support/reconciliations.js';
import { quickTimings } from '../support/settings.js';
import { objectsOf } from '../support/simulated-objects.js';
import { Stranger } from '../support/stranger.js';
import { VolumeRequests, type VolumeBody } from '../support/volumes.js';

/** How long the answer is held back that a sweep waits for when the loops are paused; much shorter than the time that it has. */
const heldMs = 2_000;
const timings = { ...quickTimings, HTTP_TIMEOUT_MS: '4000', LEASE_MS: '9000' };
const orphanAgeMs = Number(timings.LEASE_MS) + Number(timings.HTTP_TIMEOUT_MS) + Number(quickTimings['SETTLING_MS']);

/** A pause counts from the moment it is answered. Nobody but complete sweeps, and who is asked, deletes orphans here. */
describe('a pause', () => {
  let app: TestApp;
  let looks: Looks;
  let volume: VolumeBody;

  beforeAll(async () => {
    app = await startApp({ settings: { ...timings, SWEEP_MS: '600', ORPHAN_SWEEP_MS: '3600000' } });
    looks = await Looks.of(app);
    volume = await new VolumeRequests(await app.login('demo')).create('twice');
  }, 120_000);

  afterEach(() => {
    app.simulator.faults.clear();
  });

  afterAll(async () => {
    await looks.close();
    await app.close();
  });

  const isThere = (id: string): boolean => objectsOf(app.simulator).some((object) => object.id === id);

  async function plantSecond(): Promise<string> {
    const [[row]] = await looks.database.query<RowDataPacket[]>(
      'SELECT v.uuid, d.deployment_id FROM volume v JOIN deployment d WHERE v.id = ?',
      [volume.id],
    );
    const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    const marker = `cloud-api:${String(row?.['deployment_id'])}:${String(row?.['uuid'])}`;
    return stranger.createVolume('second', { marker });
  }

  async function gone(id: string): Promise<void> {
    for (const end = Date.now() + 60_000; isThere(id) && Date.now() < end;) await sleep(50);
    expect(isThere(id)).toBe(false);
  }

  async function newestSweep(): Promise<ReconciliationBody | undefined> {
    const path = '/admin/reconciliations?origin=sweep&limit=1';
    return (await looks.runs.api.get<{ reconciliations: ReconciliationBody[] }>(path)).body.reconciliations[0];
  }

  it('stops a sweep that is about to delete an orphan, and the next one deletes it', async () => {
    const second = await plantSecond();
    const id = app.simulator.faults.add({ method: 'GET', path: `/volumes/${second}$`, delay_ms: heldMs });
    await looks.resume();
    while (app.simulator.faults.list().find((fault) => fault.id === id)?.hits === 0) await sleep(10);
    await looks.pause();
    await sleep(heldMs);
    expect(isThere(second)).toBe(true);
    const sweep = await newestSweep();
    expect(sweep?.state).toBe('CANCELLED');
    expect(await looks.runs.findings(sweep?.id ?? 0)).toEqual([
      expect.objectContaining({
        ...{ type: 'ORPHAN', openstack_id: second, state: 'SKIPPED' },
        reason: expect.stringMatching(/paused/),
      }),
    ]);
    app.simulator.faults.clear();
    await looks.resume();
    await gone(second);
    await looks.pause();
  }, 120_000);

  it('is not needed to keep what the policies spare by now', async () => {
    const orphans = [await plantSecond(), await plantSecond()];
    await looks.runs.plan({ resource_types: ['volume'] });
    await sleep(orphanAgeMs);
    const plan = await looks.runs.plan({ resource_types: ['volume'] });
    const [first, second] = (await looks.runs.findings(plan.id)).map(({ openstack_id: id }) => id ?? '');
    expect([first, second].sort()).toEqual(orphans.sort());
    const id = app.simulator.faults.add({ method: 'GET', path: `/volumes/${first ?? ''}$`, delay_ms: heldMs });
    await looks.runs.apply(plan.id, { plan_hash: plan.plan_hash });
    while (app.simulator.faults.list().find((fault) => fault.id === id)?.hits === 0) await sleep(10);
    await looks.setPolicies({ orphans: 'report' });
    expect(await looks.runs.settled(plan.id)).toMatchObject({ outcomes: { applied: 1, skipped: 1 } });
    await gone(first ?? '');
    expect(isThere(second ?? '')).toBe(true);
    await looks.setPolicies({ orphans: 'delete' });
    app.simulator.outside.delete(second ?? '');
  }, 120_000);

  it('ends a sweep that a replica has left, and lets go on what an administrator asks for', async () => {
    const second = await plantSecond();
    await looks.runs.plan({ resource_types: ['volume'] });
    await sleep(orphanAgeMs);
    const orphan: Partial<FindingDraft> = {
      type: 'ORPHAN',
      resourceType: 'volume',
      resourceId: volume.id,
      openstackId: second,
      projectId: volume.project_id,
      action: 'DELETE',
      allowed: true,
    };
    const id = await plantRun(looks.database, {
      ...{ origin: 'sweep', mode: 'apply', state: 'APPLYING' },
      findings: [orphan],
    });
    await looks.database.query('UPDATE reconciliation_run SET lease_until = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [
      id,
    ]);
    expect((await looks.runs.settled(id)).state).toBe('CANCELLED');
    expect(isThere(second)).toBe(true);
    const { body } = await looks.runs.post({ mode: 'apply', resource_types: ['volume'] });
    expect(await looks.runs.settled(body.id)).toMatchObject({ state: 'DONE', outcomes: { applied: 1 } });
    await gone(second);
  }, 120_000);
});
