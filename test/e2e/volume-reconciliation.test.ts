import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import type { Policies } from '../../src/reconciliation/policy.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { Plans } from '../support/plans.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { Stranger } from '../support/stranger.js';
import { VolumeRequests, type VolumeBody } from '../support/volumes.js';

describe('volumes that changed in OpenStack', () => {
  let app: TestApp;
  let demo: Api;
  let volumes: VolumeRequests;
  let plans: Plans;
  let database: Connection;
  let server: ServerBody;
  let volume: VolumeBody;

  beforeAll(async () => {
    app = await startApp();
    app.simulator.setQuotas(seed.projects.demo, { volumes: -1, gigabytes: -1, instances: -1, cores: -1, ram: -1 });
    demo = await app.login('demo');
    volumes = new VolumeRequests(demo);
    plans = Plans.of(app, 'volume');
    database = await connect(app.schema);
    server = await (await ServerRequests.of(demo)).create('holder');
    volume = await volumes.create('followed');
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  const idOf = ({ openstack_id: id }: { readonly openstack_id: string | null }): string => id ?? '';
  const writes = (): number => app.simulator.log.list({}).filter(({ method }) => method !== 'GET').length;

  /** Finds exactly this about the volume, applies it, and finds nothing more. */
  async function reconciled(
    expected: Readonly<Record<string, unknown>>,
    changes: Partial<Policies> = {},
  ): Promise<void> {
    const before = writes();
    const findings = await plans.plan(changes);
    expect(findings).toEqual([expect.objectContaining({ resourceType: 'volume', resourceId: volume.id, ...expected })]);
    expect(writes()).toBe(before);
    expect(await plans.apply(findings, changes)).toEqual([{ state: 'APPLIED' }]);
    expect(await plans.plan(changes)).toEqual([]);
  }

  it('says nothing of what is as it was recorded', async () => {
    expect(await plans.plan()).toEqual([]);
  });

  it('follows a size', async () => {
    app.simulator.outside.resizeVolume(idOf(volume), 3);
    await reconciled({ type: 'FIELD_DRIFT', action: 'FOLLOW', before: { size: 1 }, after: { size: 3 } });
    expect(await volumes.get(volume.id)).toMatchObject({ size: 3 });
  });

  it('takes a name over, or gives ours, as the policy says', async () => {
    app.simulator.outside.rename(idOf(volume), 'elsewhere');
    await reconciled({ type: 'FIELD_DRIFT', before: { name: 'followed' }, after: { name: 'elsewhere' } });
    expect(await volumes.get(volume.id)).toMatchObject({ name: 'elsewhere' });
    app.simulator.outside.rename(idOf(volume), 'followed');
    await reconciled({ type: 'FIELD_DRIFT', action: 'RENAME' }, { names: 'enforce' });
    expect(app.simulator.cloud.volumes.get(idOf(volume))?.name).toBe('elsewhere');
  });

  it('takes over a description that OpenStack would not take from us, once', async () => {
    const object = app.simulator.cloud.volumes.get(idOf(volume));
    if (object === undefined) throw new Error('no volume');
    object.description = '🚀'.repeat(300);
    await reconciled({ type: 'FIELD_DRIFT', action: 'FOLLOW' });
    expect((await volumes.get(volume.id)).description).toBe('🚀'.repeat(255));
    object.description = null;
    await reconciled({ type: 'FIELD_DRIFT', action: 'FOLLOW' });
  });

  it('reports what was given to another project, and shows nothing of it any more', async () => {
    const given = await volumes.create('given-away');
    const object = app.simulator.cloud.volumes.get(idOf(given));
    if (object === undefined) throw new Error('no volume');
    app.simulator.cloud.volumes.set(object.id, { ...object, projectId: seed.projects.other, size: 9 });
    const moved = { type: 'FIELD_DRIFT', resourceId: given.id, action: null, allowed: false };
    const findings = await plans.plan();
    expect(findings).toEqual([
      expect.objectContaining({ ...moved, after: { project_openstack_id: seed.projects.other } }),
    ]);
    expect(await plans.apply(findings)).toEqual([]);
    expect(await volumes.get(given.id)).toMatchObject({ size: 1 });
    expect((await demo.delete(`/volumes/${String(given.id)}`)).status).toBe(204);
    expect(await plans.plan()).toEqual([
      expect.objectContaining({ type: 'UNMANAGED', openstackId: object.id, action: null }),
    ]);
    app.simulator.outside.delete(object.id);
    expect(await plans.plan()).toEqual([]);
  });

  it('follows where it is, on a server of ours and on none', async () => {
    const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    await stranger.attachVolume(idOf(server), idOf(volume));
    await reconciled({
      type: 'STATUS_DRIFT',
      before: { status: 'AVAILABLE', server_id: null, device: null },
      after: { status: 'IN_USE', server_id: server.id, device: expect.stringMatching(/^\/dev\//) },
    });
    expect(await volumes.get(volume.id)).toMatchObject({ status: 'IN_USE', server_id: server.id });
    app.simulator.outside.detachVolume(idOf(volume));
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'AVAILABLE', server_id: null, device: null } });
    expect(await volumes.get(volume.id)).toMatchObject({ status: 'AVAILABLE', server_id: null });
  });

  it('tells of an error, and forgets it afterwards', async () => {
    app.simulator.outside.error(idOf(volume));
    const told = { code: 'OPENSTACK_ERROR', message: 'Cinder shows the volume as error.' };
    await reconciled({ type: 'ERROR_FAULT', after: { status: 'ERROR', fault: told } });
    expect(await volumes.get(volume.id)).toMatchObject({ status: 'ERROR', fault: told });
    app.simulator.outside.setStatus(idOf(volume), 'available');
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'AVAILABLE', fault: null } });
  });

  it('reports what does not end, with the repair', async () => {
    app.simulator.outside.setStatus(idOf(volume), 'extending');
    await reconciled({ type: 'STATUS_DRIFT', after: { status: 'EXTENDING' } });
    const findings = await plans.plan({ stuckAfterSeconds: 0 });
    expect(findings).toEqual([
      expect.objectContaining({ type: 'STUCK_TRANSITION', action: null, resourceId: volume.id }),
    ]);
    expect(findings[0]?.reason).toContain(`openstack volume set --state available ${idOf(volume)}`);
    app.simulator.outside.setStatus(idOf(volume), 'available');
    await reconciled({ type: 'STATUS_DRIFT' });
  });

  it('hears of changes from the list of changes', async () => {
    const since = new Date(app.simulator.cloud.now() - 1_000);
    app.simulator.outside.resizeVolume(idOf(volume), 5);
    const found = (await plans.changed(since)).filter(({ resourceId }) => resourceId === volume.id);
    expect(found).toEqual([expect.objectContaining({ type: 'FIELD_DRIFT', after: { size: 5 } })]);
    await reconciled({ type: 'FIELD_DRIFT', after: { size: 5 } });
  });

  it('deletes the row of a volume that is gone, after the grace time', async () => {
    const gone = await volumes.create('gone');
    app.simulator.outside.delete(idOf(gone));
    const marking = await plans.plan({ missingGraceSeconds: 3_600 });
    expect(marking).toEqual([
      expect.objectContaining({ type: 'MISSING', action: 'MARK_MISSING', resourceId: gone.id }),
    ]);
    expect(await plans.apply(marking, { missingGraceSeconds: 3_600 })).toEqual([{ state: 'APPLIED' }]);
    expect(await volumes.get(gone.id)).toMatchObject({ status: 'AVAILABLE' });
    const findings = await plans.plan();
    expect(findings).toEqual([expect.objectContaining({ type: 'DELETED_OUTSIDE', action: 'TOMBSTONE' })]);
    const spared = { state: 'SKIPPED', reason: expect.stringMatching(/policy is to mark/) };
    expect(await plans.apply(findings, { missing: 'mark' })).toEqual([spared]);
    expect(await plans.apply(findings)).toEqual([{ state: 'APPLIED' }]);
    const [rows] = await database.query<RowDataPacket[]>('SELECT deleted_reason FROM volume WHERE id = ?', [gone.id]);
    expect(rows).toEqual([{ deleted_reason: 'external' }]);
    expect(await plans.plan()).toEqual([]);
  });

  it('reports a volume that was not made here, and adopts it where the policy says so', async () => {
    const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    const openstackId = await stranger.createVolume('elsewhere');
    expect(await plans.plan()).toEqual([expect.objectContaining({ type: 'UNMANAGED', openstackId, action: null })]);
    const findings = await plans.plan({ unmanaged: 'adopt' });
    expect(await plans.apply(findings, { unmanaged: 'adopt' })).toEqual([{ state: 'APPLIED' }]);
    const { body } = await demo.get<{ volumes: VolumeBody[] }>('/volumes');
    // The name is taken here.
    expect(body.volumes.find((one) => one.openstack_id === openstackId)).toMatchObject({
      name: 'elsewhere-2',
      size: 1,
      status: 'AVAILABLE',
    });
    expect(await plans.plan()).toEqual([]);
  });
});
