import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { FaultRule } from '../../simulator/faults.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { Looks } from '../support/looks.js';
import { parseMetrics, valueOf } from '../support/prometheus.js';
import { readRecord, withoutSights } from '../support/record.js';
import { plantRun } from '../support/reconciliations.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { quickTimings } from '../support/settings.js';
import { objectsOf } from '../support/simulated-objects.js';
import { Stranger } from '../support/stranger.js';
import { VolumeRequests } from '../support/volumes.js';

/** How long the answer is held back that a replica waits for when another one takes its work over. */
const heldMs = 900;
const orphanAgeMs = ['LEASE_MS', 'HTTP_TIMEOUT_MS', 'SETTLING_MS'].reduce(
  (sum, name) => sum + Number(quickTimings[name]),
  0,
);

/**
 * A replica stands still while it waits for OpenStack, and another one takes over what it was doing: nothing that it does afterwards
 * counts. Nobody else writes here, so that only the claim itself can keep it from writing.
 */
describe('a replica that lost its claim', () => {
  let app: TestApp;
  let looks: Looks;
  let database: Connection;
  let demo: Api;
  let servers: ServerRequests;
  let server: ServerBody;

  beforeAll(async () => {
    app = await startApp({
      settings: { DELTA_MS: '300', ORPHAN_SWEEP_MS: '600', IDENTITY_SWEEP_MS: '3600000' },
    });
    looks = await Looks.of(app);
    ({ database } = looks);
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    server = await servers.create('claimed');
    await servers.create('bystander');
    await looks.setPolicies({ missing_grace_seconds: 0, mass_missing_percent: 100 });
  }, 60_000);

  afterAll(async () => {
    await looks.close();
    await app.close();
  });

  const idOf = ({ openstack_id: id }: { readonly openstack_id: string | null }): string => id ?? '';
  const isThere = (id: string): boolean => objectsOf(app.simulator).some((object) => object.id === id);

  async function fencedWrites(of: 'reconciliation' | 'lease'): Promise<number> {
    const { body } = await app.anonymous.get<string>('/metrics');
    return valueOf(parseMetrics(body), `cloud_api_${of}_fenced_writes_total`) ?? 0;
  }

  /** Holds the answers to such requests back; returns once somebody waits for one. */
  async function held(rule: FaultRule): Promise<void> {
    const id = app.simulator.faults.add({ method: 'GET', delay_ms: heldMs, ...rule });
    while ((app.simulator.faults.list().find((fault) => fault.id === id)?.hits ?? 0) === 0) await sleep(10);
  }

  /** Until the answer that was held back has been dealt with. */
  const letGo = async (): Promise<void> => {
    await sleep(heldMs + 600);
  };

  describe('on a run', () => {
    let fenced: number;
    beforeEach(async () => {
      fenced = await fencedWrites('reconciliation');
      app.simulator.outside.stop(idOf(server));
    });
    afterEach(async () => {
      app.simulator.faults.clear();
      expect(await fencedWrites('reconciliation')).toBeGreaterThan(fenced);
      app.simulator.outside.start(idOf(server));
    });

    async function takeOver(id: number): Promise<void> {
      await database.query(
        `UPDATE reconciliation_run SET epoch = epoch + 1, lease_owner = 'another', lease_until = NOW(3) + INTERVAL 1 HOUR WHERE id = ?`,
        [id],
      );
    }

    /** Another replica holds them until then, and does nothing. */
    async function restLoops(until: string): Promise<void> {
      const types = ['server', 'volume', 'network_interface', 'floating_ip', 'security_group'];
      for (const name of [...types.map((type) => `delta:${type}`), 'orphans']) {
        await database.query(
          `INSERT INTO lease (name, owner, lease_until) VALUES (?, 'another', NOW(3) + INTERVAL ${until}) AS new
             ON DUPLICATE KEY UPDATE owner = new.owner, lease_until = new.lease_until`,
          [name],
        );
      }
    }

    async function countOperations(): Promise<number> {
      const [[row]] = await database.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM operation');
      return Number(row?.['n']);
    }

    async function free(id: number): Promise<void> {
      await database.query('UPDATE reconciliation_run SET lease_until = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [id]);
      await looks.runs.settled(id);
    }

    it('adds nothing to its plan; whoever has it now begins it anew', async () => {
      const { body } = await looks.runs.post({ mode: 'dry_run', resource_types: ['server'] });
      await held({ path: '/servers/detail$' });
      await takeOver(body.id);
      await letGo();
      expect(await looks.runs.findings(body.id)).toEqual([]);
      expect((await looks.runs.get(body.id)).state).toBe('PLANNING');
      app.simulator.faults.clear();
      await free(body.id);
      expect(await looks.runs.get(body.id)).toMatchObject({ state: 'PLANNED', counts: { STATUS_DRIFT: 1 } });
    });

    it('writes no row of a sweep', async () => {
      // A pause would end the sweep.
      await restLoops('1 HOUR');
      await looks.resume();
      const id = await plantRun(database, { origin: 'sweep', mode: 'apply', state: 'PLANNING' });
      await database.query('UPDATE reconciliation_run SET lease_until = NOW(3) - INTERVAL 1 SECOND WHERE id = ?', [id]);
      await held({ path: '/servers/detail$' });
      await takeOver(id);
      const before = await readRecord(database);
      await letGo();
      expect(await readRecord(database)).toEqual(before);
      app.simulator.faults.clear();
      await free(id);
      expect((await servers.get(server.id)).status).toBe('SHUTOFF');
      await restLoops('-1 SECOND');
      await looks.pause();
      app.simulator.outside.start(idOf(server));
      await looks.runs.settled((await looks.runs.post({ mode: 'apply' })).body.id);
    });

    it.each(['a difference', 'an absence'])('applies %s no more', async (what) => {
      const isAbsence = what === 'an absence';
      const gone = app.simulator.cloud.servers.get(idOf(server));
      if (gone === undefined) throw new Error('the server is not there');
      if (isAbsence) app.simulator.cloud.servers.delete(gone.id);
      const plan = await looks.runs.plan({ resource_types: ['server'] });
      expect(plan.counts).toEqual({ [isAbsence ? 'DELETED_OUTSIDE' : 'STATUS_DRIFT']: 1 });
      const before = withoutSights(await readRecord(database));
      const operations = await countOperations();
      expect((await looks.runs.apply(plan.id, { plan_hash: plan.plan_hash })).status).toBe(202);
      await held({ path: `/servers/${idOf(server)}$` });
      await takeOver(plan.id);
      await letGo();
      expect(withoutSights(await readRecord(database))).toEqual(before);
      // Nor has it begun to clean up after a server.
      expect(await countOperations()).toBe(operations);
      expect((await looks.runs.findings(plan.id)).map(({ state }) => state)).toEqual(['OPEN']);
      if (isAbsence) app.simulator.cloud.servers.set(gone.id, gone);
      await looks.runs.cancel(plan.id);
    });

    it('changes no more than it was to, whoever has it', async () => {
      const volumes = new VolumeRequests(demo);
      for (const name of ['first', 'second', 'third']) {
        app.simulator.outside.resizeVolume((await volumes.create(name)).openstack_id ?? '', 2);
      }
      const plan = await looks.runs.plan({ resource_types: ['volume'], max_changes: 2 });
      const [, second, ...more] = await looks.runs.findings(plan.id);
      expect(more).toHaveLength(1);
      expect((await looks.runs.apply(plan.id, { plan_hash: plan.plan_hash })).status).toBe(202);
      await held({ path: `/volumes/${second?.openstack_id ?? ''}$` });
      await takeOver(plan.id);
      await letGo();
      expect((await looks.runs.get(plan.id)).outcomes).toEqual({ open: 2, applied: 1, skipped: 0, failed: 0 });
      app.simulator.faults.clear();
      await free(plan.id);
      expect((await looks.runs.get(plan.id)).outcomes).toEqual({ open: 0, applied: 2, skipped: 1, failed: 0 });
      await looks.runs.settled((await looks.runs.post({ mode: 'apply', resource_types: ['volume'] })).body.id);
    }, 40_000);

    it('deletes no orphan', async () => {
      const volume = await new VolumeRequests(demo).create('twice');
      const second = await plantSecondOf(volume.id);
      await looks.runs.plan({ resource_types: ['volume'] });
      await sleep(orphanAgeMs);
      const plan = await looks.runs.plan({ resource_types: ['volume'] });
      expect((await looks.runs.apply(plan.id, { plan_hash: plan.plan_hash })).status).toBe(202);
      await held({ path: `/volumes/${second}$` });
      await takeOver(plan.id);
      await letGo();
      expect(isThere(second)).toBe(true);
      await looks.runs.cancel(plan.id);
      app.simulator.outside.delete(second);
    }, 40_000);
  });

  describe('on a loop', () => {
    let fenced: number;
    beforeEach(async () => {
      fenced = await fencedWrites('lease');
    });
    afterEach(async () => {
      app.simulator.faults.clear();
      await looks.pause();
      expect(await fencedWrites('lease')).toBeGreaterThan(fenced);
    });

    async function takeOver(name: string): Promise<void> {
      await database.query(
        "UPDATE lease SET epoch = epoch + 1, owner = 'another', lease_until = NOW(3) + INTERVAL 1 HOUR WHERE name = ?",
        [name],
      );
    }

    async function free(name: string): Promise<void> {
      await database.query('UPDATE lease SET lease_until = NOW(3) - INTERVAL 1 SECOND WHERE name = ?', [name]);
    }

    it('takes over no change, and does not move the watermark', async () => {
      const watermark = async (): Promise<unknown> =>
        (await database.query<RowDataPacket[]>("SELECT * FROM watermark WHERE name LIKE '%server'"))[0];
      app.simulator.outside.stop(idOf(server));
      await looks.resume();
      await held({ path: '/servers/detail$', query: 'changes-since' });
      await takeOver('delta:server');
      const [rows, mark] = [(await readRecord(database)).server, await watermark()];
      await letGo();
      expect((await readRecord(database)).server).toEqual(rows);
      expect(await watermark()).toEqual(mark);
      app.simulator.faults.clear();
      await free('delta:server');
      await demo.until<ServerBody>(`/servers/${String(server.id)}`, ({ body }) => body.status === 'SHUTOFF');
      app.simulator.outside.start(idOf(server));
      await demo.until<ServerBody>(`/servers/${String(server.id)}`, ({ body }) => body.status === 'ACTIVE');
    });

    it('deletes no orphan', async () => {
      const volume = await new VolumeRequests(demo).create('twice-again');
      const second = await plantSecondOf(volume.id);
      await looks.resume();
      await held({ path: `/volumes/${second}$` });
      await takeOver('orphans');
      await letGo();
      expect(isThere(second)).toBe(true);
      app.simulator.faults.clear();
      await free('orphans');
      while (isThere(second)) await sleep(50);
      expect(isThere(idOf(volume))).toBe(true);
    }, 40_000);
  });

  async function plantSecondOf(volumeId: number): Promise<string> {
    const [[row]] = await database.query<RowDataPacket[]>(
      'SELECT v.uuid, d.deployment_id FROM volume v JOIN deployment d WHERE v.id = ?',
      [volumeId],
    );
    const stranger = await Stranger.login(app.simulator.url, 'demo', 'demo');
    const marker = `cloud-api:${String(row?.['deployment_id'])}:${String(row?.['uuid'])}`;
    return stranger.createVolume('second', { marker });
  }
});
