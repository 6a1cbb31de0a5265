import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { Browser, chromiumPath } from '../support/browser.js';
import { ReconciliationRequests, type ReconciliationBody } from '../support/reconciliations.js';
import { connect } from '../support/schema.js';
import { credentialsOf } from '../support/simulated-cloud.js';
import { VolumeRequests, type VolumeBody } from '../support/volumes.js';

const chromium = chromiumPath();
/** Where pictures go, for a person who looks at them. */
const shots = process.env['SHOTS'];
const dialog = 'dialog[open]';

/** What an administrator does with mouse and keyboard. Chromium is the one thing that does not come up by itself: without one this is skipped. */
(chromium === null ? describe.skip : describe)('the page of administrators in a browser', () => {
  let app: TestApp;
  let admin: Api;
  let browser: Browser;
  let database: Connection;
  let runs: ReconciliationRequests;
  let volumes: readonly VolumeBody[];

  beforeAll(async () => {
    app = await startApp({ settings: { DELTA_MS: '500', SWEEP_MS: '1000' } });
    admin = await app.login('admin');
    runs = new ReconciliationRequests(admin);
    database = await connect(app.schema);
    const own = new VolumeRequests(await app.login('demo'));
    volumes = [await own.create('data-1'), await own.create('data-2'), await own.create('data-3')];
    // A list that is empty over all projects is not believed at all.
    await new VolumeRequests(await app.login('other')).create('of-others');
    browser = await Browser.start(chromium ?? '');
    await browser.open(`${app.url}/admin/ui`);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await database.end();
    await app.close();
  });

  const shot = async (name: string): Promise<void> => {
    if (shots === undefined) return;
    for (const width of [400, 1280]) {
      await browser.resize(width);
      await browser.screenshot(join(shots, `${name}-${String(width)}.png`));
    }
  };
  const newestRun = async (): Promise<ReconciliationBody> => {
    const { body } = await admin.get<{ reconciliations: ReconciliationBody[] }>(
      '/admin/reconciliations?origin=admin&limit=1',
    );
    const [run] = body.reconciliations;
    if (run === undefined) throw new Error('there is no run');
    return run;
  };
  const volume = (index: number): VolumeBody => {
    const found = volumes[index];
    if (found === undefined) throw new Error(`there is no volume ${String(index)}`);
    return found;
  };
  const titleOf = ({ name, id }: VolumeBody): string => `${name} (volume ${String(id)})`;
  const dryRun = async (): Promise<ReconciliationBody> => {
    await browser.click('Reconciliations', 'nav');
    await browser.click('volume');
    await browser.click('Start a dry run');
    await browser.shows('#view h2', 'PLANNED');
    return newestRun();
  };

  it('lets an administrator in', async () => {
    const { account_id: account, password } = credentialsOf('admin');
    await browser.type('Account id', account);
    await browser.type('Password', password);
    await browser.click('Log in');
    await browser.shows('#account', 'admin');
    await browser.shows('#view', 'Start a dry run');
    await shot('reconciliations');
  });

  /** What is told now, wherever. */
  const told = async (): Promise<readonly string[]> => [
    await browser.text('#alert:not([hidden])'),
    await browser.text('#news'),
  ];

  it('tells of an error once, until the next success', async () => {
    await browser.type('Projects', 'nowhere');
    await browser.click('Start a dry run');
    await browser.shows('#alert', 'There is no project “nowhere”.');
    expect(await told()).toEqual(['There is no project “nowhere”.', '']);
    await shot('error');
    await browser.type('Projects', 'demo, other');
    await browser.click('Start a dry run');
    await browser.shows('#view h2', 'PLANNED');
    await browser.shows('#view .panel', 'demo, other');
    expect((await told())[0]).toBe('');
  });

  it('tells that the service cannot be reached until it can', async () => {
    await browser.click('Loops');
    await browser.shows('#view table', 'identity');
    await browser.setOffline(true);
    await browser.shows('#alert', 'The service cannot be reached.');
    await browser.setOffline(false);
    await browser.until(`document.getElementById('alert').hidden`);
    expect(await told()).toEqual(['', '']);
  });

  it('tells what each loop does and how often, complete sweeps among them', async () => {
    await browser.shows('#view table', 'complete lists');
    const row = `[...document.querySelectorAll('#view tr')].find((one) => one.innerText.startsWith('sweep'))?.innerText ?? ''`;
    expect(await browser.evaluate<string>(row)).toMatch(/^sweep\s+Compares everything by complete lists.*\s+1\ss\s/);
  });

  it('refuses a policy out of its limits at the field, in words', async () => {
    await browser.click('Policies');
    await browser.type('Brake: share (percent)', '101');
    await browser.click('Set…');
    await browser.shows('#view form', 'Brake: share (percent) must be a whole number from 0 to 100.');
    expect(await browser.text(dialog)).toBe('');
    expect(await browser.evaluate<string>('document.activeElement.name')).toBe('mass_missing_percent');
    await shot('policy-refused');
    await browser.type('Brake: share (percent)', '20');
    expect(await browser.text('#view form')).not.toContain('whole number');
  });

  it('knows the limits of the policies', async () => {
    const { body } = await app.anonymous.get<{
      components: { schemas: Record<string, { properties: Record<string, { minimum?: number; maximum?: number }> }> };
    }>('/openapi.json');
    const limits = Object.entries(body.components.schemas['SetPoliciesRequest']?.properties ?? {})
      .filter(([name, { maximum }]) => name !== 'version' && maximum !== undefined)
      .map(([name, { minimum, maximum }]) => [name, String(minimum), String(maximum)]);
    expect(limits).toHaveLength(4);
    const shown = `[...document.querySelectorAll('#view input')].map(({ name, min, max }) => [name, min, max])`;
    expect(await browser.evaluate(shown)).toEqual(limits);
  });

  it('tells by name who paused the loops', async () => {
    await browser.click('Loops');
    await browser.click('Pause…');
    await browser.click('Pause them', dialog);
    await browser.shows('#view .banner', 'by admin');
    await runs.atRest();
    await shot('loops');
  });

  it('names what was found, and says what the filter hides of what is chosen', async () => {
    app.simulator.outside.rename(volume(0).openstack_id ?? '', 'by-hand-1');
    app.simulator.outside.rename(volume(1).openstack_id ?? '', 'by-hand-2');
    const { id } = await dryRun();
    await browser.shows('#view table', titleOf(volume(0)));
    await browser.shows('#view table', 'demo');
    for (const one of volumes.slice(0, 2)) await browser.click(`Choose FIELD_DRIFT of ${titleOf(one)}`);
    await browser.click('Apply the 2 chosen…');
    await browser.shows(dialog, titleOf(volume(1)));
    await browser.shows(dialog, 'needs a new dry run');
    expect(await browser.text(dialog)).not.toContain('hidden');
    await browser.click('Keep as it is', dialog);

    await browser.choose('type', 'ORPHAN');
    await browser.shows('#view', 'There is no such finding.');
    await browser.click('Apply the 2 chosen…');
    await browser.shows(dialog, '2 of the chosen are hidden by the filter');
    await browser.shows(`${dialog} .banner`, titleOf(volume(0)));
    await shot('hidden-by-filter');
    await browser.click('Apply the 2 chosen', dialog);
    await browser.shows('#view h2', 'DONE');
    expect((await runs.findings(id)).map(({ state }) => state)).toEqual(['APPLIED', 'APPLIED']);
    await browser.shows('#view .panel', '2 applied');
  });

  it('says that a plan is superseded by a later run over the same scope', async () => {
    await dryRun();
    expect(await browser.text('#view')).not.toContain('superseded');
    const { id: newer } = await runs.plan({ resource_types: ['volume'] });
    await browser.shows('#view .banner', `This plan is superseded by run ${String(newer)} over the same scope`);
    const apply = `document.querySelector('[data-key=apply-all]').disabled`;
    expect(await browser.evaluate<boolean>(apply)).toBe(true);
    await shot('superseded');
    await browser.click(`run ${String(newer)}`);
    await browser.shows('#view h2', `Run ${String(newer)}`);
    expect(await browser.text('#view')).not.toContain('superseded');
    await browser.click('Reconciliations', 'nav');
    await browser.shows('#view table', `superseded by run ${String(newer)}`);
    await browser.shows('#view table', '2 applied');
    await shot('runs');
  });

  it('names what an operation is on, and what its step is about', async () => {
    await browser.click('Operations', 'nav');
    await browser.choose('which', '');
    await browser.shows('#view table', titleOf(volume(2)));
    await browser.shows('#view table', 'the volume');
    await shot('operations');
  });

  it('has its views on one line, however narrow it is', async () => {
    await browser.resize(400);
    const lines = `new Set([...document.querySelectorAll('nav a')].map(({ offsetTop }) => offsetTop)).size`;
    expect(await browser.evaluate<number>(lines)).toBe(1);
    expect(await browser.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await browser.evaluate<number>(`document.querySelector('header').offsetHeight`)).toBeLessThan(100);
    await browser.resize(1280);
  });

  it('deletes many missing rows only after a confirmation', async () => {
    await browser.click('Policies');
    await browser.type('Grace time (seconds)', '0');
    await browser.click('Set…');
    await browser.click('Set them', dialog);
    await browser.shows('#news', 'The policies are set.');
    for (const { openstack_id: openstackId } of volumes) app.simulator.outside.delete(openstackId ?? '');
    const rows = async (): Promise<readonly unknown[]> => {
      const [found] = await database.query<RowDataPacket[]>(
        `SELECT name, deleted_at IS NOT NULL AS deleted, deleted_reason AS reason FROM volume WHERE project_id = ? ORDER BY id`,
        [volume(0).project_id],
      );
      return found.map(({ deleted, reason }): unknown => [deleted, reason]);
    };
    const untouched = volumes.map(() => [0, null]);

    const { id, counts } = await dryRun();
    expect(counts).toEqual({ MASS_MISSING: 3 });
    await browser.shows('#view .banner', 'So much is missing at once that the view may be wrong.');
    await browser.shows('#view table', 'tombstone (after a confirmation)');
    await shot('mass-missing');
    expect(await rows()).toEqual(untouched);

    // All that is allowed is nothing.
    await browser.click('Apply all that is allowed…');
    await browser.shows(dialog, 'Nothing is applied without a confirmation');
    expect(await browser.evaluate<boolean>(`document.querySelector('${dialog} [type=submit]').disabled`)).toBe(true);
    await browser.click('Keep as it is', dialog);

    const findings = await runs.findings(id);
    const titles = findings.map(
      ({ resource_name: name, resource_id: row }) => `${String(name)} (volume ${String(row)})`,
    );
    for (const title of titles) await browser.click(`Choose MASS_MISSING of ${title}`);
    await browser.click('Apply the 3 chosen…');
    await browser.click('Apply the 3 chosen', dialog);
    await browser.shows('#alert', `${titles.join(', ')}: each needs confirm_mass_change: so many are missing at once`);
    await shot('mass-missing-refused');
    expect([(await runs.get(id)).state, await rows()]).toEqual(['PLANNED', untouched]);

    await browser.click('Apply the 3 chosen…');
    await browser.click('Apply the 3 missing too', dialog);
    expect(await browser.evaluate<boolean>(`document.querySelector('${dialog} [type=submit]').disabled`)).toBe(true);
    await browser.type('Type “apply mass change” to confirm', 'apply mass change', dialog);
    await shot('mass-missing-confirmed');
    await browser.click('Apply the 3 chosen', dialog);
    await browser.shows('#view h2', 'DONE');
    expect((await told())[0]).toBe('');
    await browser.shows('#view table', 'APPLIED');
    await shot('mass-missing-applied');
    expect((await runs.findings(id)).map(({ state, reason }) => [state, reason])).toEqual(
      volumes.map(() => ['APPLIED', null]),
    );
    expect(await rows()).toEqual(volumes.map(() => [1, 'external']));
  });

  it('tells once that the session has ended, and who is no administrator', async () => {
    await browser.click('Loops');
    await browser.click('Resume');
    await browser.click('Pause…');
    await browser.shows(dialog, 'Pause the loops?');
    await database.query('DELETE FROM session');
    await browser.shows('#news', 'The session has ended. Log in again.');
    expect(await browser.text(dialog)).toBe('');
    expect(await told()).toEqual(['', 'The session has ended. Log in again.']);
    const { account_id: account, password } = credentialsOf('demo');
    await browser.type('Account id', account);
    await browser.type('Password', password);
    await browser.click('Log in');
    const refusal = 'demo is no administrator: this page needs the role admin.';
    await browser.shows('#alert', refusal);
    expect(await told()).toEqual([refusal, '']);
  });

  it('throws nothing and breaks no rule of its own', () => {
    expect(browser.complaints).toEqual([]);
  });
});
