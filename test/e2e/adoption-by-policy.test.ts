import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import { startApp, type TestApp } from '../support/app.js';
import { Looks } from '../support/looks.js';
import type { FindingBody } from '../support/reconciliations.js';
import { Stranger } from '../support/stranger.js';

/** What nobody may adopt by its route, no run takes over because of the policy either. */
describe('the policy to adopt what was not made here', () => {
  let app: TestApp;
  let looks: Looks;
  let database: Connection;
  let stranger: Stranger;

  beforeAll(async () => {
    app = await startApp();
    app.simulator.setQuotas(seed.projects.demo, { volumes: -1, gigabytes: -1, instances: -1, cores: -1, ram: -1 });
    looks = await Looks.of(app);
    ({ database } = looks);
    stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
  });

  afterAll(async () => {
    await looks.close();
    await app.close();
  });

  beforeEach(async () => {
    await looks.setPolicies({ unmanaged: 'adopt' });
  });

  afterEach(() => {
    app.simulator.outside.setCellDown(false);
  });

  async function rowsOf(table: 'server' | 'volume', openstackId: string): Promise<readonly RowDataPacket[]> {
    const sql = `SELECT managed_by FROM ${table} WHERE openstack_id = ?`;
    return (await database.query<RowDataPacket[]>(sql, [openstackId]))[0];
  }

  async function setEnabled(isEnabled: boolean): Promise<void> {
    await database.query('UPDATE project SET enabled = ? WHERE openstack_id = ?', [isEnabled, seed.projects.demo]);
  }

  /** What a run that applies says of the object. */
  async function applied(type: 'server' | 'volume', openstackId: string): Promise<readonly FindingBody[]> {
    const { body } = await looks.runs.post({ mode: 'apply', resource_types: [type] });
    await looks.runs.settled(body.id);
    return (await looks.runs.findings(body.id)).filter((finding) => finding.openstack_id === openstackId);
  }

  const refused = (reason: RegExp) => [
    expect.objectContaining({ type: 'UNMANAGED', action: null, allowed: false, reason: expect.stringMatching(reason) }),
  ];

  it('leaves what another installation has made', async () => {
    const foreign = await stranger.createVolume('foreign', { marker: `cloud-api:someone1:${randomUUID()}` });
    const own = await stranger.createVolume('own');
    const findings = await applied('volume', foreign);
    expect(await rowsOf('volume', foreign)).toEqual([]);
    expect(findings).toEqual(refused(/marker of another installation/));
    expect(await rowsOf('volume', own)).toEqual([{ managed_by: 'adopted' }]);
  });

  it('leaves what is in a project that is disabled', async () => {
    const openstackId = await stranger.createVolume('in-disabled');
    const plan = await looks.runs.plan({ resource_types: ['volume'] });
    await setEnabled(false);
    try {
      await looks.runs.apply(plan.id, { plan_hash: plan.plan_hash });
      await looks.runs.settled(plan.id);
      expect(await rowsOf('volume', openstackId)).toEqual([]);
      expect(await applied('volume', openstackId)).toEqual(refused(/project is disabled/));
      expect(await rowsOf('volume', openstackId)).toEqual([]);
    } finally {
      await setEnabled(true);
    }
    await applied('volume', openstackId);
    expect(await rowsOf('volume', openstackId)).toEqual([{ managed_by: 'adopted' }]);
  });

  it('leaves what was planned to be adopted once it is not the policy any more', async () => {
    const openstackId = await stranger.createVolume('not-any-more');
    const plan = await looks.runs.plan({ resource_types: ['volume'] });
    await looks.setPolicies({ unmanaged: 'report' });
    await looks.runs.apply(plan.id, { plan_hash: plan.plan_hash });
    await looks.runs.settled(plan.id);
    expect(await rowsOf('volume', openstackId)).toEqual([]);
  });

  it('leaves a server whose cell is down, and what is not seen is told', async () => {
    const volumeId = await stranger.createVolume('disk', { imageId: seed.images['lab-tiny'] });
    const portId = await stranger.createPort('port', seed.networks.private);
    const openstackId = await stranger.createServer('by-hand', seed.flavors['m1.tiny'], portId, volumeId);
    while (app.simulator.cloud.servers.get(openstackId)?.vmState !== 'active') await sleep(50);
    const plan = await looks.runs.plan({ resource_types: ['server'] });
    app.simulator.outside.setCellDown(true);
    await looks.runs.apply(plan.id, { plan_hash: plan.plan_hash });
    await looks.runs.settled(plan.id);
    expect(await rowsOf('server', openstackId)).toEqual([]);
    expect(await applied('server', openstackId)).toEqual([]);
    expect(await rowsOf('server', openstackId)).toEqual([]);
    expect((await looks.runs.plan({ resource_types: ['server'] })).counts).toEqual({ INCOMPLETE_VIEW: 1 });
    app.simulator.outside.setCellDown(false);
    await applied('server', openstackId);
    expect(await rowsOf('server', openstackId)).toEqual([{ managed_by: 'adopted' }]);
  });
});
