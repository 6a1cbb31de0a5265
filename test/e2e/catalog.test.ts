import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import type { ProblemBody } from '../support/servers.js';

interface Entry {
  readonly id: string;
  readonly name: string;
}
type Listed = Readonly<Record<string, readonly Entry[]>> & { readonly next_cursor: string | null };

const lists = [
  ['/flavors', 'flavors'],
  ['/images', 'images'],
  ['/networks', 'networks'],
  ['/volume-types', 'volume_types'],
] as const;

describe('the catalogue', () => {
  let app: TestApp;
  let viewer: Api;

  beforeAll(async () => {
    app = await startApp();
    viewer = await app.login('viewer');
  });

  afterAll(() => app.close());
  afterEach(() => {
    app.simulator.faults.clear();
  });

  async function entries(path: string, name: string, api = viewer): Promise<readonly Entry[]> {
    const answer = await api.get<Listed>(path);
    expect(answer.status).toBe(200);
    return answer.body[name] ?? [];
  }

  it('shows flavors with their sizes', async () => {
    expect(await entries('/flavors', 'flavors')).toContainEqual({
      id: '3',
      name: 'm1.small',
      vcpus: 1,
      ram: 2048,
      disk: 20,
      is_public: true,
    });
  });

  it('shows the images that the project may use, ready or not', async () => {
    const images = await entries('/images', 'images');
    expect(images.map(({ name }) => name)).toEqual(['lab-big', 'lab-queued', 'lab-rescue', 'lab-tiny']);
    expect(images[0]).toEqual({
      id: seed.images['lab-big'],
      name: 'lab-big',
      status: 'active',
      min_disk: 20,
      min_ram: 0,
      size: 2 ** 20,
      virtual_size: 2 ** 20,
      visibility: 'public',
      disk_format: expect.any(String),
    });
    const theirs = await entries('/images', 'images', await app.login('other'));
    expect(theirs.map(({ name }) => name)).toContain('other-private');
  });

  it('tells networks for servers from external ones, with their subnets', async () => {
    const networks = await entries('/networks', 'networks');
    expect(networks.map(({ name }) => name)).not.toContain('other-private');
    expect(networks.find(({ name }) => name === 'public')).toMatchObject({
      id: seed.networks.public,
      is_external: true,
    });
    expect(networks.find(({ name }) => name === 'private')).toEqual({
      id: seed.networks.private,
      name: 'private',
      status: 'ACTIVE',
      is_external: false,
      is_shared: false,
      port_security_enabled: true,
      subnets: [
        {
          id: seed.subnets.private,
          name: 'private-subnet',
          cidr: '10.20.0.0/16',
          ip_version: 4,
          gateway_ip: expect.any(String),
        },
      ],
    });
  });

  it('shows volume types', async () => {
    expect(await entries('/volume-types', 'volume_types')).toContainEqual({
      id: seed.volumeTypes['lab-ssd'],
      name: 'lab-ssd',
      description: null,
      is_public: true,
    });
  });

  it.each(lists)('%s comes in pages too, and needs a token', async (path, name) => {
    const whole = await entries(path, name);
    const first = await viewer.get<Listed>(`${path}?limit=1`);
    const second = await viewer.get<Listed>(`${path}?limit=200&cursor=${String(first.body.next_cursor)}`);
    expect([...(first.body[name] ?? []), ...(second.body[name] ?? [])]).toEqual(whole);
    expect(second.body.next_cursor).toBeNull();
    expect((await viewer.get(`${path}?colour=red`)).status).toBe(422);
    expect((await app.anonymous.get(path)).status).toBe(401);
  });

  it('serves what it knows while OpenStack is away, and answers 503 when it knows nothing', async () => {
    const known = await entries('/flavors', 'flavors');
    const fresh = await startApp({ simulator: app.simulator, schema: app.schema });
    try {
      const demo = await fresh.login('demo');
      app.simulator.faults.add({ service: 'compute', action: 'refuse' });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await entries('/flavors', 'flavors')).toEqual(known);
      const answer = await demo.get<ProblemBody>('/flavors');
      expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    } finally {
      await fresh.close();
    }
  });

  it('costs one read of each service, however many ask at once', async () => {
    const fresh = await startApp({
      simulator: app.simulator,
      schema: app.schema,
      settings: { CATALOG_MS: '60000' },
    });
    try {
      const demo = await fresh.login('demo');
      const since = app.simulator.log.list().at(-1)?.id ?? 0;
      await Promise.all(Array.from({ length: 20 }, () => demo.get('/flavors')));
      expect(app.simulator.log.list({ path: '/flavors', after: since })).toHaveLength(1);
    } finally {
      await fresh.close();
    }
  });
});
