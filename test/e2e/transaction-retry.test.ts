import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import type { TestApp } from '../support/app.js';
import { deadlock, locking, lockWait, rolledBackByGroup, type MysqlProxy } from '../support/mysql-proxy.js';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';
import { markedObjects } from '../support/simulated-objects.js';
import { VolumeRequests } from '../support/volumes.js';

// Every fifth statement is refused, on purpose: everything takes a multiple of its time.
jest.setTimeout(120_000);

describe('a transaction that MySQL rolls back', () => {
  let proxied: ProxiedApp;
  let app: TestApp;
  let demo: Api;
  let proxy: MysqlProxy;
  let servers: ServerRequests;
  let volumes: VolumeRequests;
  let database: Connection;

  beforeAll(async () => {
    proxied = await startProxiedApp();
    ({ app, proxy, database } = proxied);
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    volumes = new VolumeRequests(demo);
  });

  afterAll(() => proxied.close());

  afterEach(() => {
    proxy.stopRefusing();
  });

  async function count(table: string): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${table}`);
    return Number(rows[0]?.['n']);
  }

  /** What Nova and Cinder were told to make, by its marker. */
  const creations = (name: string) =>
    app.simulator.log
      .list({ method: 'POST' })
      .filter(({ path, created }) => /\/(servers|volumes)$/.test(path) && created !== null)
      .filter(({ created }) => marked(name).some(({ id }) => id === created)).length;
  const marked = (name: string) =>
    (['server', 'volume'] as const)
      .flatMap((type) => markedObjects(app.simulator, type))
      .filter((object) => object.name.startsWith(name));

  it.each([
    ['by a deadlock (P8)', deadlock, locking],
    ['after a lock wait (P8)', lockWait, locking],
    ['by its group at the COMMIT', rolledBackByGroup, /^COMMIT$/],
  ])('%s is run again, and nothing is told of it', async (_why, error, at) => {
    const name = `retry-${String(error.number)}`;
    const before = proxy.refusals;
    proxy.refuseOneOf(5, error, at);
    const created = await Promise.all(
      [0, 1, 2, 3].map(async (number) => ({
        server: await servers.post(`${name}-${String(number)}`),
        volume: await volumes.post(`${name}-${String(number)}`),
      })),
    );
    for (const { server, volume } of created) {
      expect([server.status, volume.status]).toEqual([202, 202]);
      expect([await demo.finished(server), await demo.finished(volume)]).toMatchObject([
        { state: 'SUCCEEDED' },
        { state: 'SUCCEEDED' },
      ]);
    }
    expect([marked(name).length, creations(name)]).toEqual([12, 12]);
    for (const { server, volume } of created) {
      for (const path of [`/servers/${String(server.body.id)}`, `/volumes/${String(volume.body.id)}`]) {
        const deleted = await demo.delete(path);
        expect([202, 204]).toContain(deleted.status);
        if (deleted.status === 202) await demo.finished(deleted);
        expect((await demo.get(path)).status).toBe(404);
      }
    }
    expect(proxy.refusals).toBeGreaterThan(before + 20);
    proxy.stopRefusing();
    expect(marked(name)).toEqual([]);
    expect([await count("operation WHERE state <> 'SUCCEEDED'"), await count('operation_lock')]).toEqual([0, 0]);
  });

  it('is begun anew on the new primary when the old one writes no more (P12)', async () => {
    const keys = [0, 1, 2, 3, 4, 5].map(() => ({ headers: { 'idempotency-key': randomUUID() } }));
    const running = await servers.post('failover-before');
    const [open, refusals] = [proxy.demote(), proxy.refusals];
    const post = async (number: number) =>
      demo.post<ServerBody>('/servers', servers.body(`failover-${String(number)}`), keys[number] ?? {});
    for (const [number] of keys.entries()) {
      let answer = await post(number);
      for (const end = Date.now() + 30_000; answer.status === 503 && Date.now() < end; answer = await post(number)) {
        expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      }
      expect(answer.status).toBe(202);
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    }
    expect(await demo.finished(running)).toMatchObject({ state: 'SUCCEEDED' });
    // A connection that was refused is given up: none is refused twice.
    const refused = proxy.refusals - refusals;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThanOrEqual(open);
    expect(proxy.openDemoted).toBeLessThanOrEqual(open - refused);
    expect(marked('failover-').map(({ name }) => name)).toHaveLength(14);
    expect(creations('failover-')).toBe(14);
    expect(await count("server WHERE name LIKE 'failover-%'")).toBe(7);
  });
});
