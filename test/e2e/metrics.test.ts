import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/port.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { OperationAdminRequests, operationIdOf } from '../support/operations.js';
import { parseMetrics, valueOf, type MetricSample } from '../support/prometheus.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody } from '../support/servers.js';

async function scrape(url: string): Promise<readonly MetricSample[]> {
  const answer = await fetch(`${url}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  return parseMetrics(await answer.text());
}

describe('the metrics', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    for (const service of app.simulator.downServices()) app.simulator.switchService(service, 'up');
  });

  /** What the tables say is kept for five seconds. */
  async function eventually(
    is: (samples: readonly MetricSample[]) => boolean,
    asking?: string,
  ): Promise<readonly MetricSample[]> {
    const end = Date.now() + 20_000;
    for (;;) {
      if (asking !== undefined) await demo.get(asking);
      const samples = await scrape(app.url);
      if (is(samples)) return samples;
      if (Date.now() > end) throw new Error(`it never came: ${JSON.stringify(samples.map((one) => one.name))}`);
      await sleep(200);
    }
  }

  it('count requests by route, method and status', async () => {
    const labels = { method: 'GET', route: '/servers/{id}', status: '404' };
    const name = 'cloud_api_http_request_duration_seconds_count';
    const before = valueOf(await scrape(app.url), name, labels) ?? 0;
    await demo.get('/servers/4711');
    await demo.get('/servers/4712');
    await fetch(`${app.url}/no/such/path`, { method: 'PROPFIND' });
    const samples = await scrape(app.url);
    expect(valueOf(samples, name, labels)).toBe(before + 2);
    expect(samples.some((sample) => sample.labels['route']?.includes('471') === true)).toBe(false);
    expect(valueOf(samples, name, { method: 'GET', route: '/metrics', status: '200' })).toBeGreaterThan(0);
    expect(samples.some((sample) => sample.labels['method'] === 'PROPFIND')).toBe(false);
  });

  it('count what is asked of OpenStack, and tell which service cannot be reached', async () => {
    await servers.create('counted');
    const name = 'cloud_api_openstack_request_duration_seconds_count';
    const samples = await scrape(app.url);
    expect(valueOf(samples, name, { service: 'compute', operation: 'POST /servers', status: '202' })).toBe(1);
    expect(valueOf(samples, name, { service: 'network', operation: 'POST /v2.0/ports', status: '201' })).toBe(1);
    expect(valueOf(samples, name, { service: 'identity', operation: 'POST /v3/auth/tokens' })).toBeGreaterThan(0);
    for (const service of ['identity', 'compute', 'network', 'volume', 'image'])
      expect([service, valueOf(samples, 'cloud_api_openstack_reachable', { service })]).toEqual([service, 1]);
    app.simulator.switchService('image', 'down');
    for (let tries = 0; tries < 8; tries += 1) await demo.get('/images');
    const down = await eventually((seen) => valueOf(seen, 'cloud_api_openstack_reachable', { service: 'image' }) === 0);
    expect(valueOf(down, 'cloud_api_openstack_reachable', { service: 'compute' })).toBe(1);
    app.simulator.switchService('image', 'up');
    await eventually((seen) => valueOf(seen, 'cloud_api_openstack_reachable', { service: 'image' }) === 1, '/images');
  });

  it('tell of operations that do not end, and of leases', async () => {
    app.simulator.faults.add({ method: 'POST', path: '/ports$', status: 503, headers: { 'retry-after': '300' } });
    const answer = await servers.post('endless');
    const open = { kind: 'server.create', state: 'RUNNING' };
    const samples = await eventually((seen) => valueOf(seen, 'cloud_api_operations', open) === 1);
    expect(valueOf(samples, 'cloud_api_operation_oldest_seconds')).toBeGreaterThan(0);
    expect(valueOf(samples, 'cloud_api_operations_needing_attention')).toBe(0);
    expect(valueOf(samples, 'cloud_api_lease_epoch', { lease: 'orphans' })).toBeGreaterThan(0);
    expect(valueOf(samples, 'cloud_api_database_reachable')).toBe(1);
    await new OperationAdminRequests(await app.login('admin')).abandon(operationIdOf(answer));
    const ended = await scrape(app.url);
    expect(valueOf(ended, 'cloud_api_operations_ended_total', { kind: 'server.create', state: 'FAILED' })).toBe(1);
    await eventually((seen) => valueOf(seen, 'cloud_api_operations', open) === undefined);
  });

  it('tell how old the record is', async () => {
    await servers.create('aging');
    await eventually((seen) => (valueOf(seen, 'cloud_api_observed_age_seconds', { type: 'server' }) ?? 0) > 0);
  });

  it('count the late writes of who lost an operation', async () => {
    const name = 'cloud_api_operation_fenced_writes_total';
    const before = valueOf(await scrape(app.url), name) ?? 0;
    app.simulator.faults.add({ method: 'POST', path: '/ports$', delay_ms: 600, times: 1 });
    const since = app.simulator.log.list().at(-1)?.id ?? 0;
    const answer = await servers.post('late');
    while (app.simulator.log.list({ method: 'POST', path: '/ports$', after: since }).length === 0) await sleep(10);
    await new OperationAdminRequests(await app.login('admin')).abandon(operationIdOf(answer));
    const samples = await eventually((seen) => valueOf(seen, name) !== before);
    expect(valueOf(samples, name)).toBe(before + 1);
  });

  it('count the bugs that requests met (A28)', async () => {
    const name = 'cloud_api_unexpected_errors_total';
    const before = valueOf(await scrape(app.url), name) ?? 0;
    await database.query('RENAME TABLE key_pair TO key_pair_gone');
    try {
      const answer = await demo.get<ProblemBody>('/key-pairs');
      expect([answer.status, answer.body.code]).toEqual([500, 'INTERNAL_ERROR']);
    } finally {
      await database.query('RENAME TABLE key_pair_gone TO key_pair');
    }
    expect(valueOf(await scrape(app.url), name)).toBe(before + 1);
  });

  it('tell what the newest run of reconciliation found, and whether it saw everything', async () => {
    const columns = 'origin, mode, state, scope_key, resource_types, is_complete, lease_until, started_at, planned_at';
    const [made] = await database.query(
      `INSERT INTO reconciliation_run (${columns}) VALUES
         ('admin', 'dry_run', 'PLANNED', 'planted', '["server"]', 0, NOW(3), NOW(3) - INTERVAL 90 SECOND, NOW(3) - INTERVAL 60 SECOND)`,
    );
    const { insertId } = made as { insertId: number };
    await database.query(
      `INSERT INTO reconciliation_finding (run_id, type, resource_type, evidence, first_seen_at) VALUES
         (?, 'MISSING', 'server', '[]', NOW(3)), (?, 'MISSING', 'server', '[]', NOW(3)), (?, 'ORPHAN', 'volume', '[]', NOW(3))`,
      [insertId, insertId, insertId],
    );
    const found = { type: 'MISSING', state: 'OPEN' };
    const samples = await eventually((seen) => valueOf(seen, 'cloud_api_findings', found) === 2);
    expect(valueOf(samples, 'cloud_api_findings', { type: 'ORPHAN', state: 'OPEN' })).toBe(1);
    expect(valueOf(samples, 'cloud_api_sweep_complete')).toBe(0);
    expect(valueOf(samples, 'cloud_api_sweep_duration_seconds')).toBeCloseTo(30, 0);
    expect(valueOf(samples, 'cloud_api_sweep_age_seconds')).toBeGreaterThan(59);
  });

  it('give nothing away: no id, no name, no token (A19)', async () => {
    const { id, openstack_id: openstackId } = await servers.create('canary-in-metrics');
    const text = await (await fetch(`${app.url}/metrics`)).text();
    const { demo: project } = { demo: demo.login?.user.projects[0]?.openstack_id ?? '' };
    for (const word of ['canary', openstackId ?? '', project, demo.token ?? '', 'demo', 'admin-secret'])
      expect([word, text.includes(word)]).toEqual([word, false]);
    expect(text).not.toContain(`/servers/${String(id)}`);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}|\d+\.\d+\.\d+\.\d+/);
  });

  it('refuse parameters, and are no part of the description of the API', async () => {
    expect((await fetch(`${app.url}/metrics?name=x`)).status).toBe(422);
    const { body } = await app.anonymous.get<{ paths: Record<string, unknown> }>('/openapi.json');
    expect(Object.keys(body.paths)).not.toContain('/metrics');
  });
});

describe('the metrics without MySQL', () => {
  it('leave out what only the tables know', async () => {
    const app = await startApp({ settings: { DB_PORT: String(await freePort()) }, untilImported: false });
    try {
      const samples = await scrape(app.url);
      expect(valueOf(samples, 'cloud_api_database_reachable')).toBe(0);
      expect(valueOf(samples, 'cloud_api_process_uptime_seconds')).toBeGreaterThan(0);
      const names = new Set(samples.map(({ name }) => name));
      for (const name of ['operations', 'operation_oldest_seconds', 'orphans', 'lease_epoch', 'observed_age_seconds'])
        expect([name, names.has(`cloud_api_${name}`)]).toEqual([name, false]);
    } finally {
      await app.close();
    }
  });
});

describe('where the metrics are (A20)', () => {
  it('is nowhere when they are switched off', async () => {
    const app = await startApp({ settings: { METRICS: 'false' }, untilImported: false });
    try {
      expect((await fetch(`${app.url}/metrics`)).status).toBe(404);
    } finally {
      await app.close();
    }
  });

  it('is a port of their own, and no other, when they have one', async () => {
    const port = await freePort();
    const app = await startApp({ settings: { METRICS_PORT: String(port) }, untilImported: false });
    const own = `http://127.0.0.1:${String(port)}`;
    try {
      expect((await fetch(`${app.url}/metrics`)).status).toBe(404);
      expect(valueOf(await scrape(own), 'cloud_api_process_uptime_seconds')).toBeGreaterThan(0);
      expect((await fetch(`${own}/health/live`)).status).toBe(404);
      expect((await fetch(`${own}/metrics`, { method: 'POST' })).status).toBe(405);
    } finally {
      await app.close();
    }
    await expect(fetch(`${own}/metrics`)).rejects.toThrow();
  });
});
