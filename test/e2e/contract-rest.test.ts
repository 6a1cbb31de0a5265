import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { ServerRequests, type ProblemBody } from '../support/servers.js';
import { VolumeRequests } from '../support/volumes.js';

/** Documented answers that belong to no story of their own. */
describe('an OpenStack that is slow, full or away', () => {
  let app: TestApp;
  let demo: Api;

  beforeAll(async () => {
    app = await startApp({ settings: { DEADLINE_DEFAULT_MS: '1500' } });
    demo = await app.login('demo');
  });

  afterAll(async () => {
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
    for (const service of app.simulator.downServices()) app.simulator.switchService(service, 'up');
  });

  it.each([
    ['/images', 'image'],
    ['/networks', 'network'],
    ['/volume-types', 'volume'],
  ] as const)('answers a first read of %s by 503 while the service is away', async (path, service) => {
    app.simulator.switchService(service, 'down');
    const answer = await demo.get<ProblemBody>(path);
    expect([answer.status, answer.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 403 to a member who asks for released floating IPs', async () => {
    const answer = await demo.get<ProblemBody>('/floating-ips?include_deleted=true');
    expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
  });

  it('answers 503 for a console log while Nova is away, and 409 for the console of a server that is off', async () => {
    const servers = await ServerRequests.of(demo);
    const { id } = await servers.create('quiet');
    app.simulator.switchService('compute', 'down');
    const away = await demo.get<ProblemBody>(`/servers/${String(id)}/console-log`);
    expect([away.status, away.body.code]).toEqual([503, 'OPENSTACK_UNAVAILABLE']);
    app.simulator.switchService('compute', 'up');
    // The breaker closes a moment after Nova is back.
    await demo.until(`/servers/${String(id)}/console-log`, ({ status }) => status === 200);
    await demo.finished(await demo.put(`/servers/${String(id)}/status?status=SHUTOFF`));
    const off = await demo.post<ProblemBody>(`/servers/${String(id)}/console`, {});
    expect([off.status, off.body.code]).toEqual([409, 'SERVER_STATUS_INVALID_FOR_CONSOLE']);
  });

  it('answers 409 for rules beyond the quota, and the group keeps those that it had', async () => {
    const made = await demo.post<{ id: number }>('/security-groups', { name: 'full', description: null, rules: [] });
    expect(made.status).toBe(201);
    app.simulator.setQuotas(seed.projects.demo, { security_group_rule: 1 });
    const rule = { protocol: 'tcp', ether_type: 'IPv4', direction: 'ingress', port_range_min: 80, port_range_max: 80 };
    const answer = await demo.put<ProblemBody>(`/security-groups/${String(made.body.id)}`, {
      name: 'full',
      description: null,
      rules: [{ ...rule, remote_ip_prefix: '10.0.0.0/8' }],
    });
    app.simulator.setQuotas(seed.projects.demo, { security_group_rule: 100 });
    expect([answer.status, answer.body.code]).toEqual([409, 'QUOTA_EXCEEDED']);
  });

  it('answers 409 when what was asked for is not done by its deadline', async () => {
    const volumes = new VolumeRequests(demo);
    const volume = await volumes.create('slow');
    app.simulator.configure({ volume_extend_ms: 60_000 });
    const answer = await volumes.resize<ProblemBody>(volume.id, 2);
    expect([answer.status, answer.body.code]).toEqual([409, 'DEADLINE_EXCEEDED']);
    expect(answer.body.operation_id).toBeGreaterThan(0);
  });
});
