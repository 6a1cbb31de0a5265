import { afterEach, describe, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { startSimulator } from '../../simulator/simulator.js';
import { Shutdown } from '../../src/health/shutdown.js';
import { startApp, type TestApp } from '../support/app.js';
import { workerSchema, type TestSchema } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';
import { credentialsOf } from '../support/simulated-cloud.js';

interface Ready {
  readonly status: string;
  readonly imported: boolean;
}

describe('health', () => {
  let app: TestApp | null = null;
  let simulator: Simulator | null = null;

  afterEach(async () => {
    await app?.close();
    await simulator?.close();
    [app, simulator] = [null, null];
  });

  it('is live and ready, without a token and without a word about versions', async () => {
    app = await startApp();
    const live = await app.anonymous.get('/health/live');
    expect([live.status, live.body]).toEqual([200, { status: 'ok' }]);
    const ready = await app.anonymous.get('/health/ready');
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready', imported: true }]);
  });

  it('is ready while Keystone has never been there, and imports when it comes', async () => {
    simulator = await startSimulator();
    simulator.switchService('identity', 'down');
    app = await startApp({ simulator, untilImported: false });
    const ready = await app.anonymous.get('/health/ready');
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready', imported: false }]);
    const login = await app.anonymous.post<ProblemBody>('/auth/login', credentialsOf('demo'));
    expect([login.status, login.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    simulator.switchService('identity', 'up');
    await app.anonymous.until<Ready>('/health/ready', ({ body }) => body.imported, 10_000);
    expect((await app.login('demo')).token).not.toBeNull();
  });

  it('lets a login work before the first import is through', async () => {
    simulator = await startSimulator();
    simulator.faults.add({ method: 'GET', path: '/users$', status: 503 });
    app = await startApp({ simulator, untilImported: false });
    const demo = await app.login('demo');
    expect((await demo.get<{ project: { name: string } }>('/auth/me')).body.project.name).toBe('demo');
    expect((await app.anonymous.get<Ready>('/health/ready')).body.imported).toBe(false);
  });

  it('starts without MySQL, lives, is not ready, and answers 503', async () => {
    app = await startApp({ settings: { DB_PORT: '9' }, untilImported: false });
    expect((await app.anonymous.get('/health/live')).status).toBe(200);
    const ready = await app.anonymous.get<ProblemBody>('/health/ready');
    expect([ready.status, ready.body.code, ready.body.detail]).toEqual([503, 'NOT_READY', 'MySQL cannot be reached']);
    expect(ready.headers.get('retry-after')).toMatch(/^\d+$/);
    const login = await app.anonymous.post<ProblemBody>('/auth/login', credentialsOf('demo'));
    expect([login.status, login.body.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect(login.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('is not ready before the migrations have run', async () => {
    const given = await workerSchema();
    const empty: TestSchema = {
      ...given,
      name: `${given.name}_empty`,
      settings: { ...given.settings, DB_NAME: `${given.name}_empty` },
    };
    const connection = await createConnection({
      host: given.host,
      port: given.port,
      user: given.user,
      password: given.password,
    });
    await connection.query(`CREATE SCHEMA \`${empty.name}\``);
    try {
      app = await startApp({ schema: empty, untilImported: false });
      const ready = await app.anonymous.get<ProblemBody>('/health/ready');
      expect([ready.status, ready.body.detail]).toEqual([503, 'Migrations have not run yet']);
      await app.close();
      app = null;
    } finally {
      await connection.query(`DROP SCHEMA \`${empty.name}\``);
      await connection.end();
    }
  });

  it('is not ready from the moment on that the shutdown begins, and still answers', async () => {
    app = await startApp();
    app.app.get(Shutdown, { strict: false }).begin();
    const ready = await app.anonymous.get<ProblemBody>('/health/ready');
    expect([ready.status, ready.body.detail]).toEqual([503, 'This replica is shutting down']);
    const live = await app.anonymous.get('/health/live');
    expect([live.status, live.headers.get('connection')]).toEqual([200, 'close']);
  });
});
