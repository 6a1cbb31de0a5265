import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { KeyPairRequests, type KeyPairBody } from '../support/key-pairs.js';
import { publicKeys } from '../support/public-keys.js';
import { connect } from '../support/schema.js';
import { objectsOf } from '../support/simulated-objects.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

interface CreatedBody extends ServerBody {
  readonly admin_password: string | null;
  readonly availability_zone: string | null;
}

describe('POST /servers with more than it must have', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;
  let key: KeyPairBody;

  beforeAll(async () => {
    app = await startApp({ settings: { SETTLING_MS: '600', ORPHAN_SWEEP_MS: '400' } });
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
    key = await new KeyPairRequests(demo).add('laptop', `${publicKeys.ed25519} 🚀`);
    app.simulator.setQuotas(seed.projects.demo, { instances: -1, cores: -1, ram: -1, volumes: -1, port: -1 });
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
  });

  const post = async <T = CreatedBody>(
    name: string,
    more: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> => demo.post<T>('/servers', servers.body(name, more), { headers });
  const novaOf = ({ openstack_id: id }: ServerBody) => app.simulator.cloud.servers.get(id ?? '');
  const keysInNova = (): readonly string[] => app.simulator.inventory().key_pairs.map(({ name }) => name);

  async function made(answer: Answer<CreatedBody>, state = 'SUCCEEDED'): Promise<ServerBody> {
    expect(answer.status).toBe(202);
    expect(await demo.finished(answer)).toMatchObject({ state });
    return servers.get(answer.body.id);
  }

  async function operationOf(answer: Answer<CreatedBody>): Promise<RowDataPacket | undefined> {
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT secret IS NOT NULL AS hasSecret, CAST(input AS CHAR) AS input FROM operation WHERE id = ?',
      [answer.body.operation?.id],
    );
    return rows[0];
  }

  describe('key_pair_id', () => {
    it('imports the key for as long as the server is made', async () => {
      app.simulator.configure({ server_build_ms: 1_000 });
      const answer = await post('with-key', { key_pair_id: key.id });
      const [row] = (
        await database.query<RowDataPacket[]>('SELECT uuid, key_name FROM server WHERE id = ?', [answer.body.id])
      )[0];
      await demo.until<ServerBody>(`/servers/${String(answer.body.id)}`, ({ body }) => body.openstack_id !== null);
      expect(keysInNova()).toEqual([row?.['uuid']]);
      const server = await made(answer);
      expect(novaOf(server)?.keyName).toBe(row?.['uuid']);
      expect(row?.['key_name']).toBe('laptop');
      expect(keysInNova()).toEqual([]);
    });

    it.each(['reset-before', 'reset-after'] as const)(
      'is imported once when the answer is lost: %s',
      async (action) => {
        app.simulator.faults.add({ method: 'POST', path: '/os-keypairs$', action, times: 1 });
        const server = await made(await post(`key-${action}`, { key_pair_id: key.id }));
        expect(server.status).toBe('ACTIVE');
        expect(novaOf(server)?.keyName).toMatch(/^[0-9a-f-]{36}$/);
        expect(keysInNova()).toEqual([]);
      },
    );

    it('leaves no key when the server fails, and none when it is deleted on the way', async () => {
      app.simulator.outside.failNext('no-valid-host');
      await made(await post('key-failed', { key_pair_id: key.id }), 'FAILED');
      expect(keysInNova()).toEqual([]);
      app.simulator.configure({ server_build_ms: 60_000 });
      const answer = await post('key-deleted', { key_pair_id: key.id });
      await demo.until<ServerBody>(`/servers/${String(answer.body.id)}`, ({ body }) => body.openstack_id !== null);
      expect(keysInNova()).toHaveLength(1);
      await demo.finished(await demo.delete(`/servers/${String(answer.body.id)}`));
      expect(keysInNova()).toEqual([]);
    });

    it('keeps the server when Nova will not let the key go, and the sweep takes it', async () => {
      app.simulator.faults.add({ method: 'DELETE', path: '/os-keypairs/', status: 403, times: 1 });
      expect(await made(await post('key-stays', { key_pair_id: key.id }))).toMatchObject({ status: 'ACTIVE' });
      expect(keysInNova()).toHaveLength(1);
      const end = Date.now() + 20_000;
      while (keysInNova().length > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
      expect(keysInNova()).toEqual([]);
    });

    it('must be one’s own', async () => {
      const mate = await new KeyPairRequests(await app.login('mate')).add('of-mate');
      for (const id of [mate.id, 999_999_999]) {
        const answer = await post<ProblemBody>('no-key', { key_pair_id: id });
        expect([answer.status, answer.body.code]).toEqual([404, 'KEY_PAIR_NOT_FOUND']);
        expect(answer.body.errors).toMatchObject([{ field: 'key_pair_id' }]);
      }
    });
  });

  describe('user_data and admin_password', () => {
    it('reach Nova, and nobody else after that', async () => {
      const userData = '#cloud-config\nhostname: 서버\n';
      app.simulator.configure({ volume_create_ms: 600, server_build_ms: 1_000 });
      const answer = await post('secrets', { user_data: userData, admin_password: true });
      expect(answer.body.admin_password).toMatch(/^[A-Za-z2-9]{20}$/);
      const before = await operationOf(answer);
      expect(before?.['hasSecret']).toBe(1);
      expect(String(before?.['input'])).not.toContain('cloud-config');
      expect(String(before?.['input'])).not.toContain(answer.body.admin_password);
      const building = await demo.until<ServerBody>(
        `/servers/${String(answer.body.id)}`,
        ({ body }) => body.openstack_id !== null,
      );
      expect(await operationOf(answer)).toMatchObject({ hasSecret: 0 });
      expect(building.body).not.toHaveProperty('admin_password');
      const server = await made(answer);
      expect(Buffer.from(novaOf(server)?.userData ?? '', 'base64').toString()).toBe(userData);
      expect(novaOf(server)?.adminPass).toBe(answer.body.admin_password);
    });

    it('go to the one server when the answer is lost', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/servers$', action: 'reset-after', times: 1 });
      const answer = await post('secrets-lost', { user_data: 'x', admin_password: true });
      const server = await made(answer);
      expect(novaOf(server)?.adminPass).toBe(answer.body.admin_password);
      expect(await operationOf(answer)).toMatchObject({ hasSecret: 0 });
    });

    it('are shown once: a repeated request gets null', async () => {
      const headers = { 'idempotency-key': 'once' };
      const first = await post('once', { admin_password: true }, headers);
      const second = await post('once', { admin_password: true }, headers);
      expect(first.body.admin_password).not.toBeNull();
      expect([second.status, second.body.id, second.body.admin_password]).toEqual([202, first.body.id, null]);
      const [kept] = await database.query<RowDataPacket[]>('SELECT body FROM idempotency_key');
      expect(JSON.stringify(kept)).not.toContain(first.body.admin_password);
      await demo.finished(first);
    });

    it('does not repeat what Nova repeats of them', async () => {
      app.simulator.faults.next('POST /servers', {
        status: 400,
        body: { badRequest: { code: 400, message: 'Invalid input for field/attribute user_data. Value: c2VjcmV0.' } },
      });
      const server = await made(await post('echo', { user_data: 'secret' }), 'FAILED');
      expect(server.fault).toMatchObject({ code: 'OPENSTACK_REFUSED' });
      expect(server.fault?.message).not.toContain('c2VjcmV0');
    });

    it('takes 49,149 bytes, not one more, counted in UTF-8', async () => {
      expect((await made(await post('longest', { user_data: '가'.repeat(16_383) }))).status).toBe('ACTIVE');
      for (const userData of ['x'.repeat(49_150), '가'.repeat(16_384)]) {
        const answer = await post<ProblemBody>('longer', { user_data: userData });
        expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'user_data']);
      }
    });
  });

  describe('volume_type_id, subnet_id, availability_zone and protected', () => {
    it('are what the server gets', async () => {
      const types = await demo.get<{ volume_types: { id: string; name: string }[] }>('/volume-types');
      const type = types.body.volume_types.find(({ name }) => name === 'lab-hdd');
      const networks = await demo.get<{ networks: { id: string; subnets: { id: string }[] }[] }>('/networks');
      const subnet = networks.body.networks.find(({ id }) => id === servers.networkId)?.subnets[0];
      for (const [name, volumeType] of [
        ['by-name', 'lab-hdd'],
        ['by-id', type?.id],
      ] as const) {
        const choice = {
          volume_type_id: volumeType,
          subnet_id: subnet?.id,
          availability_zone: 'nova',
          protected: true,
        };
        const server = await made(await post(name, choice));
        expect(server).toMatchObject({ protected: true, availability_zone: 'nova' });
        expect(server.volumes).toMatchObject([{ volume_type_id: type?.id }]);
        const [volume] = app.simulator.inventory().volumes.filter((one) => one.name === `${name}-root`);
        expect(volume?.volume_type).toBe('lab-hdd');
        const refused = await demo.delete<ProblemBody>(`/servers/${String(server.id)}`);
        expect([refused.status, refused.body.code]).toEqual([409, 'PROTECTED']);
      }
    });

    it.each([
      ['volume type', { volume_type_id: 'no-such' }, 'VOLUME_TYPE_NOT_FOUND', 'volume_type_id'],
      ['subnet', { subnet_id: '11111111-1111-4111-8111-111111111111' }, 'SUBNET_NOT_FOUND', 'subnet_id'],
      ['zone', { availability_zone: 'nova:host-1' }, 'AVAILABILITY_ZONE_NOT_FOUND', 'availability_zone'],
    ])('answers 404 for an unknown %s before anything is made', async (_what, choice, code, field) => {
      const before = objectsOf(app.simulator).length;
      const answer = await post<ProblemBody>('nothing', choice);
      expect([answer.status, answer.body.code]).toEqual([404, code]);
      expect(answer.body.errors).toMatchObject([{ field }]);
      expect(objectsOf(app.simulator)).toHaveLength(before);
    });
  });

  it('names the entry of security_group_ids that is no id', async () => {
    const answer = await post<ProblemBody>('wrong-group', { security_group_ids: [1, 0] });
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.[0]?.message).toContain('entry 1');
  });
});
