import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { codes, lossesOfAnswers, rule, valuesOf, SecurityGroupStage } from '../support/security-group-stage.js';
import {
  outOfFour,
  outOfSix,
  tcp,
  SecurityGroupRequests,
  type SecurityGroupListBody,
} from '../support/security-groups.js';
import type { ProblemBody } from '../support/servers.js';

describe('security groups', () => {
  let stage: SecurityGroupStage;
  let app: TestApp;
  let demo: Api;
  let groups: SecurityGroupRequests;

  beforeAll(async () => {
    stage = await SecurityGroupStage.start();
    ({ app, demo, groups } = stage);
  });

  afterAll(() => stage.close());

  afterEach(() => {
    stage.restore();
  });

  describe('POST /security-groups', () => {
    it('answers 201 with the group, its rules and those that let everything out', async () => {
      const description = 'Front ends,\nopen to all 🦊';
      const answer = await groups.post(
        'web 🦊',
        [tcp(443, { description: 'HTTPS' }), tcp(22, { remote_ip_prefix: '10.0.0.7/8' })],
        {
          description,
        },
      );
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        id: expect.any(Number),
        openstack_id: expect.any(String),
        project_id: demo.login?.project_id,
        name: 'web 🦊',
        description,
        is_default: false,
        rules: expect.any(Array),
        servers: [],
        fault: null,
        operation: null,
        observed_at: expect.any(String),
        sync: 'fresh',
        missing_since: null,
        created_at: expect.any(String),
        updated_at: expect.any(String),
        deleted_at: null,
      });
      expect(answer.headers.get('etag')).toMatch(/^"/);
      expect(valuesOf(answer.body.rules)).toEqual(
        expect.arrayContaining([
          rule(outOfFour),
          rule(outOfSix),
          rule(tcp(443, { description: 'HTTPS' })),
          rule(tcp(22, { remote_ip_prefix: '10.0.0.0/8' })),
        ]),
      );
      expect(answer.body.rules).toHaveLength(4);
      await stage.isExactly(answer.body);
      const uuid = String((await stage.row(answer.body.id))?.['uuid']);
      expect(stage.neutronOf(answer.body)).toMatchObject({
        name: 'web _',
        projectId: seed.projects.demo,
        description: expect.stringMatching(new RegExp(`^Front ends,\\nopen to all _ \\[cloud-api:[^:]+:${uuid}\\]$`)),
      });
    });

    it('brings rules in one writing, equal ones once', async () => {
      const group = await groups.create('writings', [
        tcp(80, { protocol: '6' }),
        tcp(80, { protocol: 'TCP', description: 'again' }),
        tcp(80, { remote_ip_prefix: '0.0.0.0/0' }),
        { ether_type: 'IPv6', direction: 'ingress', protocol: 'icmp', port_range_min: 128 },
        { ether_type: 'IPv6', direction: 'ingress', protocol: '58', port_range_min: 128, port_range_max: null },
        { ether_type: 'IPv4', direction: 'ingress', protocol: 'icmp', port_range_min: 8, port_range_max: 0 },
        {
          ether_type: 'IPv6',
          direction: 'ingress',
          protocol: 'udp',
          port_range_min: 1,
          port_range_max: 65_535,
          remote_ip_prefix: '2001:DB8::1/32',
        },
        outOfFour,
      ]);
      expect(valuesOf(group.rules)).toEqual(
        expect.arrayContaining([
          rule(outOfFour),
          rule(outOfSix),
          rule(tcp(80)),
          rule({ ether_type: 'IPv6', direction: 'ingress', protocol: 'ipv6-icmp', port_range_min: 128 }),
          rule({ ether_type: 'IPv4', direction: 'ingress', protocol: 'icmp', port_range_min: 8, port_range_max: 0 }),
          rule({ ether_type: 'IPv6', direction: 'ingress', protocol: 'udp', remote_ip_prefix: '2001:db8::/32' }),
        ]),
      );
      expect(group.rules).toHaveLength(6);
    });

    it('lets other groups of the project in', async () => {
      const other = await groups.create('let in');
      const group = await groups.create('lets in', [tcp(5432, { remote_group_id: other.id })]);
      expect(group.rules).toContainEqual(
        expect.objectContaining({ remote_group_id: other.id, remote_group_openstack_id: other.openstack_id }),
      );
      const foreigner = new SecurityGroupRequests(await app.login('other'));
      const before = stage.lastRequest();
      const foreign = await groups.post<ProblemBody>('x', [
        tcp(1),
        tcp(2, { remote_group_id: (await foreigner.default()).id }),
      ]);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SECURITY_GROUP_ACCESS_DENIED']);
      expect(foreign.body.errors).toMatchObject([{ field: 'rules.1.remote_group_id' }]);
      const unknown = await groups.post<ProblemBody>('x', [tcp(1, { remote_group_id: 999_999 })]);
      expect([unknown.status, unknown.body.code]).toEqual([404, 'SECURITY_GROUP_NOT_FOUND']);
      expect(unknown.body.errors).toMatchObject([{ field: 'rules.0.remote_group_id' }]);
      expect(stage.changesSince(before)).toEqual([]);
    });

    it('answers 409 for a name that is taken, and for the name of the default group in any case', async () => {
      const group = await groups.create('taken');
      const before = stage.lastRequest();
      const taken = await groups.post<ProblemBody>('taken');
      expect(taken.status).toBe(409);
      expect(taken.body).toMatchObject({
        code: 'SECURITY_GROUP_NAME_DUPLICATED',
        errors: [{ field: 'name' }],
        blocked_by: [{ type: 'security_group', id: group.id, name: 'taken' }],
      });
      for (const name of ['default', 'Default', 'DEFAULT']) {
        const reserved = await groups.post<ProblemBody>(name);
        expect([reserved.status, reserved.body.code]).toEqual([409, 'SECURITY_GROUP_NAME_DUPLICATED']);
        expect(reserved.body.blocked_by).toMatchObject([{ name: 'default' }]);
      }
      expect(stage.changesSince(before)).toEqual([]);
      expect((await groups.post('Taken')).status).toBe(201);
      const other = new SecurityGroupRequests(await app.login('other'));
      expect((await other.post('taken')).status).toBe(201);
      await groups.delete(group.id);
      expect((await groups.post('taken')).status).toBe(201);
    });

    it('lets one of fifty with one name win; the losers make no call', async () => {
      const before = stage.lastRequest();
      const answers = await Promise.all(Array.from({ length: 50 }, () => groups.post<unknown>('crowded')));
      expect(codes(answers).filter((code) => code === 201)).toHaveLength(1);
      expect(codes(answers).filter((code) => code === 'SECURITY_GROUP_NAME_DUPLICATED')).toHaveLength(49);
      expect(stage.changesSince(before)).toEqual(['POST /network/v2.0/security-groups']);
      expect(stage.inNeutron().filter(({ name }) => name === 'crowded')).toHaveLength(1);
    });

    it.each([
      ['the group', { security_group: 0 }, 'security_group'],
      ['a rule', { security_group_rule: 0 }, 'security_group_rule'],
    ] as const)('answers 409 QUOTA_EXCEEDED with the numbers for %s, and keeps nothing', async (what, quota, name) => {
      const used = app.simulator.cloud.used(seed.projects.demo, name);
      const limit = used + (what === 'a rule' ? 3 : 0);
      app.simulator.setQuotas(seed.projects.demo, Object.fromEntries(Object.keys(quota).map((key) => [key, limit])));
      const before = stage.inNeutron().length;
      const answer = await groups.post<ProblemBody>(`too much of ${name}`, [tcp(1), tcp(2)]);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'QUOTA_EXCEEDED',
        detail: expect.stringContaining(`allows ${String(limit)}`),
        operation_id: expect.any(Number),
        openstack_request_ids: [expect.stringMatching(/^req-/)],
      });
      const operation = await demo.finished(answer.body.operation_id ?? 0);
      expect(operation).toMatchObject({ state: 'FAILED', kind: 'security-group.create' });
      expect(await stage.row(operation.resource.id)).toMatchObject({
        isLive: 0,
        deleted_reason: 'compensation',
        fault_code: 'QUOTA_EXCEEDED',
        rules: 0,
      });
      expect(stage.inNeutron()).toHaveLength(before);
      app.simulator.setQuotas(seed.projects.demo, { [name]: -1 });
      expect((await groups.post(`too much of ${name}`)).status).toBe(201);
    });

    it.each(lossesOfAnswers)(
      'makes one group with its rules when the answer to its creation is lost: %s',
      async (action) => {
        stage.loseAnswer('POST', '/security-groups$', action);
        const before = stage.inNeutron().length;
        const { status, body } = await groups.post(`lost ${action}`, [tcp(1), tcp(2)], { description: 'Äpfel 🦊' });
        expect(status).toBe(201);
        expect(stage.inNeutron()).toHaveLength(before + 1);
        expect(body.rules).toHaveLength(4);
        await stage.isExactly(body);
      },
    );

    it.each(lossesOfAnswers)('makes each rule once when the answer to a rule is lost: %s', async (action) => {
      stage.loseAnswer('POST', '/security-group-rules$', action, 1);
      const { status, body } = await groups.post(`lost rule ${action}`, [tcp(1), tcp(2), tcp(3)]);
      expect(status).toBe(201);
      expect(body.rules).toHaveLength(5);
      await stage.isExactly(body);
    });

    it('takes everything back when a rule is refused for good', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/security-group-rules$', status: 400, skip: 1 });
      const before = stage.inNeutron().length;
      const answer = await groups.post<ProblemBody>('refused', [tcp(1), tcp(2)]);
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      const operation = await demo.finished(answer.body.operation_id ?? 0);
      expect(await stage.row(operation.resource.id)).toMatchObject({
        isLive: 0,
        deleted_reason: 'compensation',
        rules: 0,
      });
      expect(stage.inNeutron()).toHaveLength(before);
    });

    it('is undone when the creation took effect only after it was given up', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/security-groups$', status: 409, times: 1 });
      const answer = await groups.post<ProblemBody>('conflict');
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_CONFLICT']);
      await demo.finished(answer.body.operation_id ?? 0);
      expect(stage.inNeutron().filter(({ name }) => name === 'conflict')).toEqual([]);
    });

    it('answers 202 while Neutron is away, refuses changes meanwhile, and the group comes when it is back', async () => {
      const away = await startApp({
        simulator: app.simulator,
        schema: app.schema,
        settings: { SYNC_WAIT_MS: '100' },
      });
      try {
        const api = await away.login('demo');
        const requests = new SecurityGroupRequests(api);
        app.simulator.faults.add({ service: 'network', action: 'refuse' });
        const answer = await requests.post('later', [tcp(1)]);
        expect(answer.status).toBe(202);
        expect(answer.headers.get('location')).toBe(`/operations/${String(answer.body.operation?.id)}`);
        expect(answer.body).toMatchObject({
          openstack_id: null,
          rules: [],
          operation: { kind: 'security-group.create' },
        });
        const busy = { code: 'OPERATION_IN_PROGRESS', operation_id: answer.body.operation?.id };
        expect((await requests.delete<unknown>(answer.body.id)).body).toMatchObject(busy);
        expect((await requests.put<unknown>(answer.body.id, { name: 'later', rules: [] })).body).toMatchObject(busy);
        const reference = await requests.post<unknown>('refers', [tcp(1, { remote_group_id: answer.body.id })]);
        expect(reference.body).toMatchObject(busy);
        app.simulator.faults.clear();
        expect(await api.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
        const group = await groups.get(answer.body.id);
        expect(group).toMatchObject({ openstack_id: expect.any(String), operation: null });
        await stage.isExactly(group);
      } finally {
        await away.close();
      }
    });

    it.each([
      ['no name', { rules: [] }, 'name'],
      ['a name that is empty', { name: '', rules: [] }, 'name'],
      ['a name of 256', { name: 'n'.repeat(256), rules: [] }, 'name'],
      ['a description of 256', { name: 'n', description: 'd'.repeat(256), rules: [] }, 'description'],
      ['no rules', { name: 'n' }, 'rules'],
      ['rules that are none', { name: 'n', rules: {} }, 'rules'],
      ['too many rules', { name: 'n', rules: Array.from({ length: 501 }, (_, index) => tcp(index + 1)) }, 'rules'],
      ['a rule that is none', { name: 'n', rules: [tcp(1), 5] }, 'rules.1'],
      ['a rule without a direction', { name: 'n', rules: [{ ether_type: 'IPv4' }] }, 'rules.0.direction'],
      ['a rule without a family', { name: 'n', rules: [{ direction: 'ingress' }] }, 'rules.0.ether_type'],
      ['a family in small letters', { name: 'n', rules: [tcp(1, { ether_type: 'ipv4' })] }, 'rules.0.ether_type'],
      ['an unknown field of a rule', { name: 'n', rules: [tcp(1), { ...tcp(2), port: 2 }] }, 'rules.1.port'],
      ['a port as text', { name: 'n', rules: [tcp(1, { port_range_min: '1' })] }, 'rules.0.port_range_min'],
      ['a port above 65535', { name: 'n', rules: [tcp(1, { port_range_max: 65_536 })] }, 'rules.0.port_range_max'],
      ['a range from its end', { name: 'n', rules: [tcp(1), tcp(9, { port_range_max: 8 })] }, 'rules.1.port_range_min'],
      ['an unknown protocol', { name: 'n', rules: [tcp(1, { protocol: 'foo' })] }, 'rules.0.protocol'],
      ['a protocol of 11', { name: 'n', rules: [tcp(1, { protocol: 'p'.repeat(11) })] }, 'rules.0.protocol'],
      ['no network', { name: 'n', rules: [tcp(1, { remote_ip_prefix: '10.0.0.0/33' })] }, 'rules.0.remote_ip_prefix'],
      ['another family', { name: 'n', rules: [tcp(1, { remote_ip_prefix: '::/0' })] }, 'rules.0.remote_ip_prefix'],
      [
        'network and group',
        { name: 'n', rules: [tcp(1, { remote_ip_prefix: '10.0.0.0/8', remote_group_id: 1 })] },
        'rules.0.remote_group_id',
      ],
      ['a group by another id', { name: 'n', rules: [tcp(1, { remote_group_id: 'x' })] }, 'rules.0.remote_group_id'],
      ['an unknown field', { name: 'n', rules: [], stateful: false }, 'stateful'],
    ])('answers 422 for %s', async (_what, body, field) => {
      const before = stage.lastRequest();
      const answer = await demo.post<ProblemBody>('/security-groups', body);
      expect(answer.status).toBe(422);
      expect(answer.body.code).toBe('VALIDATION_FAILED');
      expect(answer.body.errors?.map((error) => error.field)).toContain(field);
      expect(stage.changesSince(before)).toEqual([]);
    });

    it('answers 403 to a reader, and 401 to nobody', async () => {
      const viewer = new SecurityGroupRequests(await app.login('viewer'));
      const answer = await viewer.post<ProblemBody>('mine');
      expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      expect((await new SecurityGroupRequests(app.anonymous).post('mine')).status).toBe(401);
    });

    it('makes one group for one Idempotency-Key, and answers the same', async () => {
      const options = { headers: { 'idempotency-key': 'group-1' } };
      const first = await groups.post('by key', [tcp(1)], {}, options);
      const before = stage.lastRequest();
      const second = await groups.post('by key', [tcp(1)], {}, options);
      expect([second.status, second.body.id]).toEqual([201, first.body.id]);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect(stage.changesSince(before)).toEqual([]);
    });
  });

  describe('GET /security-groups', () => {
    it('has the default group with its rules, by our ids', async () => {
      const group = await groups.default();
      expect(group).toMatchObject({ name: 'default', is_default: true, description: 'Default security group' });
      expect(valuesOf(group.rules)).toEqual(
        expect.arrayContaining([
          rule(outOfFour),
          rule(outOfSix),
          rule({ ether_type: 'IPv4', direction: 'ingress', remote_group_id: group.id }),
          rule({ ether_type: 'IPv6', direction: 'ingress', remote_group_id: group.id }),
        ]),
      );
      expect(group.rules).toHaveLength(4);
    });

    it('sorts by name and by time, in pages that show each one once', async () => {
      for (const name of ['sort b', 'sort a', 'sort C', 'sort ä']) await groups.create(name);
      const all = (await groups.list()).map(({ id }) => id);
      expect(all).toEqual([...all].sort((a, b) => a - b));
      const names = (await groups.list('?sort_by=name'))
        .map(({ name }) => name)
        .filter((name) => name.startsWith('sort'));
      expect(names).toEqual(['sort a', 'sort ä', 'sort b', 'sort C']);
      for (const query of ['sort_by=name&order=desc', 'sort_by=name', 'sort_by=created_at&sort_order=desc']) {
        const whole = (await groups.list(`?${query}`)).map(({ id }) => id);
        const paged: number[] = [];
        for (let path = `/security-groups?${query}&limit=3`; path !== '';) {
          const answer: Answer<SecurityGroupListBody> = await demo.get<SecurityGroupListBody>(path);
          paged.push(...answer.body.security_groups.map(({ id }) => id));
          path = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
        }
        expect(paged).toEqual(whole);
        expect(new Set(whole)).toEqual(new Set(all.length === whole.length ? all : whole));
      }
    });

    it('shows the project’s own, to a reader too, and an admin everything', async () => {
      const mine = await groups.create('visible');
      const ids = async (account: 'viewer' | 'other' | 'admin', query = ''): Promise<readonly number[]> =>
        (await new SecurityGroupRequests(await app.login(account)).list(query)).map(({ id }) => id);
      expect(await ids('viewer')).toContain(mine.id);
      expect(await ids('other')).not.toContain(mine.id);
      expect(await ids('admin')).toContain(mine.id);
      await groups.delete(mine.id);
      expect(await ids('viewer')).not.toContain(mine.id);
      expect(await ids('admin', '?include_deleted=true')).toContain(mine.id);
      const hidden = await demo.get<ProblemBody>('/security-groups?include_deleted=true');
      expect([hidden.status, hidden.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    });

    it('answers 404 and 403 for one that is not there or another project’s', async () => {
      const mine = await groups.create('mine alone');
      const other = await app.login('other');
      const foreign = await other.get<ProblemBody>(`/security-groups/${String(mine.id)}`);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SECURITY_GROUP_ACCESS_DENIED']);
      const unknown = await demo.get<ProblemBody>('/security-groups/999999');
      expect([unknown.status, unknown.body.code]).toEqual([404, 'SECURITY_GROUP_NOT_FOUND']);
      expect((await demo.get('/security-groups/1e3')).status).toBe(422);
      expect((await demo.get('/security-groups?sort_by=id')).status).toBe(422);
    });

    it('is answered from the record while Neutron is away', async () => {
      const mine = await groups.create('at hand', [tcp(1)]);
      app.simulator.faults.add({ service: 'network', action: 'refuse' });
      const { observed_at: _seen, ...shown } = await groups.get(mine.id);
      expect(mine).toMatchObject(shown);
    });
  });
});
