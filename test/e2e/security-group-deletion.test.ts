import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Api } from '../support/api.js';
import type { TestApp } from '../support/app.js';
import { codes, lossesOfAnswers, SecurityGroupStage } from '../support/security-group-stage.js';
import { tcp, SecurityGroupRequests } from '../support/security-groups.js';
import type { ProblemBody } from '../support/servers.js';

describe('deletions of security groups', () => {
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

  describe('DELETE /security-groups/{id}', () => {
    it('takes the group away, and answers 404 after that', async () => {
      const group = await groups.create('leaving', [tcp(1)]);
      const answer = await groups.delete(group.id);
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(stage.neutronOf(group)).toBeUndefined();
      expect(await stage.row(group.id)).toMatchObject({ isLive: 0, deleted_reason: 'user', rules: 0 });
      const again = await groups.delete<ProblemBody>(group.id);
      expect([again.status, again.body.code]).toEqual([404, 'SECURITY_GROUP_NOT_FOUND']);
    });

    it('takes the rules of other groups along that let its members in', async () => {
      const remote = await groups.create('referred to');
      const group = await groups.create('refers', [tcp(1, { remote_group_id: remote.id }), tcp(2)]);
      const before = stage.lastRequest();
      expect((await groups.delete(remote.id)).status).toBe(204);
      const after = await groups.get(group.id);
      expect(after.rules).toHaveLength(3);
      await stage.isExactly(after);
      expect(stage.changesSince(before)).toEqual(['DELETE /network/v2.0/security-groups/{id}']);
    });

    it('previews with dry_run, and does nothing', async () => {
      const remote = await groups.create('previewed');
      const group = await groups.create('refers to previewed', [tcp(1, { remote_group_id: remote.id })]);
      const before = stage.lastRequest();
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
      expect(stage.changesSince(before)).toEqual([]);
      expect(await groups.get(remote.id)).toMatchObject({ operation: null });
    });

    it('answers 403 for another project’s and to a reader, 409 for the default group', async () => {
      const group = await groups.create('guarded');
      const other = new SecurityGroupRequests(await app.login('other'));
      const viewer = new SecurityGroupRequests(await app.login('viewer'));
      const before = stage.lastRequest();
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
      expect(stage.changesSince(before)).toEqual([]);
      expect(stage.neutronOf(group)).toBeDefined();
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
      stage.loseAnswer('DELETE', '/security-groups/', action);
      expect((await groups.delete(group.id)).status).toBe(204);
      expect(stage.neutronOf(group)).toBeUndefined();
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
