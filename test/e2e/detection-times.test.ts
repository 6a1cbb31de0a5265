import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { pollDelayMs } from '../../src/operation/operation-timing.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests, type FloatingIpBody } from '../support/floating-ips.js';
import { Looks } from '../support/looks.js';
import { SecurityGroupRequests } from '../support/security-groups.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { quickTimings, testConfig } from '../support/settings.js';
import { VolumeRequests } from '../support/volumes.js';

const byDefault = Object.fromEntries(Object.keys(quickTimings).map((name) => [name, '']));
const { settings: defaults } = testConfig(byDefault);
const minuteMs = 60_000;

/** A thirtieth of the default interval of the list of changes; less of those of the sweep and of the grace time. */
const [deltaMs, sweepMs, graceMs] = [1_000, 15_000, 2_000];
const leaseMs = Number(quickTimings['LEASE_MS']);
/** On a machine that has other things to do. */
const slackMs = 5_000;
/** It is looked every quarter of the interval whether a sweep is due, and whether the grace time is over. Two sweeps take longer. */
const sweepSlackMs = 2 * (sweepMs / 4) + slackMs / 2;

/** What is looked at of a resource. */
interface Shown {
  readonly status: string;
  readonly name: string;
}

describe('the time until it is seen here', () => {
  let app: TestApp;
  let looks: Looks;
  let demo: Api;
  let servers: ServerRequests;
  let server: ServerBody;

  beforeAll(async () => {
    app = await startApp({
      settings: {
        ...{ POLL_FIRST_MS: '', POLL_MAX_MS: '', HOT_LOOP_MS: '', BACKOFF_FIRST_MS: '', BACKOFF_MAX_MS: '' },
        ...{ DELTA_MS: String(deltaMs), SWEEP_MS: String(sweepMs) },
      },
    });
    looks = await Looks.of(app);
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    server = await servers.create('watched');
    await looks.setPolicies({ missing_grace_seconds: graceMs / 1_000 });
  }, 60_000);

  afterAll(async () => {
    await looks.close();
    await app.close();
  });

  async function seenAfter(path: string, is: (body: Shown) => boolean, mostMs: number): Promise<number> {
    const startedAt = performance.now();
    await demo.until<Shown>(path, ({ status, body }) => status === 404 || is(body), mostMs + 20_000);
    return performance.now() - startedAt;
  }

  const idOf = ({ openstack_id: id }: { readonly openstack_id: string | null }): string => id ?? '';

  describe('by the default intervals', () => {
    it('is 90 s for a change by somebody else, even if the replica dies that was to see it', () => {
      expect(defaults.DELTA_MS + defaults.LEASE_MS).toBeLessThanOrEqual(90_000);
    });

    it('is a sweep and the grace time for a deletion by somebody else: 35 minutes', async () => {
      const { body } = await looks.runs.api.get<{ missing_grace_seconds: number }>('/admin/reconciliation-policies');
      expect(body.missing_grace_seconds).toBe(graceMs / 1_000);
      expect(defaults.SWEEP_MS).toBe(30 * minuteMs);
    });

    it('is 5 s for our own operations whose steps take up to 50 s, and a tenth of a step that takes longer', () => {
      expect(defaults.HOT_LOOP_MS).toBeLessThanOrEqual(1_000);
      expect(pollDelayMs(50_000, defaults)).toBeLessThanOrEqual(5_000);
      expect(pollDelayMs(10 * minuteMs, defaults)).toBeLessThanOrEqual(30_000);
    });
  });

  describe('of a change by somebody else, on a scale of 1:30', () => {
    beforeAll(async () => {
      await looks.resume();
    });

    it('is one interval of the list of changes, for a server, an address, a volume and a group', async () => {
      const [volume, group] = [
        await new VolumeRequests(demo).create('watched'),
        await new SecurityGroupRequests(demo).create('watched'),
      ];
      const address = await new FloatingIpRequests(demo).allocate();
      const { outside } = app.simulator;
      const looksAt = [
        {
          change: () => {
            outside.stop(idOf(server));
          },
          path: `/servers/${String(server.id)}`,
          is: (body: Shown) => body.status === 'SHUTOFF',
        },
        {
          change: () => {
            outside.setStatus(idOf(address), 'ERROR');
          },
          path: `/floating-ips/${String(address.id)}`,
          is: (body: Shown) => body.status === 'ERROR',
        },
        {
          change: () => {
            outside.rename(idOf(volume), 'by-hand');
          },
          path: `/volumes/${String(volume.id)}`,
          is: (body: Shown) => body.name === 'by-hand',
        },
        {
          change: () => {
            outside.rename(idOf(group), 'by-hand');
          },
          path: `/security-groups/${String(group.id)}`,
          is: (body: Shown) => body.name === 'by-hand',
        },
      ];
      for (const { change, path, is } of looksAt) {
        change();
        const took = await seenAfter(path, is, deltaMs);
        expect(took).toBeLessThan(deltaMs + slackMs);
      }
    });

    it('is one interval and a lease when a replica has died with it in hand', async () => {
      app.simulator.outside.start(idOf(server));
      await seenAfter(`/servers/${String(server.id)}`, ({ status }) => status === 'ACTIVE', deltaMs);
      // The sweep would see it, too.
      await looks.pause();
      const [result] = await looks.database.query<RowDataPacket[]>(
        "SELECT 1 FROM reconciliation_run WHERE active_scope_key IS NOT NULL AND origin = 'sweep'",
      );
      expect(result).toEqual([]);
      await looks.database.query(
        "UPDATE lease SET epoch = epoch + 1, owner = 'dead', lease_until = NOW(3) + INTERVAL ? MICROSECOND WHERE name = 'delta:server'",
        [leaseMs * 1_000],
      );
      app.simulator.outside.stop(idOf(server));
      await looks.resume();
      const took = await seenAfter(
        `/servers/${String(server.id)}`,
        ({ status }) => status === 'SHUTOFF',
        deltaMs + leaseMs,
      );
      expect(took).toBeLessThan(deltaMs + leaseMs + slackMs);
    });
  });

  it('of a deletion by somebody else is one sweep and the grace time, on a scale of 1:120', async () => {
    const volumes = new VolumeRequests(demo);
    // Few of many, or it would be a mass.
    const made = await Promise.all(Array.from({ length: 6 }, (_, index) => volumes.create(`many-${String(index)}`)));
    const addresses = new FloatingIpRequests(demo);
    const kept: FloatingIpBody[] = [];
    for (let index = 0; index < 5; index += 1) kept.push(await addresses.allocate());
    const [volume, address] = [made[0], kept[0]];
    if (volume === undefined || address === undefined) throw new Error('nothing was made');
    await looks.resume();
    // The worst moment: a sweep has just gone by.
    const newest = async (): Promise<number> => {
      const path = '/admin/reconciliations?origin=sweep&state=DONE&limit=1';
      const { body } = await looks.runs.api.get<{ reconciliations: { id: number }[] }>(path);
      return body.reconciliations[0]?.id ?? 0;
    };
    const before = await newest();
    while ((await newest()) === before) await sleep(50);
    app.simulator.outside.delete(idOf(volume));
    app.simulator.outside.delete(idOf(address));
    const mostMs = sweepMs + graceMs;
    const took = await Promise.all([
      seenAfter(`/volumes/${String(volume.id)}`, () => false, mostMs),
      seenAfter(`/floating-ips/${String(address.id)}`, () => false, mostMs),
    ]);
    expect(Math.max(...took)).toBeLessThan(mostMs + sweepSlackMs);
  }, 60_000);

  it('of what our own operations do is 5 s, with the default polls', async () => {
    app.simulator.configure({ server_build_ms: 6_000, server_action_ms: 3_000, server_delete_ms: 3_000 });
    const late = async (answer: Parameters<Api['finished']>[0], isDone: () => boolean): Promise<number> => {
      const ended = demo.finished(answer).then(() => performance.now());
      while (!isDone()) await sleep(20);
      const doneAt = performance.now();
      return (await ended) - doneAt;
    };
    const stateOf = (id: string): string | undefined => app.simulator.cloud.servers.get(id)?.vmState;
    const created = await servers.post('timed');
    const { openstack_id: id } = (
      await demo.until<ServerBody>(`/servers/${String(created.body.id)}`, ({ body }) => body.openstack_id !== null)
    ).body;
    expect(await late(created, () => stateOf(id ?? '') === 'active')).toBeLessThan(5_000);
    const stopped = await demo.put(`/servers/${String(created.body.id)}/status?status=SHUTOFF`, undefined, {
      headers: { prefer: 'respond-async' },
    });
    expect(stopped.status).toBe(202);
    expect(await late(stopped, () => stateOf(id ?? '') === 'stopped')).toBeLessThan(5_000);
    const deleted = await demo.delete(`/servers/${String(created.body.id)}`);
    expect(await late(deleted, () => stateOf(id ?? '') === undefined)).toBeLessThan(5_000);
  }, 60_000);
});
