import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import { createGroup } from '../../simulator/security-group-lifecycle.js';
import type { Answer, Api, RequestOptions } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { SecurityGroupRequests, tcp, type SecurityGroupBody } from '../support/security-groups.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

interface InterfaceBody {
  readonly id: number;
  readonly openstack_id: string | null;
  readonly security_groups: readonly { readonly id: number; readonly name: string }[];
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string } | null;
}

describe('PUT /network-interfaces/{id}/security-groups', () => {
  let app: TestApp;
  let demo: Api;
  let groups: SecurityGroupRequests;
  let servers: ServerRequests;
  let server: ServerBody;
  let nicId: number;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    groups = new SecurityGroupRequests(demo);
    await groups.default();
    servers = await ServerRequests.of(demo);
    server = await servers.create('grouped');
    nicId = server.network_interfaces[0]?.id ?? 0;
  });

  afterAll(() => app.close());

  afterEach(() => {
    app.simulator.faults.clear();
  });

  const put = <T = InterfaceBody>(
    ids: readonly unknown[],
    { id = nicId, api = demo, ...options }: { id?: number; api?: Api } & RequestOptions = {},
  ): Promise<Answer<T>> =>
    api.put<T>(`/network-interfaces/${String(id)}/security-groups`, { security_group_ids: ids }, options);
  const get = async (id = nicId): Promise<InterfaceBody> =>
    (await demo.get<InterfaceBody>(`/network-interfaces/${String(id)}`)).body;
  const portGroups = (nic: InterfaceBody): readonly string[] =>
    app.simulator.inventory().ports.find(({ id }) => id === nic.openstack_id)?.security_group_ids ?? [];
  const lastRequest = (): number => app.simulator.log.list().at(-1)?.id ?? 0;
  const portChangesSince = (after: number): number =>
    app.simulator.log.list({ service: 'network', method: 'PUT', path: '/ports/', after }).length;
  const codeOf = ({ status, body }: Answer<unknown>): unknown => (status < 300 ? status : (body as ProblemBody).code);

  it('answers 200 with the interface in exactly these groups, in Neutron too, and the groups show the server', async () => {
    const [one, two] = [await groups.create('one'), await groups.create('two', [tcp(22)])];
    const answer = await put([two.id, one.id]);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      id: nicId,
      security_groups: [
        { id: one.id, name: 'one' },
        { id: two.id, name: 'two' },
      ],
      fault: null,
      operation: null,
    });
    expect(await get()).toMatchObject({ security_groups: answer.body.security_groups });
    expect([...portGroups(answer.body)].sort()).toEqual([one.openstack_id, two.openstack_id].sort());
    expect(await groups.get(one.id)).toMatchObject({ servers: [{ id: server.id, name: 'grouped' }] });
    expect(await servers.get(server.id)).toMatchObject({ security_groups: answer.body.security_groups });
    const before = lastRequest();
    expect((await put([one.id, two.id])).status).toBe(200);
    expect(portChangesSince(before)).toBe(0);
  });

  it('takes it out of all groups', async () => {
    const answer = await put([]);
    expect([answer.status, answer.body.security_groups]).toEqual([200, []]);
    expect(portGroups(answer.body)).toEqual([]);
    expect((await groups.default()).servers).toEqual([]);
  });

  it('answers in order: interface 404, 403, then groups 404, 403; and 403 to a reader', async () => {
    const group = await groups.create('for nobody');
    const otherApi = await app.login('other');
    const foreign = await new SecurityGroupRequests(otherApi).default();
    const before = lastRequest();
    const mixed = await put<ProblemBody>([group.id, 999_999]);
    expect(mixed.body.errors).toMatchObject([{ field: 'security_group_ids.1' }]);
    expect([
      codeOf(await put([999_999], { id: 999_999 })),
      codeOf(await put([999_999], { api: otherApi })),
      codeOf(mixed),
      codeOf(await put([foreign.id])),
      codeOf(await put([group.id], { api: await app.login('viewer') })),
    ]).toEqual([
      'NETWORK_INTERFACE_NOT_FOUND',
      'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED',
      'SECURITY_GROUP_NOT_FOUND',
      'SECURITY_GROUP_ACCESS_DENIED',
      'PERMISSION_DENIED',
    ]);
    expect(portChangesSince(before)).toBe(0);
  });

  it.each([
    ['no list', { security_group_ids: 5 }],
    ['no ids', { security_group_ids: ['x'] }],
    ['one twice', { security_group_ids: [1, 1] }],
    ['null', { security_group_ids: null }],
    ['nothing', {}],
  ])('answers 422 for %s', async (_what, body) => {
    const answer = await demo.put<ProblemBody>(`/network-interfaces/${String(nicId)}/security-groups`, body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ field: 'security_group_ids' }]);
  });

  it.each(['reset-before', 'reset-after', 'respond-after', 'late-commit', 'html', 'truncate'] as const)(
    'has exactly the groups when the answer is lost: %s',
    async (action) => {
      const group = await groups.create(`lost ${action}`);
      app.simulator.faults.add({
        method: 'PUT',
        path: '/ports/',
        action,
        times: 1,
        ...(action === 'respond-after' ? { status: 502 } : {}),
        ...(action === 'late-commit' ? { delay_ms: 500 } : {}),
      });
      const answer = await put([group.id]);
      expect([answer.status, answer.body.security_groups]).toEqual([200, [{ id: group.id, name: group.name }]]);
      expect(portGroups(answer.body)).toEqual([group.openstack_id]);
    },
  );

  it('keeps the groups it had when Neutron refuses, and tells why', async () => {
    const [kept, refused] = [await groups.create('kept'), await groups.create('refused')];
    await put([kept.id]);
    app.simulator.faults.add({ method: 'PUT', path: '/ports/', status: 400 });
    const answer = await put<ProblemBody>([refused.id]);
    expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
    expect(await get()).toMatchObject({
      security_groups: [{ id: kept.id }],
      operation: null,
      fault: { code: 'OPENSTACK_REFUSED' },
    });
    app.simulator.faults.clear();
    expect((await put([refused.id])).body).toMatchObject({ fault: null });
    expect((await groups.delete(kept.id)).status).toBe(204);
  });

  it('lets one of several at once win', async () => {
    const made = await Promise.all(['p', 'q', 'r'].map((name) => groups.create(`race ${name}`)));
    app.simulator.faults.add({ method: 'GET', path: '/ports/', delay_ms: 200 });
    const before = lastRequest();
    const answers = await Promise.all(made.map(({ id }) => put<unknown>([id])));
    expect(answers.map(codeOf).sort()).toEqual([200, 'OPERATION_IN_PROGRESS', 'OPERATION_IN_PROGRESS']);
    expect(portChangesSince(before)).toBe(1);
    const winner = answers.find(({ status }) => status === 200)?.body as InterfaceBody;
    expect(await get()).toMatchObject({ security_groups: winner.security_groups });
  });

  it('answers 412 when the interface is not what If-Match says', async () => {
    const shown = await demo.get(`/network-interfaces/${String(nicId)}`);
    const headers = { 'if-match': shown.headers.get('etag') ?? '' };
    const group = await groups.create('conditional');
    expect((await put([group.id], { headers })).status).toBe(200);
    expect(codeOf(await put([], { headers }))).toBe('PRECONDITION_FAILED');
  });

  it('answers 409 on a network without port security, where none is fine', async () => {
    const open = await servers.create('open', { network_id: seed.networks['no-port-security'] });
    const id = open.network_interfaces[0]?.id ?? 0;
    const group = await groups.create('useless');
    const answer = await put<ProblemBody>([group.id], { id });
    expect([answer.status, answer.body.code]).toEqual([409, 'PORT_SECURITY_DISABLED']);
    expect(await get(id)).toMatchObject({ security_groups: [] });
    expect((await put([], { id })).status).toBe(200);
    const { fault } = await servers.create('filtered', {
      network_id: seed.networks['no-port-security'],
      security_group_ids: [group.id],
    });
    expect(fault).toEqual({
      code: 'PORT_SECURITY_DISABLED',
      message: expect.stringMatching(
        /^Network \S+ is without port security.*; choose another network.*\(OpenStack request req-/,
      ),
    });
    expect((await groups.delete(group.id)).status).toBe(204);
  });

  it('answers 404 when the port is not in OpenStack any more', async () => {
    const gone = await servers.create('without a port');
    const nic = gone.network_interfaces[0];
    app.simulator.outside.delete(nic?.openstack_id ?? '');
    const group = await groups.create('too late');
    expect(codeOf(await put([group.id], { id: nic?.id ?? 0 }))).toBe('NETWORK_INTERFACE_NOT_FOUND');
  });

  describe('and the deletion of groups', () => {
    it('is refused while the group is on an interface, naming interface and server', async () => {
      const group = await groups.create('in use');
      await put([group.id]);
      const before = lastRequest();
      const answer = await groups.delete<ProblemBody>(group.id);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'ATTACHED_SECURITY_GROUP_DELETION',
        blocked_by: [
          { type: 'network_interface', id: nicId, name: null },
          { type: 'server', id: server.id, name: 'grouped' },
        ],
      });
      const preview = await demo.delete<ProblemBody>(`/security-groups/${String(group.id)}?dry_run=true`);
      expect(preview.body).toMatchObject({ blocked_by: answer.body.blocked_by });
      expect(app.simulator.log.list({ method: 'DELETE', after: before })).toEqual([]);
      await put([]);
      expect((await groups.delete(group.id)).status).toBe(204);
    });

    it('is refused while an interface is on its way into the group, or out of it', async () => {
      const [from, to] = [await groups.create('from'), await groups.create('to')];
      await put([from.id]);
      const slow = await startApp({ simulator: app.simulator, schema: app.schema, settings: { SYNC_WAIT_MS: '50' } });
      try {
        const api = await slow.login('demo');
        app.simulator.faults.add({ method: 'PUT', path: '/ports/', delay_ms: 600 });
        const answer = await put([to.id], { api });
        expect(answer.status).toBe(202);
        expect(answer.body.operation).toMatchObject({ kind: 'network-interface.set-security-groups' });
        const refused = [await groups.delete<unknown>(to.id), await groups.delete<unknown>(from.id)];
        expect(refused.map(codeOf)).toEqual(Array(2).fill('ATTACHED_SECURITY_GROUP_DELETION'));
        await api.finished(answer);
        expect(await get()).toMatchObject({ security_groups: [{ id: to.id }] });
        expect((await groups.delete(from.id)).status).toBe(204);
      } finally {
        await slow.close();
      }
    });

    async function whileGoing(group: SecurityGroupBody, act: () => Promise<void>): Promise<void> {
      app.simulator.faults.add({ method: 'DELETE', path: '/security-groups/', delay_ms: 600 });
      const deletion = groups.delete<unknown>(group.id);
      await demo.until<SecurityGroupBody>(
        `/security-groups/${String(group.id)}`,
        ({ body }) => body.operation?.kind === 'security-group.delete',
      );
      await act();
      expect((await deletion).status).toBe(204);
    }

    it('refuses new references to what is being deleted: servers, interfaces, rules', async () => {
      const group = await groups.create('going');
      const other = await groups.create('stays');
      await whileGoing(group, async () => {
        const rule = tcp(1, { remote_group_id: group.id });
        const answers = [
          await servers.post('late', { security_group_ids: [group.id] }),
          await put<unknown>([group.id]),
          await groups.post<unknown>('refers', [rule]),
          await groups.put<unknown>(other.id, { name: 'stays', rules: [rule] }),
          await groups.put<unknown>(group.id, { name: 'going', rules: [] }),
        ];
        expect(answers.map(codeOf)).toEqual(Array(5).fill('OPERATION_IN_PROGRESS'));
      });
    });

    it('and a server’s creation at once: the server has the group, or is not made', async () => {
      for (let round = 0; round < 5; round += 1) {
        const group = await groups.create(`contested ${String(round)}`);
        const [creation, deletion] = await Promise.all([
          servers.post(`contested ${String(round)}`, { security_group_ids: [group.id] }),
          groups.delete<unknown>(group.id),
        ]);
        if (creation.status === 202) {
          expect(codeOf(deletion)).toBe('ATTACHED_SECURITY_GROUP_DELETION');
          await demo.finished(creation);
          expect(await servers.get(creation.body.id)).toMatchObject({
            status: 'ACTIVE',
            security_groups: [{ id: group.id }],
          });
        } else {
          expect(deletion.status).toBe(204);
          expect(['OPERATION_IN_PROGRESS', 'SECURITY_GROUP_NOT_FOUND']).toContain(codeOf(creation));
        }
      }
    });
  });

  it('shows no group that is not in the record, and leaves it to Neutron alone when asked for others', async () => {
    const strange = createGroup(app.simulator.cloud, {
      projectId: seed.projects.other,
      name: 'strange',
      description: '',
    });
    const nic = await get();
    const port = app.simulator.cloud.ports.get(nic.openstack_id ?? '');
    if (port === undefined) throw new Error('the port is not there');
    port.securityGroupIds = [strange.id];
    const group = await groups.create('instead');
    expect((await put([group.id])).body.security_groups).toEqual([{ id: group.id, name: 'instead' }]);
    expect(portGroups(nic)).toEqual([group.openstack_id]);
  });
});
