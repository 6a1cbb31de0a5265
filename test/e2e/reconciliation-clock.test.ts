import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { startSimulator } from '../../simulator/simulator.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests } from '../support/floating-ips.js';
import { Looks, quickLoops } from '../support/looks.js';
import { ServerRequests, type ServerBody } from '../support/servers.js';

const hourMs = 3_600_000;
/** A little more than the policy on transitions allows. */
const tooLongMs = 31 * 60_000;

describe.each([
  ['ahead', hourMs],
  ['behind', -hourMs],
])('an OpenStack whose clock is an hour %s', (_way, shiftMs) => {
  let simulator: Simulator;
  let app: TestApp;
  let demo: Api;
  let looks: Looks;
  let server: ServerBody;

  beforeAll(async () => {
    simulator = await startSimulator({ port: 0 });
    simulator.clock.shift(shiftMs);
    app = await startApp({ simulator, settings: quickLoops });
    looks = await Looks.of(app);
    demo = await app.login('demo');
    server = await (await ServerRequests.of(demo)).create('timeless');
    await new FloatingIpRequests(demo).allocate();
    await looks.setPolicies({ missing_grace_seconds: 0 });
  }, 60_000);

  afterAll(async () => {
    await looks.close();
    await app.close();
    await simulator.close();
  });

  const isNow = (text: string | null | undefined): void => {
    expect(Math.abs(Date.parse(text ?? '') - Date.now())).toBeLessThan(60_000);
  };

  it('changes no row', async () => {
    await looks.changesNothing({ complete: true, counts: {} });
  });

  it('is seen at times of our own clock', async () => {
    const seen = await demo.get<ServerBody & { observed_at: string; sync: string }>(`/servers/${String(server.id)}`);
    isNow(seen.body.observed_at);
    expect(seen.body.sync).toBe('fresh');
  });

  it('has its changes heard of at once', async () => {
    await looks.resume();
    const path = `/servers/${String(server.id)}`;
    simulator.outside.stop(server.openstack_id ?? '');
    await demo.until<ServerBody>(path, ({ body }) => body.status === 'SHUTOFF', 5_000);
    simulator.outside.start(server.openstack_id ?? '');
    await demo.until<ServerBody>(path, ({ body }) => body.status === 'ACTIVE', 5_000);
    await looks.pause();
  });

  it('is told to be stuck when it is by its own clock, not by ours', async () => {
    const types = async (): Promise<readonly string[]> => {
      const { id } = await looks.runs.plan({ resource_types: ['server'] });
      return (await looks.runs.findings(id)).map(({ type }) => type);
    };
    simulator.outside.setStatus(server.openstack_id ?? '', 'building');
    expect(await types()).toEqual(['STATUS_DRIFT']);
    simulator.clock.shift(tooLongMs);
    expect(await types()).toEqual(['STATUS_DRIFT', 'STUCK_TRANSITION']);
  });
});
