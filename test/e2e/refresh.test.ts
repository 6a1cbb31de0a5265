import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests } from '../support/floating-ips.js';
import { connect } from '../support/schema.js';
import { SecurityGroupRequests } from '../support/security-groups.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';
import { VolumeRequests } from '../support/volumes.js';

interface RefreshedBody {
  readonly resource_type: string;
  readonly id: number;
  readonly observed_at: string | null;
  readonly findings: readonly { readonly type: string; readonly after: Readonly<Record<string, unknown>> | null }[];
}

interface Missable {
  readonly id: number;
  readonly openstack_id: string;
  readonly missing_since: string | null;
}

describe('a look at one resource', () => {
  let app: TestApp;
  let admin: Api;
  let demo: Api;
  let other: Api;
  let database: Connection;
  let server: ServerBody;
  let paths: Readonly<Record<string, string>>;

  beforeAll(async () => {
    app = await startApp({ settings: { ORPHAN_SWEEP_MS: '3600000' } });
    [admin, demo, other] = [await app.login('admin'), await app.login('demo'), await app.login('other')];
    database = await connect(app.schema);
    server = await (await ServerRequests.of(demo)).create('looked-at');
    const volume = await new VolumeRequests(demo).create('looked-at');
    const floatingIp = await new FloatingIpRequests(demo).allocate();
    const group = await new SecurityGroupRequests(demo).create('looked-at', []);
    paths = {
      server: `/servers/${String(server.id)}`,
      volume: `/volumes/${String(volume.id)}`,
      network_interface: `/network-interfaces/${String(server.network_interfaces[0]?.id)}`,
      floating_ip: `/floating-ips/${String(floatingIp.id)}`,
      security_group: `/security-groups/${String(group.id)}`,
    };
  }, 60_000);

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  const types = ['server', 'volume', 'network_interface', 'floating_ip', 'security_group'] as const;
  const writingCalls = (after: number): readonly string[] =>
    app.simulator.log
      .list({ after })
      .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'))
      .map(({ method, path }) => `${method} ${path}`);

  /** The service is asked once a second whether it is back. */
  async function untilReached(path: string): Promise<void> {
    for (const endsAt = Date.now() + 10_000; Date.now() < endsAt;) {
      if ((await demo.post(`${path}/refresh`)).status === 200) return;
      await sleep(100);
    }
    throw new Error(`${path} was not reached again`);
  }

  it.each(types)('answers with the %s as GET does, seen just now', async (type) => {
    const path = paths[type] ?? '';
    const before = await demo.get<{ observed_at: string }>(path);
    const after = app.simulator.log.list().at(-1)?.id ?? 0;
    const answer = await demo.post<{ observed_at: string }>(`${path}/refresh`);
    expect(answer.status).toBe(200);
    expect(writingCalls(after)).toEqual([]);
    expect(app.simulator.log.list({ after }).length).toBeGreaterThan(0);
    const { observed_at: seenAt, ...shown } = answer.body;
    const { observed_at: seenBefore, ...same } = before.body;
    expect({ ...shown, updated_at: null }).toEqual({ ...same, updated_at: null });
    expect(Date.parse(seenAt)).toBeGreaterThan(Date.parse(seenBefore));
    expect((await demo.get<object>(path)).body).toEqual(answer.body);
  });

  it.each(types)('tells an administrator when the %s was seen and that nothing differed', async (type) => {
    const answer = await admin.post<RefreshedBody>(`/admin${paths[type] ?? ''}/refresh`);
    expect([answer.status, answer.body]).toEqual([
      200,
      { resource_type: type, id: expect.any(Number), observed_at: expect.any(String), findings: [] },
    ]);
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT 1 FROM audit_event WHERE action = 'reconciliation.refresh' AND resource_type = ? AND resource_id = ?",
      [type, answer.body.id],
    );
    expect(rows.length).toBe(1);
  });

  it('takes over at once what differs', async () => {
    app.simulator.outside.stop(server.openstack_id ?? '');
    const answer = await demo.post<ServerBody>(`${paths['server'] ?? ''}/refresh`);
    expect(answer.body.status).toBe('SHUTOFF');
    app.simulator.outside.start(server.openstack_id ?? '');
    const told = await admin.post<RefreshedBody>(`/admin${paths['server'] ?? ''}/refresh`);
    expect(told.body.findings).toMatchObject([{ type: 'STATUS_DRIFT', after: { status: 'ACTIVE' } }]);
  });

  it.each([
    ['server', 'SERVER_ACCESS_PERMISSION_DENIED', 'SERVER_NOT_FOUND', '/servers'],
    ['volume', 'VOLUME_ACCESS_PERMISSION_DENIED', 'VOLUME_NOT_FOUND', '/volumes'],
    [
      ...['network_interface', 'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED', 'NETWORK_INTERFACE_NOT_FOUND'],
      '/network-interfaces',
    ],
    ['floating_ip', 'FLOATING_IP_ACCESS_DENIED', 'FLOATING_IP_NOT_FOUND', '/floating-ips'],
    ['security_group', 'SECURITY_GROUP_ACCESS_DENIED', 'SECURITY_GROUP_NOT_FOUND', '/security-groups'],
  ] as const)('is refused for a %s of others or that there is not, before OpenStack is asked', async (...row) => {
    const [type, denied, missing, plural] = row;
    const after = app.simulator.log.list().at(-1)?.id ?? 0;
    const about = { path: new RegExp(`${plural}/`).source };
    const foreign = await other.post<ProblemBody>(`${paths[type] ?? ''}/refresh`);
    expect([foreign.status, foreign.body.code]).toEqual([403, denied]);
    for (const [api, path] of [
      [demo, plural],
      [admin, `/admin${plural}`],
    ] as const) {
      const answer = await api.post<ProblemBody>(`${path}/999999/refresh`);
      expect([answer.status, answer.body.code]).toEqual([404, missing]);
    }
    expect(app.simulator.log.list({ after, ...about })).toEqual([]);
  });

  it('is no matter of readers, nor is the administrators’ one of members', async () => {
    const viewer = await app.login('viewer');
    for (const path of Object.values(paths)) {
      expect((await viewer.post<ProblemBody>(`${path}/refresh`)).body.code).toBe('PERMISSION_DENIED');
      expect((await demo.post<ProblemBody>(`/admin${path}/refresh`)).body.code).toBe('PERMISSION_DENIED');
    }
  });

  it.each([
    ['server', 'compute'],
    ['volume', 'volume'],
    ['network_interface', 'network'],
    ['floating_ip', 'network'],
    ['security_group', 'network'],
  ] as const)('answers 503 for a %s while %s is away, and changes nothing', async (type, service) => {
    const path = paths[type] ?? '';
    const before = await demo.get<object>(path);
    app.simulator.switchService(service, 'down');
    try {
      for (const [api, target] of [
        [demo, path],
        [admin, `/admin${path}`],
      ] as const) {
        const answer = await api.post<ProblemBody>(`${target}/refresh`);
        expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    } finally {
      app.simulator.switchService(service, 'up');
    }
    expect((await demo.get<object>(path)).body).toEqual(before.body);
    await untilReached(path);
  });

  it.each([
    ['user', 'USER_NOT_FOUND', () => `/admin/users/${String(demo.login?.user.id)}`],
    ['project', 'PROJECT_NOT_FOUND', () => `/admin/projects/${String(demo.login?.project_id)}`],
  ] as const)(
    'is an administrator’s for a %s: 200, 404, and 503 while Keystone is away',
    async (type, missing, pathOf) => {
      const looked = await admin.post<RefreshedBody>(`${pathOf()}/refresh`);
      expect([looked.status, looked.body.findings]).toEqual([200, []]);
      const unknown = await admin.post<ProblemBody>(`/admin/${type}s/999999/refresh`);
      expect([unknown.status, unknown.body.code]).toEqual([404, missing]);
      app.simulator.switchService('identity', 'down');
      try {
        const answer = await admin.post<ProblemBody>(`${pathOf()}/refresh`);
        expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
      } finally {
        app.simulator.switchService('identity', 'up');
      }
    },
  );

  const kept = {
    server: 'servers',
    volume: 'volumes',
    network_interface: 'ports',
    floating_ip: 'floatingIps',
    security_group: 'securityGroups',
  } as const;

  it.each(types)('says since when OpenStack has not shown the %s, until it does again', async (type) => {
    const path = paths[type] ?? '';
    const listed = async (): Promise<unknown> => {
      const list = path.replace(/\/\d+$/, '');
      const { body } = await demo.get<Readonly<Record<string, readonly Missable[]>>>(list);
      return body[list.slice(1).replace('-', '_')]?.find(({ id }) => path.endsWith(`/${String(id)}`))?.missing_since;
    };
    const { body: before } = await demo.get<Missable>(path);
    expect([before.missing_since, await listed()]).toEqual([null, null]);
    const objects = app.simulator.cloud[kept[type]] as Map<string, unknown>;
    const object = objects.get(before.openstack_id);
    objects.delete(before.openstack_id);
    const askedAt = Date.now();
    try {
      expect((await demo.post(`${path}/refresh`)).status).toBe(200);
    } finally {
      objects.set(before.openstack_id, object);
    }
    const { body: missing, headers } = await demo.get<Missable>(path);
    expect({ ...missing, updated_at: null }).toEqual({
      ...before,
      ...{ sync: 'unknown', missing_since: expect.any(String), updated_at: null },
    });
    expect(Math.abs(Date.parse(missing.missing_since ?? '') - askedAt)).toBeLessThan(60_000);
    expect(await listed()).toBe(missing.missing_since);
    await demo.post(`${path}/refresh`);
    const { body: back, headers: headersBack } = await demo.get<Missable>(path);
    expect([back.missing_since, await listed()]).toEqual([null, null]);
    expect(headersBack.get('etag')).not.toBe(headers.get('etag'));
  });

  it('marks what is not there any more, which stays shown', async () => {
    const volume = await new VolumeRequests(demo).create('goes-away');
    const path = `/volumes/${String(volume.id)}`;
    app.simulator.outside.delete(volume.openstack_id ?? '');
    const answer = await demo.post<{ sync: string }>(`${path}/refresh`);
    expect([answer.status, answer.body.sync]).toEqual([200, 'unknown']);
    const told = await admin.post<RefreshedBody>(`/admin${path}/refresh`);
    expect(told.body.findings.map(({ type }) => type)).toEqual(['MISSING']);
  });
});

describe('looks of one session', () => {
  it('are a few a minute, whatever they look at', async () => {
    const app = await startApp({ settings: { REFRESHES_PER_MINUTE: '3' } });
    try {
      const [demo, mate] = [await app.login('demo'), await app.login('mate')];
      const volume = await new VolumeRequests(demo).create('often');
      const group = await new SecurityGroupRequests(demo).create('often', []);
      const path = `/volumes/${String(volume.id)}/refresh`;
      expect((await demo.post(path)).status).toBe(200);
      expect((await demo.post(`/security-groups/${String(group.id)}/refresh`)).status).toBe(200);
      expect((await demo.post(path)).status).toBe(200);
      const refused = await demo.post<ProblemBody>(path);
      expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_REQUESTS']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      // Another session has its own; other requests do not count.
      expect((await mate.post(path)).status).toBe(200);
      expect((await demo.get(`/volumes/${String(volume.id)}`)).status).toBe(200);
    } finally {
      await app.close();
    }
  });
});
