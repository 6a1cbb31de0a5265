import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import { ServerRequests } from '../support/servers.js';

interface Freshness {
  readonly sync: string;
  readonly observed_at: string | null;
  readonly status: string;
}

describe('sync', () => {
  let app: TestApp;
  let demo: Api;
  let database: Connection;
  let path: string;

  beforeAll(async () => {
    app = await startApp({ settings: { DELTA_MS: '200' } });
    demo = await app.login('demo');
    database = await connect(app.schema);
    const servers = await ServerRequests.of(demo);
    const server = await servers.create('fresh');
    path = `/servers/${String(server.id)}`;
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  async function anHourPasses(): Promise<void> {
    await database.query('UPDATE server SET observed_at = NOW(3) - INTERVAL 1 HOUR');
    await database.query('UPDATE watermark SET updated_at = NOW(3) - INTERVAL 1 HOUR');
  }

  it('is fresh while the list of changes is followed, however long ago the object itself was seen', async () => {
    await database.query('UPDATE server SET observed_at = NOW(3) - INTERVAL 1 HOUR');
    const { body } = await demo.until<Freshness>(path, (answer) => answer.body.sync === 'fresh');
    expect(body).toMatchObject({ status: 'ACTIVE', sync: 'fresh' });
  });

  it('is stale while Nova is away: reads go on, and it is fresh again without a restart', async () => {
    app.simulator.faults.add({ service: 'compute', status: 503 });
    // The look that was under way when Nova went away may still come to its end.
    for (let look = 0; look < 20 && (await demo.get<Freshness>(path)).body.sync !== 'stale'; look += 1)
      await anHourPasses();
    const { status, body } = await demo.get<Freshness>(path);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ACTIVE', sync: 'stale' });
    app.simulator.faults.clear();
    expect((await demo.until<Freshness>(path, (answer) => answer.body.sync === 'fresh')).body.sync).toBe('fresh');
  });

  it('is unknown once a look did not find the object, and shows what was seen last', async () => {
    app.simulator.faults.add({ service: 'compute', status: 503 });
    await database.query('UPDATE server SET missing_since = NOW(3)');
    const { body } = await demo.get<Freshness>(path);
    expect(body).toMatchObject({ status: 'ACTIVE', sync: 'unknown' });
  });
});
