import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule } from '../../simulator/faults.js';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests } from '../support/floating-ips.js';
import { Looks, quickLoops } from '../support/looks.js';
import { readRecord } from '../support/record.js';
import { SecurityGroupRequests } from '../support/security-groups.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { VolumeRequests } from '../support/volumes.js';

/** How each type is kept by the simulator, and where it is listed. */
const kinds = {
  server: { map: 'servers', list: '/servers/detail$' },
  volume: { map: 'volumes', list: '/volumes/detail$' },
  network_interface: { map: 'ports', list: '/ports$' },
  floating_ip: { map: 'floatingIps', list: '/floatingips$' },
  security_group: { map: 'securityGroups', list: '/security-groups$' },
} as const;

type Kind = keyof typeof kinds;
const all = Object.keys(kinds) as Kind[];
const byKeystone = ['project', 'user', 'project_user'] as const;

/**
 * O20 to O23: nothing is concluded from a view that cannot be believed. Each is shown to a dry run, to its application, to an
 * administrator's run that applies, and to the loops; the record must stay as it is in every column.
 */
describe('what OpenStack seems to say', () => {
  let app: TestApp;
  let looks: Looks;
  let servers: ServerRequests;
  let made: readonly ServerBody[];

  beforeAll(async () => {
    app = await startApp({ settings: quickLoops });
    looks = await Looks.of(app);
    const demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    made = await Promise.all(['one', 'two', 'three'].map((name) => servers.create(name)));
    const other = await app.login('other');
    for (const api of [demo, other]) {
      await new VolumeRequests(api).create('alone');
      for (const name of ['web', 'db']) await new SecurityGroupRequests(api).create(name);
      for (let count = 0; count < 2; count += 1) await new FloatingIpRequests(api).allocate();
    }
    await (await ServerRequests.of(other, seed.networks['other-private'])).create('elsewhere');
    // Nothing but the rules themselves keeps a row from being deleted.
    await looks.setPolicies({ missing_grace_seconds: 0 });
    await looks.isBelievedAgain();
  }, 90_000);

  afterAll(async () => {
    await looks.close();
    await app.close();
  });

  let restore: (() => void)[] = [];
  afterEach(async () => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
    app.simulator.outside.setCellDown(false);
    for (const undo of restore) undo();
    restore = [];
    await looks.isBelievedAgain();
  });

  /** Takes objects out of OpenStack's sight as if they had never been; they come back after the test. */
  function hide(kind: Kind, isHidden: (object: { readonly id: string; readonly projectId: string }) => boolean): void {
    const map = app.simulator.cloud[kinds[kind].map] as Map<string, { id: string; projectId: string }>;
    const everything = [...map];
    for (const [id, object] of everything) if (isHidden(object)) map.delete(id);
    restore.push(() => {
      map.clear();
      for (const [id, object] of everything) map.set(id, object);
    });
  }

  const fault = (rule: FaultRule): string => app.simulator.faults.add(rule);
  /** The object at which the second page of one ends. */
  async function secondOf(kind: Kind): Promise<string> {
    const before = app.simulator.log.list().at(-1)?.id ?? 0;
    await looks.runs.plan({ resource_types: [kind] });
    const pages = app.simulator.log.list({ after: before, path: kinds[kind].list });
    const marker = /marker=([0-9a-f-]+)/.exec(pages[2]?.query ?? '')?.[1];
    if (marker === undefined) throw new Error(`the list of ${kind} has no third page`);
    return marker;
  }

  it('objects of a project that are missing all at once wait for a person', async () => {
    const record = await readRecord(looks.database);
    const project = record.project.find((row) => row['openstack_id'] === seed.projects.demo);
    for (const kind of all) hide(kind, ({ projectId }) => projectId === seed.projects.demo);
    const live = all.flatMap((kind) => record[kind].filter((row) => row['project_id'] === project?.['id']));
    const findings = await looks.changesNothing({
      complete: true,
      counts: { MASS_MISSING: live.length },
      reason: /confirm_mass_change/,
    });
    expect(findings.map(({ action }) => action)).toEqual(live.map(() => 'TOMBSTONE'));
    expect(new Set(findings.map(({ resource_type: type }) => type))).toEqual(new Set(all));
  });

  it('lists that are empty while single objects answer 404 show nothing', async () => {
    // Neutron makes a default group for whoever asks for groups: that list is never empty.
    const emptied = all.filter((kind) => kind !== 'security_group');
    for (const kind of emptied) hide(kind, () => true);
    const counts = { INCOMPLETE_VIEW: emptied.length };
    await looks.changesNothing({ complete: false, counts, reason: /^The list is empty/ });
  });

  it('lists that are empty while single objects are there show nothing', async () => {
    for (const [kind, key] of Object.entries({
      server: 'servers',
      volume: 'volumes',
      network_interface: 'ports',
      floating_ip: 'floatingips',
      security_group: 'security_groups',
    })) {
      fault({ method: 'GET', path: kinds[kind as Kind].list, status: 200, body: { [key]: [] } });
    }
    await looks.changesNothing({
      complete: false,
      counts: { INCOMPLETE_VIEW: all.length },
      reason: /^The list is empty/,
    });
  });

  it('single objects that all answer 404 beside lists that show them are there', async () => {
    const id = '[0-9a-f]{8}-[0-9a-f-]{27}$';
    for (const service of ['compute', 'network', 'volume'] as const) {
      fault({ method: 'GET', service, path: id, status: 404, body: {} });
    }
    await looks.changesNothing({ complete: true, counts: {} });
  });

  it('lists that break off on their third page show nothing, whatever breaks them off', async () => {
    const record = await readRecord(looks.database);
    for (const kind of all) {
      const [row] = record[kind].filter((one) => one['is_default'] !== 1).slice(-1);
      hide(kind, ({ id }) => id === row?.['openstack_id']);
    }
    app.simulator.configure({ page_size: 1 });
    const broken: Readonly<Record<Kind, FaultRule>> = {
      server: { status: 500 },
      volume: { action: 'malformed' },
      network_interface: { action: 'truncate' },
      floating_ip: { status: 404 },
      security_group: { action: 'reset-before' },
    };
    for (const kind of all) {
      const second = await secondOf(kind);
      fault({ method: 'GET', path: kinds[kind].list, query: `marker=${second}`, ...broken[kind] });
    }
    await looks.changesNothing({ complete: false, counts: { INCOMPLETE_VIEW: all.length } });
  });

  it.each([401, 403, 404, 500, 503])('answers of %s from everybody show nothing', async (status) => {
    fault({ method: 'GET', status });
    await looks.changesNothing({
      complete: false,
      counts: { INCOMPLETE_VIEW: all.length + byKeystone.length },
      // A service that fails again and again is not asked any more.
      reason: new RegExp(`${String(status)}|only probes are sent`),
    });
  });

  it('what was made while a list was read is not missing from it', async () => {
    app.simulator.configure({ page_size: 1 });
    fault({ method: 'GET', path: kinds.server.list, query: 'marker=', delay_ms: 1_000 });
    const { body: run } = await looks.runs.post({ mode: 'dry_run', resource_types: ['server'] });
    // Nova lists the newest first: its page has gone by.
    while (!app.simulator.log.list({ path: kinds.server.list }).at(-1)?.query.includes('marker=')) await sleep(10);
    const made = await servers.create('meanwhile');
    expect((await looks.runs.get(run.id)).state).toBe('PLANNING');
    fault({ method: 'GET', path: `/servers/${made.openstack_id ?? ''}$`, status: 404, body: {} });
    const { complete, counts } = await looks.runs.settled(run.id);
    expect([complete, counts]).toEqual([true, {}]);
  });

  it('a cell that is down shows nothing, not even that a server is missing', async () => {
    hide('server', ({ id }) => id === made[0]?.openstack_id);
    app.simulator.outside.setCellDown(true);
    await looks.changesNothing({
      complete: false,
      counts: { INCOMPLETE_VIEW: 1 },
      reason: /a part of the service is down/,
    });
  });
});
