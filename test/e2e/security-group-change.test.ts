import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createRule, rulesOf } from '../../simulator/security-group-lifecycle.js';
import type { TestApp } from '../support/app.js';
import { codes, lossesOfAnswers, rule, valuesOf, SecurityGroupStage } from '../support/security-group-stage.js';
import { outOfFour, outOfSix, tcp, SecurityGroupRequests, type SecurityGroupBody } from '../support/security-groups.js';
import type { ProblemBody } from '../support/servers.js';

describe('changes of security groups', () => {
  let stage: SecurityGroupStage;
  let app: TestApp;
  let groups: SecurityGroupRequests;

  beforeAll(async () => {
    stage = await SecurityGroupStage.start();
    ({ app, groups } = stage);
  });

  afterAll(() => stage.close());

  afterEach(() => {
    stage.restore();
  });

  describe('PUT /security-groups/{id}', () => {
    it('replaces the rules by value: what stays keeps its ids, ours and Neutron’s', async () => {
      const group = await groups.create('changing', [tcp(22), tcp(80), tcp(443, { description: 'old' })], {
        description: 'd',
      });
      const kept = group.rules.filter(({ port_range_min: port, direction }) => port === 22 || direction === 'egress');
      const before = stage.lastRequest();
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
      expect(valuesOf(answer.body.rules)).toEqual(
        expect.arrayContaining([rule(tcp(443, { description: 'new' })), rule(tcp(8080))]),
      );
      expect(answer.body.rules).toHaveLength(5);
      await stage.isExactly(answer.body);
      expect(stage.neutronOf(answer.body)).toMatchObject({
        name: 'changed',
        description: expect.stringMatching(/^d \[cloud-api:/),
      });
      // What is new comes before what is old goes; only a twin has to make room first.
      expect(stage.changesSince(before)).toEqual([
        'PUT /network/v2.0/security-groups/{id}',
        'DELETE /network/v2.0/security-group-rules/{id}',
        'POST /network/v2.0/security-group-rules',
        'POST /network/v2.0/security-group-rules',
        'DELETE /network/v2.0/security-group-rules/{id}',
      ]);
    });

    it('makes no call when nothing changes', async () => {
      const group = await groups.create('same', [tcp(22)], { description: 'same' });
      const before = stage.lastRequest();
      const answer = await groups.put(group.id, { name: 'same', rules: [outOfFour, tcp(22), outOfSix] });
      expect(answer.status).toBe(200);
      expect(stage.changesSince(before)).toEqual([]);
      const { observed_at: _seen, ...same } = group;
      expect(answer.body).toMatchObject(same);
    });

    it('takes all rules away, the ones that let everything out too', async () => {
      const group = await groups.create('emptied', [tcp(22)], { description: 'd' });
      const answer = await groups.put(group.id, { name: 'emptied', description: null, rules: [] });
      expect([answer.status, answer.body.rules, answer.body.description]).toEqual([200, [], null]);
      await stage.isExactly(answer.body);
      expect(stage.neutronOf(answer.body)?.description).toMatch(/^\[cloud-api:[^\]]+\]$/);
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
      const inside = stage.neutronOf(group);
      if (inside === undefined) throw new Error('the group is not there');
      for (const one of rulesOf(cloud, inside.id)) if (one.portMin === 22) cloud.securityGroupRules.delete(one.id);
      createRule(cloud, inside, { direction: 'ingress', etherType: 'IPv4', protocol: 'udp', description: '' });
      const answer = await groups.put(group.id, { name: 'meddled', rules: [tcp(22), tcp(80)] });
      expect(answer.status).toBe(200);
      expect(valuesOf(answer.body.rules)).toEqual(expect.arrayContaining([rule(tcp(22)), rule(tcp(80))]));
      expect(answer.body.rules).toHaveLength(2);
      await stage.isExactly(answer.body);
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
      expect(stage.neutronOf(answer.body)).toMatchObject({ name: 'default', description: 'ours' });
    });

    it('answers 404, 403, and 409 for a name that is taken', async () => {
      const [group, holder] = [await groups.create('put me'), await groups.create('put holder')];
      const body = { name: 'put holder', rules: [] };
      const other = new SecurityGroupRequests(await app.login('other'));
      const viewer = new SecurityGroupRequests(await app.login('viewer'));
      const before = stage.lastRequest();
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
      expect(stage.changesSince(before)).toEqual([]);
      expect(await groups.get(group.id)).toMatchObject({ name: 'put me' });
    });

    it('lets one of several writers at once win; the others get 409 and make no call', async () => {
      const group = await groups.create('contested');
      app.simulator.faults.add({ method: 'GET', path: '/security-groups/', delay_ms: 300 });
      const before = stage.lastRequest();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          groups.put<unknown>(group.id, { name: 'contested', rules: [tcp(index + 1)] }),
        ),
      );
      expect(codes(answers).filter((code) => code === 200)).toHaveLength(1);
      expect(codes(answers).filter((code) => code === 'OPTIMISTIC_LOCK_CONFLICT')).toHaveLength(7);
      expect(stage.changesSince(before).filter((change) => change.startsWith('POST'))).toHaveLength(1);
      const lost = answers.find(({ status }) => status === 409)?.body as ProblemBody;
      expect(lost.operation_id).toEqual(expect.any(Number));
      app.simulator.faults.clear();
      await stage.isExactly(answers.find(({ status }) => status === 200)?.body as SecurityGroupBody);
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
        stage.loseAnswer(method, path, action, method === 'PUT' ? 0 : 1);
        const name = `now ${what} ${action}`;
        const answer = await groups.put(group.id, { name, rules: [tcp(3), tcp(4), tcp(5), tcp(6 + index)] });
        expect([action, answer.status]).toEqual([action, 200]);
        expect(answer.body.rules).toHaveLength(4);
        await stage.isExactly(answer.body);
        expect(stage.neutronOf(answer.body)?.name).toBe(name);
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
        stage
          .neutronRules(group)
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
});
