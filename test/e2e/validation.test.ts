import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

describe('the fields of a request', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    const database = await connect(app.schema);
    const rows = ['a_b', 'a\\b'].map((name) => [
      randomUUID(),
      demo.login?.project_id,
      '2',
      name,
      'ACTIVE',
      randomUUID(),
    ]);
    await database.query(
      'INSERT INTO server (uuid, project_id, flavor_openstack_id, name, status, openstack_id) VALUES ?',
      [rows],
    );
    await database.end();
  });

  afterAll(async () => {
    await app.close();
  });

  const changes = () =>
    app.simulator.log.list().filter(({ method, service }) => method !== 'GET' && service !== 'identity').length;

  it.each([
    ['0'],
    ['-1'],
    ['1.5'],
    ['1e3'],
    ['0x10'],
    ['9007199254740992'],
    ['9007199254740993'],
    ['9223372036854775808'],
    ['18446744073709551616'],
    ['%201'],
    ['1a'],
    ['1'.repeat(200)],
    ['1%00'],
    ['..%2f1'],
  ])('an id is digits only, up to 2^53−1: not %s (A7)', async (id) => {
    for (const path of [`/servers/${id}`, `/operations/${id}`, `/floating-ips/${id}`, `/network-interfaces/${id}`]) {
      const answer = await demo.get<ProblemBody>(path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 422, 'VALIDATION_FAILED']);
    }
  });

  it('2^53−1 is an id, of nothing', async () => {
    const answer = await demo.get<ProblemBody>('/servers/9007199254740991');
    expect([answer.status, answer.body.code]).toEqual([404, 'SERVER_NOT_FOUND']);
  });

  it.each([
    ['/servers?color=red', 'color'],
    ['/servers?id[$gt]=1', 'id[$gt]'],
    ['/servers?name_eq[a]=b', 'name_eq[a]'],
    ['/servers?sort_by=id;drop', 'sort_by'],
    ['/servers?sort_by=name&sort_by=name', 'sort_by'],
    ['/servers?id=1&id=2', 'id'],
    ['/servers?limit=0', 'limit'],
    ['/servers?limit=201', 'limit'],
    ['/servers?limit=', 'limit'],
    ['/servers?limit=10&limit=10', 'limit'],
    ['/servers?ids_contain=1,2', 'ids_contain'],
    ['/servers?ids_contain=9007199254740993', 'ids_contain'],
    ['/servers?include_deleted=yes', 'include_deleted'],
    ['/servers?order=up', 'order'],
    ['/servers?order=asc&sort_order=desc', 'sort_order'],
    ['/servers?cursor=x', 'cursor'],
    ['/servers?__proto__=x', '__proto__'],
    ['/servers?prototype=x', 'prototype'],
    ['/servers?toString=1', 'toString'],
    ['/servers?valueOf=', 'valueOf'],
    ['/operations/1?hasOwnProperty=1', 'hasOwnProperty'],
    ['/servers/1?x=1', 'x'],
    ['/operations?state=HAPPY', 'state'],
    ['/operations/1?wait=31', 'wait'],
    ['/auth/me?x=1', 'x'],
    ['/flavors?x=1', 'x'],
    ['/health/live?x=1', 'x'],
  ])('a parameter that is unknown or wrong is 422: %s (A6)', async (path, field) => {
    const answer = await demo.get<ProblemBody>(path);
    expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
  });

  it.each(['id', 'project_id', 'status', 'openstack_id', 'role', 'deleted_at', 'is_root_volume', 'version'])(
    'nobody sets %s (A9)',
    async (field) => {
      const answer = await demo.post<ProblemBody>('/servers', servers.body('mass', { [field]: 1 }));
      expect([answer.status, answer.body.errors?.map((error) => error.field)]).toEqual([422, [field]]);
    },
  );

  it.each([
    ['/servers?limit=-1', 'limit', 'must be a whole number from 1 to 200, in digits only'],
    ['/servers?limit=1e2', 'limit', 'must be a whole number from 1 to 200, in digits only'],
    ['/servers?limit=', 'limit', 'must be a whole number from 1 to 200, in digits only'],
    ['/servers?limit=0', 'limit', 'must be at least 1'],
    ['/servers?limit=201', 'limit', 'must be at most 200'],
    ['/servers?limit=10&limit=10', 'limit', 'must be given once only'],
    ['/servers?id=1&id=2', 'id', 'must be given once only'],
    ['/servers?sort_by=name&sort_by=name', 'sort_by', 'must be given once only'],
    ['/servers?name_like=a&name_like=b', 'name_like', 'must be given once only'],
    ['/servers?include_deleted=true&include_deleted=true', 'include_deleted', 'must be given once only'],
    ['/servers?ids_contain=1&ids_contain=x', 'ids_contain', 'must be a whole number from 1 to 9007199254740991'],
    ['/servers?color=red&color=red', 'color', 'is not known here'],
    ['/operations/1?wait=-5', 'wait', 'must be a whole number from 1 to 30, in digits only'],
  ])('what is wrong with a parameter is what is said of it: %s', async (path, field, message) => {
    const answer = await demo.get<ProblemBody>(path);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ field, in: 'query', message }]);
  });

  it.each<[string, string, object | undefined, Record<string, string>, string[]]>([
    ['GET', '/servers?color=red&limit=0', undefined, {}, ['color query', 'limit query']],
    ['GET', '/servers?cursor=x', undefined, {}, ['cursor query']],
    ['GET', '/flavors?cursor=x', undefined, {}, ['cursor query']],
    ['GET', '/servers?order=asc&sort_order=desc', undefined, {}, ['sort_order query']],
    ['GET', '/servers?name_like=%FF', undefined, {}, ['name_like query']],
    ['GET', '/servers/x', undefined, {}, ['id path']],
    ['POST', '/servers/1/volumes/x', undefined, {}, ['volume_id path']],
    ['POST', '/floating-ips', { color: 1 }, {}, ['color body', 'floating_network_id body']],
    ['POST', '/floating-ips?color=red', { floating_network_id: randomUUID() }, {}, ['color query']],
    ['POST', '/floating-ips', { floating_network_id: randomUUID() }, {}, ['floating_network_id body']],
    ['POST', '/floating-ips', [], {}, [' body']],
    [
      'POST',
      '/floating-ips',
      { floating_network_id: randomUUID() },
      { 'idempotency-key': 'a b' },
      ['Idempotency-Key header'],
    ],
    ['PUT', '/servers/1/status?status=RUNNING', undefined, {}, ['status query']],
    ['PUT', '/servers/1/status?status=PAUSED', undefined, {}, ['status query']],
    ['PUT', '/servers/1/status?status=ACTIVE', { status: 'ACTIVE' }, {}, ['status body']],
    ['DELETE', '/servers/1?dry_run=yes', undefined, {}, ['dry_run query']],
    ['DELETE', '/servers/1', { dry_run: true }, {}, ['dry_run body']],
    ['POST', '/auth/logout?a=1', { b: 1 }, {}, ['a query', 'b body']],
  ])('each error says in which part of the request it is: %s %s %j', async (method, path, body, headers, expected) => {
    const answer = await demo.request<ProblemBody>(method, path, { body, headers });
    expect(answer.body.errors?.map((error) => `${error.field} ${error.in}`)).toEqual(expected);
  });

  it('a body where none is taken is refused as well', async () => {
    const answer = await demo.post<ProblemBody>('/auth/logout', { user_id: 7 });
    expect([answer.status, answer.body.errors?.map((error) => error.field)]).toEqual([422, ['user_id']]);
    expect((await demo.get('/auth/me')).status).toBe(200);
  });

  const group = (rules: unknown) => ({ name: 'web', description: null, rules });
  const rule = { direction: 'ingress', ether_type: 'IPv4', protocol: 'tcp', port_range_min: 22, port_range_max: 22 };

  it.each([
    ['/security-groups', group({}), ['rules: must be a list']],
    ['/security-groups', group('x'), ['rules: must be a list']],
    ['/security-groups', group(null), ['rules: must be a list']],
    ['/security-groups', group([1]), ['rules.0: must be an object']],
    ['/security-groups', group([rule, []]), ['rules.1: must be an object']],
    ['/security-groups', group([rule, [rule]]), ['rules.1: must be an object']],
    ['/security-groups', group([null, {}]), ['rules.0: must be an object']],
    ['/security-groups', group([{ ...rule, protocol: {} }]), ['rules.0.protocol: must be a string']],
    ['/security-groups', group([{ ...rule, color: 1 }]), ['rules.0.color: is not known here']],
    ['/security-groups', group([rule, { ...rule, toString: 1 }]), ['rules.1.toString: is not known here']],
    ['/security-groups', { ...group([]), valueOf: null }, ['valueOf: is not known here']],
    ['/servers', { isPrototypeOf: 1 }, ['isPrototypeOf: is not known here']],
    ['/servers', { root_volume: { toLocaleString: 1 } }, ['root_volume.toLocaleString: is not known here']],
    ['/servers', { name: { toString: 1 } }, ['name.toString: is not known here']],
    ['/servers', { root_volume: [] }, ['root_volume: must be an object']],
    ['/servers', { root_volume: [{}] }, ['root_volume: must be an object']],
    ['/servers', { root_volume: 7 }, ['root_volume: must be an object']],
    [
      '/servers',
      { root_volume: { size: {} } },
      ['root_volume.size: must be a whole number', 'root_volume.image_id: must be given'],
    ],
    ['/servers', '{"a\\ud800":1}', [': must have keys of valid Unicode only']],
    ['/servers', '{"root_volume":{"\\ud800":1}}', ['root_volume: must have keys of valid Unicode only']],
  ])('what is wrong is said in words of the API, at the place where it is: %s %j', async (path, body, expected) => {
    const answer = await demo.post<ProblemBody>(path, body);
    expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    const said = (answer.body.errors ?? []).map(({ field, message }) => `${field}: ${message}`);
    const within = expected[0]?.split(/[.:]/, 1)[0] ?? '';
    expect(said.filter((one) => one.startsWith(within))).toEqual(within === '' ? said : expected);
    expect(said).toEqual(expect.arrayContaining(expected));
    expect(JSON.stringify(answer.body)).not.toMatch(/nested|each value|property|constraint/i);
  });

  it.each(['[]', '"x"', '7', 'true', '[{"name":"a"}]'])('a body that is no object says so: %s', async (text) => {
    for (const path of ['/servers', '/security-groups', '/auth/login', '/auth/logout']) {
      const answer = await demo.post<ProblemBody>(path, text);
      expect([path, answer.status, answer.body.code]).toEqual([path, 422, 'VALIDATION_FAILED']);
      expect(answer.body.detail).toMatch(/^The body must be (a JSON object|left out)$/);
      expect(answer.body.errors).toMatchObject([{ field: '', message: expect.stringMatching(/^must be /) }]);
    }
    expect((await demo.get('/auth/me')).status).toBe(200);
  });

  it.each([[0], [-1], [1.5], [2 ** 31], ['10'], [null]])(
    'a size of %j is none, and OpenStack hears nothing of it (A8)',
    async (size) => {
      const before = changes();
      const rootVolume = { size, image_id: servers.imageId };
      const answer = await demo.post<ProblemBody>('/servers', servers.body('sized', { root_volume: rootVolume }));
      expect([answer.status, answer.body.errors?.map((error) => error.field)]).toEqual([422, ['root_volume.size']]);
      expect(changes()).toBe(before);
    },
  );

  it.each([
    ['flavor_id', '../../x'],
    ['flavor_id', 'a b'],
    ['network_id', 'not-a-uuid'],
    ['network_id', '5b0c9a0e-7d6c-4d53-8a3e-0f6f3f6a2b11/../x'],
    ['security_group_ids', ['1']],
    ['security_group_ids', '1'],
    ['security_group_ids', [1, 1]],
  ])('%s cannot be %j (A17)', async (field, value) => {
    const answer = await demo.post<ProblemBody>('/servers', servers.body('ids', { [field]: value }));
    expect([answer.status, answer.body.errors?.map((error) => error.field)]).toEqual([422, [field]]);
  });

  it.each([
    ['the joined emoji', '👩‍💻 shop'],
    ['the Hangul', '서버-하나'],
    ['255 code points of four bytes', '𝒳'.repeat(255)],
  ])('names come back as they were given: %s (A4)', async (_what, name) => {
    const answer = await demo.post<ServerBody>('/servers', servers.body(name));
    expect([answer.status, answer.body.name]).toEqual([202, name]);
    expect((await servers.get(answer.body.id)).name).toBe(name);
    await demo.delete(`/servers/${String(answer.body.id)}`);
  });

  it('names are put into NFC, so that the same name is the same name (A4)', async () => {
    const first = await demo.post<ServerBody>('/servers', servers.body('Cafe\u0301'));
    expect(first.body.name).toBe('Caf\u00e9');
    const second = await demo.post<ProblemBody>('/servers', servers.body('Caf\u00e9'));
    expect([second.status, second.body.code]).toEqual([409, 'SERVER_NAME_DUPLICATE']);
    for (const filter of ['name_like=cafe\u0301', 'name_eq=Cafe\u0301']) {
      const { body } = await demo.get<{ servers: ServerBody[] }>(`/servers?${encodeURI(filter)}`);
      expect(body.servers.map(({ id }) => id)).toEqual([first.body.id]);
    }
    await demo.delete(`/servers/${String(first.body.id)}`);
  });

  it.each([
    ['%', []],
    ['_', ['a_b']],
    ['\\', ['a\\b']],
    ['%%%%', []],
    ['A_B', ['a_b']],
  ])('a search for %j finds what contains it literally (A5)', async (text, expected) => {
    const { body } = await demo.get<{ servers: ServerBody[] }>(
      `/servers?name_like=${encodeURIComponent(text)}&sort_by=created_at&order=asc`,
    );
    expect(body.servers.map(({ name }) => name)).toEqual(expected);
  });

  it.each([
    ['name_like=%00', 'name_like'],
    ['name_eq=a%00b', 'name_eq'],
    ['name_like=%FF', 'name_like'],
    ['name_like=%', 'name_like'],
    ['name_like=%ED%A0%80', 'name_like'],
  ])('a search for what is no text is refused: %s', async (query, field) => {
    const answer = await demo.get<ProblemBody>(`/servers?${query}`);
    expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
  });
});
