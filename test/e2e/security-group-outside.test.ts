import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGroup, createRule } from '../../simulator/security-group-lifecycle.js';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { quickLoops } from '../support/looks.js';
import {
  SecurityGroupRequests,
  tcp,
  type SecurityGroupBody,
  type SecurityGroupListBody,
} from '../support/security-groups.js';

describe('security groups while others work in OpenStack', () => {
  let app: TestApp;
  let demo: Api;
  let admin: Api;
  let groups: SecurityGroupRequests;

  beforeAll(async () => {
    app = await startApp({ settings: quickLoops });
    demo = await app.login('demo');
    admin = await app.login('admin');
    groups = new SecurityGroupRequests(demo);
    await groups.default();
  });

  afterAll(async () => {
    await app.close();
  });

  const neutronOf = ({ openstack_id: id }: SecurityGroupBody) => app.simulator.cloud.securityGroups.get(id ?? '');

  async function until(id: number, is: (group: SecurityGroupBody) => boolean): Promise<SecurityGroupBody> {
    return (await demo.until<SecurityGroupBody>(`/security-groups/${String(id)}`, ({ body }) => is(body))).body;
  }

  async function setUnmanaged(unmanaged: 'report' | 'adopt'): Promise<void> {
    const { body } = await admin.get<Record<string, unknown>>('/admin/reconciliation-policies');
    const { version: _version, ...policies } = body;
    expect((await admin.put('/admin/reconciliation-policies', { ...policies, unmanaged })).status).toBe(200);
  }

  it('keeps names and descriptions that Neutron has in a shorter or plainer form, and follows what is changed', async () => {
    const description = 'Füchse 🦊 '.repeat(25).trim();
    const group = await groups.create('Fuchs 🦊', [tcp(1)], { description });
    const seen = group.observed_at ?? '';
    const later = await until(group.id, ({ observed_at: at }) => (at ?? '') > seen);
    expect({ ...later, observed_at: null, sync: null }).toEqual({ ...group, observed_at: null, sync: null });
    const inside = neutronOf(group);
    if (inside === undefined) throw new Error('the group is not there');
    inside.description = inside.description.replace(/^.* \[/s, 'by hand [');
    app.simulator.outside.rename(inside.id, 'by hand');
    const followed = await until(group.id, ({ name }) => name === 'by hand');
    expect(followed.description).toBe('by hand');
  });

  it('takes their groups and rules over in the one writing only where the policy says so, and none that is being made', async () => {
    const { cloud } = app.simulator;
    const theirs = createGroup(cloud, { projectId: seed.projects.demo, name: 'theirs', description: 'x [y]' });
    createRule(cloud, theirs, {
      direction: 'ingress',
      etherType: 'IPv4',
      protocol: '6',
      portMin: 22,
      portMax: 22,
      remotePrefix: '10.0.0.5/8',
      description: '',
    });
    app.simulator.faults.add({ method: 'POST', path: '/security-group-rules$', action: 'hang', times: 1 });
    const slow = await groups.create('slow', [tcp(1)]);
    expect((await groups.list()).filter(({ name }) => name === 'theirs')).toEqual([]);
    await setUnmanaged('adopt');
    const { body } = await demo.until<SecurityGroupListBody>('/security-groups', ({ body: found }) =>
      found.security_groups.some(({ name }) => name === 'theirs'),
    );
    const group = body.security_groups.find(({ name }) => name === 'theirs');
    expect(group).toMatchObject({ description: 'x [y]', openstack_id: theirs.id });
    expect(group?.rules).toContainEqual(expect.objectContaining(tcp(22, { remote_ip_prefix: '10.0.0.0/8' })));
    app.simulator.faults.add({ method: 'POST', path: '/security-group-rules$', action: 'hang', times: 1 });
    const slower = await groups.create('slower', [tcp(1)]);
    const made = (await groups.list()).filter(({ name }) => name.startsWith('slow'));
    expect(made.map(({ id }) => id)).toEqual([slow.id, slower.id]);
    await setUnmanaged('report');
  });

  it('deletes a second group of a row from Neutron, and none that is not ours', async () => {
    const group = await groups.create('with a double');
    const inside = neutronOf(group);
    if (inside === undefined) throw new Error('the group is not there');
    const { cloud } = app.simulator;
    const copy = { projectId: seed.projects.demo, name: 'copy' };
    const double = createGroup(cloud, { ...copy, description: inside.description });
    const stranger = createGroup(cloud, {
      ...copy,
      description: inside.description.replace(/[0-9a-f]{4}\]$/, '0000]'),
    });
    for (const end = Date.now() + 20_000; cloud.securityGroups.has(double.id);) {
      if (Date.now() > end) throw new Error('the double stayed');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(cloud.securityGroups.has(stranger.id)).toBe(true);
    expect(neutronOf(group)).toBeDefined();
    expect((await groups.list()).filter(({ openstack_id: id }) => id === double.id)).toEqual([]);
  }, 30_000);
});
