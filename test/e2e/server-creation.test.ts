import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { markedObjects, objectsOf } from '../support/simulated-objects.js';
import { connect } from '../support/schema.js';
import { testSettings } from '../support/settings.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

const unlimited = { instances: -1, cores: -1, ram: -1, volumes: -1, gigabytes: -1, port: -1, floatingip: -1 };

describe('POST /servers', () => {
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

  beforeEach(() => {
    app.simulator.faults.clear();
    app.simulator.setQuotas(seed.projects.demo, unlimited);
  });

  async function serverRows(): Promise<number> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM server');
    return Number(rows[0]?.['n']);
  }

  it('answers BUILD at once and becomes ACTIVE with port, address and root volume', async () => {
    const answer = await servers.post('web-1', { description: 'shop' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toMatch(/^\/operations\/\d+$/);
    expect(answer.body).toMatchObject({
      name: 'web-1',
      status: 'BUILD',
      openstack_id: null,
      operation: { kind: 'server.create' },
    });

    expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED', error: null });
    const server = await servers.get(answer.body.id);
    expect(server).toMatchObject({ status: 'ACTIVE', fault: null, operation: null });
    expect(server.volumes).toMatchObject([{ name: 'web-1-root', size: 1, is_root_volume: true }]);
    expect(server.fixed_ip_addresses).toHaveLength(1);

    const objects = markedObjects(app.simulator).filter((object) => object.name.startsWith('web-1'));
    expect(objects.map((object) => object.type).sort()).toEqual(['port', 'server', 'volume']);
    expect(objects.find((object) => object.type === 'server')?.id).toBe(server.openstack_id);
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT action, actor_user_id FROM audit_event WHERE resource_type = ? AND resource_id = ?',
      ['server', server.id],
    );
    expect(rows).toEqual([{ action: 'server.create', actor_user_id: demo.login?.user.id }]);
  });

  it('shows the project’s default group when groups are left out, and none for an empty list', async () => {
    const left = await servers.create('groups-default');
    expect(left.security_groups.map((group) => group.name)).toEqual(['default']);
    const none = await servers.create('groups-none', { security_group_ids: [] });
    expect(none.security_groups).toEqual([]);
  });

  it('knows the default group of its port, although no import has brought it yet', async () => {
    const lease = "('default-groups', 'nobody', NOW(3) + INTERVAL 1 DAY)";
    await database.query(
      `INSERT INTO lease (name, owner, lease_until) VALUES ${lease} AS new
           ON DUPLICATE KEY UPDATE owner = new.owner, epoch = lease.epoch + 1, lease_until = new.lease_until`,
    );
    await database.query(
      'DELETE ng FROM network_interface_security_group ng JOIN security_group g ON g.id = ng.security_group_id WHERE g.is_default = 1',
    );
    await database.query(
      'DELETE r FROM security_group_rule r JOIN security_group g ON g.id = r.security_group_id WHERE g.is_default = 1',
    );
    await database.query('DELETE FROM security_group WHERE is_default = 1');
    try {
      const server = await servers.create('groups-early');
      expect(server.security_groups.map((group) => group.name)).toEqual(['default']);
    } finally {
      await database.query("UPDATE lease SET lease_until = NOW(3) WHERE owner = 'nobody'");
    }
  });

  it('asks for what it made only after it had time, and Cinder no more once the server runs from its volume', async () => {
    const before = app.simulator.log.list().at(-1)?.id ?? 0;
    const server = await servers.create('few-calls');
    const [row] = await database
      .query<RowDataPacket[]>('SELECT status, openstack_status, device FROM volume WHERE server_id = ?', [server.id])
      .then(([rows]) => rows);
    expect(row).toEqual({
      status: 'IN_USE',
      openstack_status: 'in-use',
      device: app.simulator.cloud.servers.get(server.openstack_id ?? '')?.volumes[0]?.device,
    });
    const calls = app.simulator.log
      .list({ after: before, path: '^/(compute|network|volume)/' })
      .filter(({ path }) => /\/(servers|ports|volumes)(\/[^/]*)?$/.test(path) && !path.endsWith('/detail'));
    const made = calls.findIndex(({ method, path }) => method === 'POST' && path.endsWith('/servers'));
    expect(calls.slice(made).filter(({ service }) => service === 'volume')).toEqual([]);
    const [volume, look] = calls.filter(({ service }) => service === 'volume').map(({ at }) => new Date(at).getTime());
    expect((look ?? 0) - (volume ?? 0)).toBeGreaterThanOrEqual(Number(testSettings['POLL_FIRST_MS']));
  });

  it('refuses a name that a live server has, names that server, and calls nobody', async () => {
    const holder = await servers.create('taken');
    const calls = app.simulator.log.list().at(-1)?.id ?? 0;
    const answer = await demo.post<ProblemBody>('/servers', servers.body('taken'));
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: 'SERVER_NAME_DUPLICATE',
      blocked_by: [{ type: 'server', id: holder.id, name: 'taken' }],
    });
    expect(app.simulator.log.list({ method: 'POST', after: calls, path: '^/(compute|network|volume)' })).toEqual([]);
  });

  it('gives one of 20 requests at once the name', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => servers.post('wanted-by-all')));
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(19);
    const winner = answers.find((answer) => answer.status === 202);
    if (winner !== undefined) await demo.finished(winner);
    expect(markedObjects(app.simulator, 'server').filter((object) => object.name === 'wanted-by-all')).toHaveLength(1);
  });

  it.each([
    ['flavor', { flavor_id: '999' }, 'FLAVOR_NOT_FOUND', 'flavor_id'],
    ['network', { network_id: '11111111-1111-4111-8111-111111111111' }, 'NETWORK_NOT_FOUND', 'network_id'],
    [
      'image',
      { root_volume: { size: 1, image_id: '11111111-1111-4111-8111-111111111111' } },
      'IMAGE_NOT_FOUND',
      'root_volume.image_id',
    ],
  ])('answers 404 for an unknown %s before anything is made', async (_what, change, code, field) => {
    const before = { rows: await serverRows(), objects: objectsOf(app.simulator).length };
    const answer = await demo.post<ProblemBody>('/servers', servers.body('nothing', change));
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ code, errors: [{ field }] });
    expect({ rows: await serverRows(), objects: objectsOf(app.simulator).length }).toEqual(before);
  });

  it('answers 422 for a root volume below what the image needs', async () => {
    const images = await demo.get<{ images: { id: string; name: string }[] }>('/images');
    const big = images.body.images.find((image) => image.name === 'lab-big');
    const answer = await demo.post<ProblemBody>(
      '/servers',
      servers.body('small', { root_volume: { size: 1, image_id: big?.id } }),
    );
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'ROOT_VOLUME_TOO_SMALL', errors: [{ field: 'root_volume.size' }] });
  });

  it('answers 404 for an unknown group and 403 for another project’s', async () => {
    const unknown = await demo.post<ProblemBody>('/servers', servers.body('g', { security_group_ids: [999_999] }));
    expect([unknown.status, unknown.body.code]).toEqual([404, 'SECURITY_GROUP_NOT_FOUND']);
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT g.id FROM security_group g JOIN project p ON p.id = g.project_id WHERE p.name = 'other'",
    );
    const own = await demo.get<{ security_groups: { id: number }[] }>('/security-groups');
    const foreign = await demo.post<ProblemBody>(
      '/servers',
      servers.body('g', { security_group_ids: [own.body.security_groups[0]?.id, Number(rows[0]?.['id'])] }),
    );
    expect([foreign.status, foreign.body.code]).toEqual([403, 'SECURITY_GROUP_ACCESS_DENIED']);
    expect(foreign.body.errors).toMatchObject([{ field: 'security_group_ids.1', type: 'forbidden' }]);
  });

  it('is not for readers', async () => {
    const viewer = await app.login('viewer');
    const answer = await viewer.post<ProblemBody>('/servers', servers.body('not-mine'));
    expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
  });

  it.each([
    ['port', 'port'],
    ['root volume', 'volumes'],
    ['server', 'instances'],
  ] as const)(
    'leaves nothing behind when the quota refuses the %s, and says what was asked and allowed',
    async (what, quota) => {
      const before = objectsOf(app.simulator).length;
      app.simulator.setQuotas(seed.projects.demo, { [quota]: app.simulator.cloud.used(seed.projects.demo, quota) });
      const server = await servers.create(`quota-${what.replace(' ', '-')}`);
      expect(server).toMatchObject({ status: 'ERROR', openstack_id: null, fault: { code: 'QUOTA_EXCEEDED' } });
      expect(server.fault?.message).toMatch(/quota|exceeded/i);
      expect(server.fault?.message).toMatch(/\d/);
      expect(objectsOf(app.simulator).length).toBe(before);
      const again = await servers.post(server.name);
      expect(again.status).toBe(409);
      expect((again.body as unknown as ProblemBody).blocked_by).toEqual([
        { type: 'server', id: server.id, name: server.name },
      ]);
    },
  );

  it('goes on while what was just made is not known to everyone in OpenStack', async () => {
    app.simulator.configure({ fresh_not_found_ms: 300 });
    expect(await servers.create('fresh')).toMatchObject({ status: 'ACTIVE', fault: null });
    const group = await demo.post<{ id: number }>('/security-groups', {
      name: 'fresh',
      rules: [{ direction: 'ingress', ether_type: 'IPv4', protocol: 'tcp', port_range_min: 22, port_range_max: 22 }],
    });
    expect([group.status, group.body]).toMatchObject([201, { name: 'fresh' }]);
  });

  it('takes back the volume that Cinder could not delete at first, when the server fails', async () => {
    app.simulator.outside.failNext('no-valid-host');
    app.simulator.outside.failNext('volume-delete');
    const server = await servers.create('twice-unlucky');
    expect(server).toMatchObject({ status: 'ERROR', fault: { code: 'CAPACITY_UNAVAILABLE' } });
    expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('twice-unlucky'))).toEqual([]);
  });

  it('tells Nova’s words when no host has room, and leaves nothing in OpenStack', async () => {
    const before = objectsOf(app.simulator).length;
    app.simulator.outside.failNext('no-valid-host');
    const server = await servers.create('no-host');
    expect(server).toMatchObject({ status: 'ERROR', openstack_id: null, fault: { code: 'CAPACITY_UNAVAILABLE' } });
    // By which request of Nova's, for the cloud's operators.
    const created = app.simulator.log.list({ method: 'POST', path: '^/compute/.*/servers$' }).at(-1);
    expect(server.fault?.message).toMatch(
      new RegExp(`No valid host was found.*\\(OpenStack request ${String(created?.request_id)}\\)$`),
    );
    expect(objectsOf(app.simulator).length).toBe(before);
    const [[operation]] = await database.query<RowDataPacket[]>(
      "SELECT error_detail, openstack_request_ids FROM operation WHERE kind = 'server.create' AND resource_id = ?",
      [server.id],
    );
    expect(operation).toEqual({
      error_detail: server.fault?.message,
      openstack_request_ids: [created?.request_id],
    });
  });

  it.each([
    ['an emoji', 'web 🦊', 'web _'],
    ['Hangul', '서버-1', '서버-1'],
    ['255 characters', 'a'.repeat(255), 'a'.repeat(255)],
  ])('keeps a name with %s here, and gives OpenStack what it takes', async (_what, name, theirs) => {
    const server = await servers.create(name);
    expect(server).toMatchObject({ name, status: 'ACTIVE' });
    expect(markedObjects(app.simulator, 'server').find((object) => object.id === server.openstack_id)?.name).toBe(
      theirs,
    );
  });

  it.each(['compute', 'network', 'volume', 'identity'] as const)(
    'accepts while %s is away, and goes through when it is back',
    async (service) => {
      app.simulator.faults.add({ service, action: 'refuse' });
      const answer = await servers.post(`while-${service}-is-away`);
      expect(answer.status).toBe(202);
      const list = await demo.get<{ servers: ServerBody[] }>('/servers');
      expect(list.status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      app.simulator.faults.clear();
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
      expect(await servers.get(answer.body.id)).toMatchObject({ status: 'ACTIVE' });
    },
  );

  it('fails the operation with the code of the 404 when the catalogue could not be asked at once', async () => {
    app.simulator.faults.add({ service: 'compute', path: '/flavors', action: 'refuse' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const fresh = await startApp({ simulator: app.simulator, schema: app.schema });
    try {
      const answer = await without(await fresh.login('demo'), servers)('unchecked', { flavor_id: '999' });
      expect(answer.status).toBe(202);
      app.simulator.faults.clear();
      expect(await demo.finished(answer)).toMatchObject({ state: 'FAILED', error: { code: 'FLAVOR_NOT_FOUND' } });
      expect(await servers.get(answer.body.id)).toMatchObject({ status: 'ERROR', fault: { code: 'FLAVOR_NOT_FOUND' } });
    } finally {
      await fresh.close();
    }
  });
});

/** The same choices by someone who did not ask for the catalogue. */
function without(api: Api, { flavorId, imageId, networkId }: ServerRequests) {
  return async (name: string, changes: Readonly<Record<string, unknown>> = {}) =>
    api.post<ServerBody>('/servers', {
      name,
      flavor_id: flavorId,
      network_id: networkId,
      root_volume: { size: 1, image_id: imageId },
      ...changes,
    });
}
