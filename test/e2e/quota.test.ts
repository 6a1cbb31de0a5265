import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { ServerRequests, type ProblemBody } from '../support/servers.js';

interface Quota {
  readonly limit: number | null;
  readonly used: number;
}

type QuotasBody = Readonly<Record<'servers' | 'cores' | 'volumes' | 'gigabytes' | 'ports' | 'floating_ips', Quota>> & {
  readonly observed_at: string;
};

/** Long enough for many requests at once on a busy machine. */
const catalogMs = 1_500;

describe('what a project may have', () => {
  let app: TestApp;
  let demo: Api;

  beforeAll(async () => {
    app = await startApp({ settings: { CATALOG_MS: String(catalogMs) } });
    demo = await app.login('demo');
  });

  afterAll(() => app.close());

  afterEach(() => {
    app.simulator.faults.clear();
  });

  it('answers 503 for quotas and zones that are not known yet while OpenStack is away', async () => {
    app.simulator.faults.add({ service: 'compute', action: 'refuse' });
    for (const [path, what] of [
      ['/quotas', /^A first look at the quotas of a project needs OpenStack/],
      ['/availability-zones', /needs OpenStack/],
    ] as const) {
      const answer = await demo.get<ProblemBody>(path);
      expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
      expect(answer.body.detail).toMatch(what);
    }
  });

  it('shows limit and use of what people make, and goes on with old numbers', async () => {
    await demo.until('/quotas', ({ status }) => status === 200);
    const limits = { cores: 20, ram: 51_200, port: 500, security_group: 10, security_group_rule: 100 };
    app.simulator.setQuotas(seed.projects.demo, { ...limits, instances: 3, volumes: -1, gigabytes: 40, floatingip: 7 });
    const before = await demo.until<QuotasBody>('/quotas', ({ body }) => body.servers.limit === 3);
    expect(before.body).toMatchObject({
      servers: { limit: 3, used: 0 },
      cores: { limit: expect.any(Number), used: 0 },
      ram: { limit: expect.any(Number), used: 0 },
      volumes: { limit: null, used: 0 },
      gigabytes: { limit: 40, used: 0 },
      floating_ips: { limit: 7, used: 0 },
      ports: { limit: expect.any(Number), used: expect.any(Number) },
      security_groups: { limit: expect.any(Number), used: expect.any(Number) },
      security_group_rules: { limit: expect.any(Number), used: expect.any(Number) },
    });
    await (await ServerRequests.of(demo)).create('counted');
    const after = await demo.until<QuotasBody>('/quotas', ({ body }) => body.servers.used === 1);
    expect(after.body).toMatchObject({ volumes: { used: 1 }, gigabytes: { used: 1 }, cores: { used: 1 } });
    expect(after.body.ports.used).toBe(before.body.ports.used + 1);
    app.simulator.faults.add({ service: 'volume', action: 'refuse' });
    await new Promise((resolve) => setTimeout(resolve, catalogMs + 50));
    const old = await demo.get<QuotasBody>('/quotas');
    expect([old.status, old.body.servers]).toEqual([200, { limit: 3, used: 1 }]);
  });

  it('asks OpenStack once for many who ask, and shows each project its own', async () => {
    const other = await app.login('other');
    const quotas = await other.until<QuotasBody>('/quotas', ({ status }) => status === 200);
    expect(quotas.body.servers.used).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, catalogMs + 50));
    const since = app.simulator.log.list().at(-1)?.id ?? 0;
    await Promise.all(Array.from({ length: 20 }, () => other.get('/quotas')));
    expect(app.simulator.log.list({ path: '/compute/.*/limits', after: since })).toHaveLength(1);
  });

  it('lists the zones, and is for readers too', async () => {
    const viewer = await app.login('viewer');
    const answer = await viewer.until<{ availability_zones: unknown[] }>(
      '/availability-zones',
      ({ status }) => status === 200,
    );
    expect(answer.body).toEqual({
      availability_zones: [{ name: 'nova', is_available: true, has_volumes: true }],
      next_cursor: null,
    });
    expect((await viewer.get('/quotas')).status).toBe(200);
  });
});
