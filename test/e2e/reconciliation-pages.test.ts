import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../support/app.js';
import { Looks } from '../support/looks.js';
import type { ReconciliationBody } from '../support/reconciliations.js';
import { VolumeRequests, type VolumeBody } from '../support/volumes.js';

/** How long an answer is held back: less than anybody waits for one. */
const heldMs = 900;
const list = '/volumes/detail$';
const never = '3600000';

/**
 * A page is written behind the freshness rule: by the time before it was asked for, not before it is looked at. In between is the page
 * before, which is worked off while the next one is on its way already.
 */
describe('a sweep over a list of several pages', () => {
  let app: TestApp;
  let looks: Looks;
  let volumes: VolumeRequests;
  /** In the order of the list, one on each page: the newest first. */
  let listed: readonly VolumeBody[];

  beforeAll(async () => {
    app = await startApp({ settings: { SWEEP_MS: '600', ORPHAN_SWEEP_MS: never, IDENTITY_SWEEP_MS: never } });
    looks = await Looks.of(app);
    volumes = new VolumeRequests(await app.login('demo'));
    const made: VolumeBody[] = [];
    for (const name of ['three', 'two', 'one']) made.unshift(await volumes.create(name));
    listed = made;
    app.simulator.configure({ page_size: 1 });
  }, 60_000);

  afterAll(async () => {
    await looks.close();
    await app.close();
  });

  const at = (page: number): VolumeBody => {
    const volume = listed[page - 1];
    if (volume === undefined) throw new Error(`there is no page ${String(page)}`);
    return volume;
  };
  const seenAt = async (page: number): Promise<string | null> => (await volumes.get(at(page).id)).observed_at;
  const queryOf = (page: number): string =>
    page === 1 ? '^(?!.*marker=)' : `marker=${at(page - 1).openstack_id ?? 'none'}`;

  async function until(is: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 10_000; !(await is());) {
      if (Date.now() > end) throw new Error('it did not come to that');
      await sleep(10);
    }
  }

  /** Answers to requests for a page since then. */
  const answers = (page: number, after: number): number =>
    app.simulator.log
      .list({ path: list, after })
      .filter(({ query, outcome }) => outcome === 'answered' && new RegExp(queryOf(page)).test(query)).length;

  it.each([2, 3])('keeps what was seen of an object of page %i after that page', async (page) => {
    const { database } = looks;
    const after = app.simulator.log.list().at(-1)?.id ?? 0;
    const sights = await Promise.all([1, 2, 3].map((one) => seenAt(one)));
    const fault = { method: 'GET', path: list, query: queryOf(page - 1), delay_ms: heldMs, times: 1 };
    const id = app.simulator.faults.add(fault);
    await looks.resume();
    await until(() => !app.simulator.faults.list().some((one) => one.id === id && one.hits === 0));
    if (page > 2) await until(async () => (await seenAt(page - 2)) !== sights[page - 3]);

    // The page before can be read now, but not be stored; the one that is meant is asked for meanwhile.
    await database.beginTransaction();
    await database.query("SELECT id FROM reconciliation_run WHERE state = 'PLANNING' FOR UPDATE");
    await until(() => answers(page, after) === 1);
    app.simulator.outside.error(at(page).openstack_id ?? '');
    const { status } = await volumes.api.post(`/volumes/${String(at(page).id)}/refresh`);
    expect(status).toBe(200);
    const fresh = await volumes.get(at(page).id);
    expect(fresh.status).toBe('ERROR');
    expect(await seenAt(page - 1)).toBe(sights[page - 2]);
    expect((await looks.runs.api.post('/admin/reconciliation/pause')).status).toBe(200);
    await database.commit();
    await looks.pause();

    expect(await seenAt(page - 1)).not.toBe(sights[page - 2]);
    expect(await volumes.get(at(page).id)).toEqual(fresh);
  });

  it('has no plan when the last page of one could not be stored', async () => {
    const { database, runs } = looks;
    await looks.pause();
    // What is missing comes last of all.
    app.simulator.outside.delete(at(1).openstack_id ?? '');
    await database.query(
      "CREATE TRIGGER no_finding BEFORE INSERT ON reconciliation_finding FOR EACH ROW SIGNAL SQLSTATE '45000'",
    );
    let run: ReconciliationBody;
    try {
      run = await runs.plan({ resource_types: ['volume'] });
    } finally {
      await database.query('DROP TRIGGER no_finding');
    }
    expect([run.state, run.error?.code, run.plan_hash]).toEqual(['FAILED', 'INTERNAL_ERROR', null]);
    expect((await runs.plan({ resource_types: ['volume'] })).counts).toEqual({ MISSING: 1 });
  });
});
