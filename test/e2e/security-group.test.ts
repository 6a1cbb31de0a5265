import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { createRule, rulesOf } from '../../simulator/security-group-lifecycle.js';
import { seed } from '../../simulator/seed.js';
import type { Api, Answer } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import {
  outOfFour,
  outOfSix,
  SecurityGroupRequests,
  tcp,
  type RuleRequest,
  type SecurityGroupBody,
  type SecurityGroupListBody,
  type SecurityGroupRuleBody,
} from '../support/security-groups.js';
import type { ProblemBody } from '../support/servers.js';

const lossesOfAnswers = ['reset-before', 'reset-after', 'respond-after', 'late-commit', 'html', 'truncate'] as const;

describe('security groups', () => {
  let app: TestApp;
  let demo: Api;
  let groups: SecurityGroupRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    groups = new SecurityGroupRequests(demo);
    database = await connect(app.schema);
    await groups.default();
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.setQuotas(seed.projects.demo, { security_group: -1, security_group_rule: -1 });
  });

  const inNeutron = () => app.simulator.inventory().security_groups;
  const neutronOf = ({ openstack_id: id }: SecurityGroupBody) => app.simulator.cloud.securityGroups.get(id ?? '');
  const neutronRules = ({ openstack_id: id }: SecurityGroupBody) => rulesOf(app.simulator.cloud, id ?? '');
  const lastRequest = (): number => app.simulator.log.list().at(-1)?.id ?? 0;
  const changesSince = (after: number): readonly string[] =>
    app.simulator.log
      .list({ service: 'network', after })
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.replace(/[0-9a-f-]{36}/, '{id}')}`);

  function loseAnswer(method: string, path: string, action: (typeof lossesOfAnswers)[number], skip = 0): void {
    app.simulator.faults.add({
      method,
      path,
      action,
      times: 1,
      skip,
      ...(action === 'respond-after' ? { status: 502 } : {}),
      ...(action === 'late-commit' ? { delay_ms: 500 } : {}),
    });
  }

  async function row(id: number): Promise<RowDataPacket | undefined> {
    const [rows] = await database.query<RowDataPacket[]>(
      `SELECT uuid, deleted_reason, deleted_at IS NULL AS isLive, fault_code,
              (SELECT COUNT(*) FROM security_group_rule r WHERE r.security_group_id = g.id) AS rules
         FROM security_group g WHERE id = ?`,
      [id],
    );
    return rows[0];
  }

  /** Rules without what Neutron and MySQL number. */
  const values = (rules: readonly SecurityGroupRuleBody[]): readonly unknown[] =>
    rules.map(({ id: _id, openstack_id: _openstackId, remote_group_openstack_id: _remote, ...value }) => value);

  const rule = (given: RuleRequest): Record<string, unknown> => ({
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
    description: null,
    ...given,
  });

  const isExactly = async (group: SecurityGroupBody): Promise<void> => {
    expect(await groups.get(group.id)).toEqual({ ...group, observed_at: expect.any(String) });
    expect(
      neutronRules(group)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(group.rules.map((one) => one.openstack_id).sort());
  };

  const codes = (answers: readonly Answer<unknown>[]): readonly unknown[] =>
    answers.map(({ status, body }) => (status < 300 ? status : (body as ProblemBody).code));

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
      expect(values(answer.body.rules)).toEqual(
        expect.arrayContaining([
          rule(outOfFour),
          rule(outOfSix),
          rule(tcp(443, { description: 'HTTPS' })),
          rule(tcp(22, { remote_ip_prefix: '10.0.0.0/8' })),
        ]),
      );
      expect(answer.body.rules).toHaveLength(4);
      await isExactly(answer.body);
      const uuid = String((await row(answer.body.id))?.['uuid']);
      expect(neutronOf(answer.body)).toMatchObject({
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
      expect(values(group.rules)).toEqual(
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
      const before = lastRequest();
      const foreign = await groups.post<ProblemBody>('x', [
        tcp(1),
        tcp(2, { remote_group_id: (await foreigner.default()).id }),
      ]);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SECURITY_GROUP_ACCESS_DENIED']);
      expect(foreign.body.errors).toMatchObject([{ field: 'rules.1.remote_group_id' }]);
      const unknown = await groups.post<ProblemBody>('x', [tcp(1, { remote_group_id: 999_999 })]);
      expect([unknown.status, unknown.body.code]).toEqual([404, 'SECURITY_GROUP_NOT_FOUND']);
      expect(unknown.body.errors).toMatchObject([{ field: 'rules.0.remote_group_id' }]);
      expect(changesSince(before)).toEqual([]);
    });

    it('answers 409 for a name that is taken, and for the name of the default group in any case', async () => {
      const group = await groups.create('taken');
      const before = lastRequest();
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
      expect(changesSince(before)).toEqual([]);
      expect((await groups.post('Taken')).status).toBe(201);
      const other = new SecurityGroupRequests(await app.login('other'));
      expect((await other.post('taken')).status).toBe(201);
      await groups.delete(group.id);
      expect((await groups.post('taken')).status).toBe(201);
    });

    it('lets one of fifty with one name win; the losers make no call', async () => {
      const before = lastRequest();
      const answers = await Promise.all(Array.from({ length: 50 }, () => groups.post<unknown>('crowded')));
      expect(codes(answers).filter((code) => code === 201)).toHaveLength(1);
      expect(codes(answers).filter((code) => code === 'SECURITY_GROUP_NAME_DUPLICATED')).toHaveLength(49);
      expect(changesSince(before)).toEqual(['POST /network/v2.0/security-groups']);
      expect(inNeutron().filter(({ name }) => name === 'crowded')).toHaveLength(1);
    });

    it.each([
      ['the group', { security_group: 0 }, 'security_group'],
      ['a rule', { security_group_rule: 0 }, 'security_group_rule'],
    ] as const)('answers 409 QUOTA_EXCEEDED with the numbers for %s, and keeps nothing', async (what, quota, name) => {
      const used = app.simulator.cloud.used(seed.projects.demo, name);
      const limit = used + (what === 'a rule' ? 3 : 0);
      app.simulator.setQuotas(seed.projects.demo, Object.fromEntries(Object.keys(quota).map((key) => [key, limit])));
      const before = inNeutron().length;
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
      expect(await row(operation.resource.id)).toMatchObject({
        isLive: 0,
        deleted_reason: 'compensation',
        fault_code: 'QUOTA_EXCEEDED',
        rules: 0,
      });
      expect(inNeutron()).toHaveLength(before);
      app.simulator.setQuotas(seed.projects.demo, { [name]: -1 });
      expect((await groups.post(`too much of ${name}`)).status).toBe(201);
    });

    it.each(lossesOfAnswers)(
      'makes one group with its rules when the answer to its creation is lost: %s',
      async (action) => {
        loseAnswer('POST', '/security-groups$', action);
        const before = inNeutron().length;
        const { status, body } = await groups.post(`lost ${action}`, [tcp(1), tcp(2)], { description: 'Äpfel 🦊' });
        expect(status).toBe(201);
        expect(inNeutron()).toHaveLength(before + 1);
        expect(body.rules).toHaveLength(4);
        await isExactly(body);
      },
    );

    it.each(lossesOfAnswers)('makes each rule once when the answer to a rule is lost: %s', async (action) => {
      loseAnswer('POST', '/security-group-rules$', action, 1);
      const { status, body } = await groups.post(`lost rule ${action}`, [tcp(1), tcp(2), tcp(3)]);
      expect(status).toBe(201);
      expect(body.rules).toHaveLength(5);
      await isExactly(body);
    });

    it('takes everything back when a rule is refused for good', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/security-group-rules$', status: 400, skip: 1 });
      const before = inNeutron().length;
      const answer = await groups.post<ProblemBody>('refused', [tcp(1), tcp(2)]);
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      const operation = await demo.finished(answer.body.operation_id ?? 0);
      expect(await row(operation.resource.id)).toMatchObject({ isLive: 0, deleted_reason: 'compensation', rules: 0 });
      expect(inNeutron()).toHaveLength(before);
    });

    it('is undone when the creation took effect only after it was given up', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/security-groups$', status: 409, times: 1 });
      const answer = await groups.post<ProblemBody>('conflict');
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_CONFLICT']);
      await demo.finished(answer.body.operation_id ?? 0);
      expect(inNeutron().filter(({ name }) => name === 'conflict')).toEqual([]);
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
        await isExactly(group);
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
      const before = lastRequest();
      const answer = await demo.post<ProblemBody>('/security-groups', body);
      expect(answer.status).toBe(422);
      expect(answer.body.code).toBe('VALIDATION_FAILED');
      expect(answer.body.errors?.map((error) => error.field)).toContain(field);
      expect(changesSince(before)).toEqual([]);
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
      const before = lastRequest();
      const second = await groups.post('by key', [tcp(1)], {}, options);
      expect([second.status, second.body.id]).toEqual([201, first.body.id]);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
      expect(changesSince(before)).toEqual([]);
    });
  });

  describe('GET /security-groups', () => {
    it('has the default group with its rules, by our ids', async () => {
      const group = await groups.default();
      expect(group).toMatchObject({ name: 'default', is_default: true, description: 'Default security group' });
      expect(values(group.rules)).toEqual(
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

  describe('PUT /security-groups/{id}', () => {
    it('replaces the rules by value: what stays keeps its ids, ours and Neutron’s', async () => {
      const group = await groups.create('changing', [tcp(22), tcp(80), tcp(443, { description: 'old' })], {
        description: 'd',
      });
      const kept = group.rules.filter(({ port_range_min: port, direction }) => port === 22 || direction === 'egress');
      const before = lastRequest();
      const answer = await groups.put(group.id, {
        name: 'changed',
        rules: [outOfFour, outOfSix, tcp(22, { protocol: '6' }), tcp(443, { description: 'new' }), tcp(8080)],
      });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({
        id: group.id,
        openstack_id: group.openstack_id,
        name: 'changed',
        description: 'd',
      });
      expect(answer.body.rules).toEqual(expect.arrayContaining(kept));
      expect(values(answer.body.rules)).toEqual(
        expect.arrayContaining([rule(tcp(443, { description: 'new' })), rule(tcp(8080))]),
      );
      expect(answer.body.rules).toHaveLength(5);
      await isExactly(answer.body);
      expect(neutronOf(answer.body)).toMatchObject({
        name: 'changed',
        description: expect.stringMatching(/^d \[cloud-api:/),
      });
      // What is new comes before what is old goes; only a twin has to make room first.
      expect(changesSince(before)).toEqual([
        'PUT /network/v2.0/security-groups/{id}',
        'DELETE /network/v2.0/security-group-rules/{id}',
        'POST /network/v2.0/security-group-rules',
        'POST /network/v2.0/security-group-rules',
        'DELETE /network/v2.0/security-group-rules/{id}',
      ]);
    });

    it('makes no call when nothing changes', async () => {
      const group = await groups.create('same', [tcp(22)], { description: 'same' });
      const before = lastRequest();
      const answer = await groups.put(group.id, { name: 'same', rules: [outOfFour, tcp(22), outOfSix] });
      expect(answer.status).toBe(200);
      expect(changesSince(before)).toEqual([]);
      const { observed_at: _seen, ...same } = group;
      expect(answer.body).toMatchObject(same);
    });

    it('takes all rules away, the ones that let everything out too', async () => {
      const group = await groups.create('emptied', [tcp(22)], { description: 'd' });
      const answer = await groups.put(group.id, { name: 'emptied', description: null, rules: [] });
      expect([answer.status, answer.body.rules, answer.body.description]).toEqual([200, [], null]);
      await isExactly(answer.body);
      expect(neutronOf(answer.body)?.description).toMatch(/^\[cloud-api:[^\]]+\]$/);
    });

    it('lets itself in', async () => {
      const group = await groups.create('closed circle');
      const answer = await groups.put(group.id, {
        name: 'closed circle',
        rules: [tcp(1, { remote_group_id: group.id })],
      });
      expect(answer.body.rules).toMatchObject([{ remote_group_id: group.id }]);
    });

    it('compares with Neutron, whatever others did there meanwhile', async () => {
      const group = await groups.create('meddled', [tcp(22), tcp(80)]);
      const { cloud } = app.simulator;
      const inside = neutronOf(group);
      if (inside === undefined) throw new Error('the group is not there');
      for (const one of rulesOf(cloud, inside.id)) if (one.portMin === 22) cloud.securityGroupRules.delete(one.id);
      createRule(cloud, inside, { direction: 'ingress', etherType: 'IPv4', protocol: 'udp', description: '' });
      const answer = await groups.put(group.id, { name: 'meddled', rules: [tcp(22), tcp(80)] });
      expect(answer.status).toBe(200);
      expect(values(answer.body.rules)).toEqual(expect.arrayContaining([rule(tcp(22)), rule(tcp(80))]));
      expect(answer.body.rules).toHaveLength(2);
      await isExactly(answer.body);
    });

    it('changes the rules and the description of the default group, not its name', async () => {
      const other = await app.login('other');
      const requests = new SecurityGroupRequests(other);
      const group = await requests.default();
      const refused = await requests.put<ProblemBody>(group.id, { name: 'mine', rules: [] });
      expect([refused.status, refused.body.code]).toEqual([409, 'DEFAULT_SECURITY_GROUP_RENAME']);
      const answer = await requests.put(group.id, { name: 'default', description: 'ours', rules: [tcp(22)] });
      expect([answer.status, answer.body.description, answer.body.is_default]).toEqual([200, 'ours', true]);
      expect(answer.body.rules).toHaveLength(1);
      expect(neutronOf(answer.body)).toMatchObject({ name: 'default', description: 'ours' });
    });

    it('answers 404, 403, and 409 for a name that is taken', async () => {
      const [group, holder] = [await groups.create('put me'), await groups.create('put holder')];
      const body = { name: 'put holder', rules: [] };
      const other = new SecurityGroupRequests(await app.login('other'));
      const viewer = new SecurityGroupRequests(await app.login('viewer'));
      const before = lastRequest();
      const taken = await groups.put<ProblemBody>(group.id, body);
      expect(taken.body).toMatchObject({
        code: 'SECURITY_GROUP_NAME_DUPLICATED',
        blocked_by: [{ type: 'security_group', id: holder.id, name: 'put holder' }],
      });
      expect(
        codes([
          taken,
          await groups.put(999_999, body),
          await other.put(group.id, body),
          await viewer.put(group.id, body),
          await groups.put(group.id, { name: 'Default', rules: [] }),
          await groups.put(group.id, { name: 'put me', rules: [tcp(1, { remote_group_id: 999_999 })] }),
          await groups.put(group.id, { name: 'put me', rules: [tcp(2, { port_range_min: 0 })] }),
        ]),
      ).toEqual([
        'SECURITY_GROUP_NAME_DUPLICATED',
        'SECURITY_GROUP_NOT_FOUND',
        'SECURITY_GROUP_UPDATE_PERMISSION_DENIED',
        'PERMISSION_DENIED',
        'SECURITY_GROUP_NAME_DUPLICATED',
        'SECURITY_GROUP_NOT_FOUND',
        'VALIDATION_FAILED',
      ]);
      expect(changesSince(before)).toEqual([]);
      expect(await groups.get(group.id)).toMatchObject({ name: 'put me' });
    });

    it('lets one of several writers at once win; the others get 409 and make no call', async () => {
      const group = await groups.create('contested');
      app.simulator.faults.add({ method: 'GET', path: '/security-groups/', delay_ms: 300 });
      const before = lastRequest();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          groups.put<unknown>(group.id, { name: 'contested', rules: [tcp(index + 1)] }),
        ),
      );
      expect(codes(answers).filter((code) => code === 200)).toHaveLength(1);
      expect(codes(answers).filter((code) => code === 'OPTIMISTIC_LOCK_CONFLICT')).toHaveLength(7);
      expect(changesSince(before).filter((change) => change.startsWith('POST'))).toHaveLength(1);
      const lost = answers.find(({ status }) => status === 409)?.body as ProblemBody;
      expect(lost.operation_id).toEqual(expect.any(Number));
      app.simulator.faults.clear();
      await isExactly(answers.find(({ status }) => status === 200)?.body as SecurityGroupBody);
    });

    it('answers 412 when the group is not what If-Match says, also while someone changes it', async () => {
      const first = await groups.post('conditional');
      const headers = { 'if-match': first.headers.get('etag') ?? '' };
      const answers = await Promise.all([
        groups.put<unknown>(first.body.id, { name: 'conditional', rules: [tcp(1)] }, { headers }),
        groups.put<unknown>(first.body.id, { name: 'conditional', rules: [tcp(2)] }, { headers }),
      ]);
      expect([...codes(answers)].sort()).toEqual([200, 'PRECONDITION_FAILED']);
      const late = await groups.delete<ProblemBody>(first.body.id, { headers });
      expect([late.status, late.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    });

    it.each([
      ['the words', 'PUT', '/security-groups/'],
      ['a new rule', 'POST', '/security-group-rules$'],
      ['an old rule', 'DELETE', '/security-group-rules/'],
    ])('has exactly the rules when an answer about %s is lost, whichever way', async (what, method, path) => {
      for (const [index, action] of lossesOfAnswers.entries()) {
        const group = await groups.create(`put ${what} ${action}`, [tcp(1), tcp(2), tcp(3)]);
        loseAnswer(method, path, action, method === 'PUT' ? 0 : 1);
        const name = `now ${what} ${action}`;
        const answer = await groups.put(group.id, { name, rules: [tcp(3), tcp(4), tcp(5), tcp(6 + index)] });
        expect([action, answer.status]).toEqual([action, 200]);
        expect(answer.body.rules).toHaveLength(4);
        await isExactly(answer.body);
        expect(neutronOf(answer.body)?.name).toBe(name);
      }
    });

    it('tells what was refused, and the record has what Neutron has', async () => {
      const group = await groups.create('half way', [tcp(1)]);
      app.simulator.faults.add({ method: 'POST', path: '/security-group-rules$', status: 400, skip: 1 });
      const answer = await groups.put<ProblemBody>(group.id, { name: 'half way there', rules: [tcp(2), tcp(3)] });
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      const after = await groups.get(group.id);
      expect(after).toMatchObject({ name: 'half way there', operation: null, fault: { code: 'OPENSTACK_REFUSED' } });
      expect(after.rules.map((one) => one.port_range_min)).toEqual(expect.arrayContaining([1, 2]));
      expect(
        neutronRules(group)
          .map(({ id }) => id)
          .sort(),
      ).toEqual(after.rules.map((one) => one.openstack_id).sort());
      app.simulator.faults.clear();
      const again = await groups.put(group.id, { name: 'half way there', rules: [tcp(2), tcp(3)] });
      expect(again.body).toMatchObject({ fault: null });
      expect(again.body.rules).toHaveLength(2);
    });

    it('keeps the old name when Neutron does not take the new one', async () => {
      const group = await groups.create('old name', [], { description: 'old' });
      app.simulator.faults.add({ method: 'PUT', path: '/security-groups/', status: 400 });
      const answer = await groups.put<ProblemBody>(group.id, { name: 'new name', description: 'new', rules: [] });
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(await groups.get(group.id)).toMatchObject({
        name: 'old name',
        description: 'old',
        fault: { code: 'OPENSTACK_REFUSED' },
      });
    });

    it('answers 404 when the group is not in OpenStack any more', async () => {
      const group = await groups.create('vanished');
      app.simulator.outside.delete(group.openstack_id ?? '');
      const answer = await groups.put<ProblemBody>(group.id, { name: 'vanished', rules: [tcp(1)] });
      expect([answer.status, answer.body.code]).toEqual([404, 'SECURITY_GROUP_NOT_FOUND']);
    });
  });

  describe('DELETE /security-groups/{id}', () => {
    it('takes the group away, and answers 404 after that', async () => {
      const group = await groups.create('leaving', [tcp(1)]);
      const answer = await groups.delete(group.id);
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(neutronOf(group)).toBeUndefined();
      expect(await row(group.id)).toMatchObject({ isLive: 0, deleted_reason: 'user', rules: 0 });
      const again = await groups.delete<ProblemBody>(group.id);
      expect([again.status, again.body.code]).toEqual([404, 'SECURITY_GROUP_NOT_FOUND']);
    });

    it('takes the rules of other groups along that let its members in', async () => {
      const remote = await groups.create('referred to');
      const group = await groups.create('refers', [tcp(1, { remote_group_id: remote.id }), tcp(2)]);
      const before = lastRequest();
      expect((await groups.delete(remote.id)).status).toBe(204);
      const after = await groups.get(group.id);
      expect(after.rules).toHaveLength(3);
      await isExactly(after);
      expect(changesSince(before)).toEqual(['DELETE /network/v2.0/security-groups/{id}']);
    });

    it('previews with dry_run, and does nothing', async () => {
      const remote = await groups.create('previewed');
      const group = await groups.create('refers to previewed', [tcp(1, { remote_group_id: remote.id })]);
      const before = lastRequest();
      const preview = await demo.delete<unknown>(`/security-groups/${String(remote.id)}?dry_run=true`);
      expect(preview.status).toBe(200);
      expect(preview.body).toEqual({
        delete: [{ type: 'security_group', id: remote.id, name: 'previewed' }],
        detach: [{ type: 'security_group', id: group.id, name: 'refers to previewed' }],
        keep: [],
        blocked_by: [],
        refusals: [],
      });
      const { id } = await groups.default();
      const blocked = await demo.delete<unknown>(`/security-groups/${String(id)}?dry_run=true`);
      expect(blocked.body).toMatchObject({
        blocked_by: [{ type: 'security_group', id, name: 'default' }],
        refusals: [{ code: 'DEFAULT_SECURITY_GROUP_DELETION' }],
      });
      const other = await app.login('other');
      const foreign = await other.delete<ProblemBody>(`/security-groups/${String(remote.id)}?dry_run=true`);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'SECURITY_GROUP_DELETE_PERMISSION_DENIED_EXCEPTION']);
      expect(changesSince(before)).toEqual([]);
      expect(await groups.get(remote.id)).toMatchObject({ operation: null });
    });

    it('answers 403 for another project’s and to a reader, 409 for the default group', async () => {
      const group = await groups.create('guarded');
      const other = new SecurityGroupRequests(await app.login('other'));
      const viewer = new SecurityGroupRequests(await app.login('viewer'));
      const before = lastRequest();
      expect(
        codes([
          await other.delete(group.id),
          await viewer.delete(group.id),
          await groups.delete((await groups.default()).id),
          await groups.delete(999_999),
        ]),
      ).toEqual([
        'SECURITY_GROUP_DELETE_PERMISSION_DENIED_EXCEPTION',
        'PERMISSION_DENIED',
        'DEFAULT_SECURITY_GROUP_DELETION',
        'SECURITY_GROUP_NOT_FOUND',
      ]);
      expect(changesSince(before)).toEqual([]);
      expect(neutronOf(group)).toBeDefined();
    });

    it('is refused by Neutron while a port that we do not know has it', async () => {
      const group = await groups.create('on a strange port');
      app.simulator.faults.add({
        method: 'DELETE',
        path: '/security-groups/',
        status: 409,
        body: { NeutronError: { type: 'SecurityGroupInUse', message: 'in use', detail: '' } },
      });
      const answer = await groups.delete<ProblemBody>(group.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'ATTACHED_SECURITY_GROUP_DELETION']);
      expect(await groups.get(group.id)).toMatchObject({ fault: { code: 'ATTACHED_SECURITY_GROUP_DELETION' } });
    });

    it('is done when Neutron does not know the group any more', async () => {
      const group = await groups.create('gone already');
      app.simulator.outside.delete(group.openstack_id ?? '');
      expect((await groups.delete(group.id)).status).toBe(204);
    });

    it.each(lossesOfAnswers)('goes through when the answer is lost: %s', async (action) => {
      const group = await groups.create(`going ${action}`);
      loseAnswer('DELETE', '/security-groups/', action);
      expect((await groups.delete(group.id)).status).toBe(204);
      expect(neutronOf(group)).toBeUndefined();
    });

    it('lets one of several deletions at once do it', async () => {
      const group = await groups.create('all at once');
      const answers = await Promise.all(Array.from({ length: 8 }, () => groups.delete<unknown>(group.id)));
      expect(codes(answers).filter((code) => code === 204)).toHaveLength(1);
      for (const code of codes(answers)) {
        expect([204, 'OPERATION_IN_PROGRESS', 'SECURITY_GROUP_NOT_FOUND']).toContain(code);
      }
    });

    it('and a change at once: one is refused', async () => {
      const group = await groups.create('torn');
      const [deleted, changed] = await Promise.all([
        groups.delete<unknown>(group.id),
        groups.put<unknown>(group.id, { name: 'torn', rules: [tcp(1)] }),
      ]);
      const outcome = codes([deleted, changed]);
      expect([
        JSON.stringify([204, 'OPERATION_IN_PROGRESS']),
        JSON.stringify([204, 'SECURITY_GROUP_NOT_FOUND']),
        JSON.stringify(['OPERATION_IN_PROGRESS', 200]),
        JSON.stringify([204, 200]),
      ]).toContain(JSON.stringify(outcome));
    });
  });
});
