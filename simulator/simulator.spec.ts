import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule } from './faults.js';
import type { Simulator } from './simulator-handles.js';
import { startSimulator } from './simulator.js';

describe('the simulator', () => {
  let simulator: Simulator;
  let token: string;

  beforeAll(async () => {
    simulator = await startSimulator();
    token = await login();
  });
  afterEach(async () => {
    simulator.reset();
    token = await login();
  });
  afterAll(() => simulator.close());

  async function login(): Promise<string> {
    const { demo } = simulator.seed.users;
    const identity = { methods: ['password'], password: { user: { id: demo.id, password: demo.password } } };
    const answer = await fetch(`${simulator.authUrl}/auth/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth: { identity } }),
    });
    return answer.headers.get('x-subject-token') ?? '';
  }

  /** What the client sees: a status, `unreadable` with it, `cut`, or `nothing` within 150 ms. */
  async function makePort(origin = simulator.url): Promise<string> {
    try {
      const answer = await fetch(`${origin}/network/v2.0/ports`, {
        method: 'POST',
        headers: { 'x-auth-token': token },
        body: JSON.stringify({ port: { network_id: simulator.seed.networks.private } }),
        redirect: 'manual',
        signal: AbortSignal.timeout(150),
      });
      const text = await answer.text();
      return `${String(answer.status)}${isJson(text) ? '' : ' unreadable'}`;
    } catch (error) {
      return error instanceof DOMException ? 'nothing' : 'cut';
    }
  }

  function isJson(text: string): boolean {
    try {
      return text === '' || typeof JSON.parse(text) === 'object';
    } catch {
      return false;
    }
  }

  const ports = (): number => simulator.inventory().ports.length;

  it.each<[FaultRule, string, number]>([
    [{}, '201', 1],
    [{ status: 503 }, '503', 0],
    [{ action: 'respond', status: 409, body: { a: 1 } }, '409', 0],
    [{ action: 'respond-after', status: 500 }, '500', 1],
    [{ action: 'refuse' }, 'cut', 0],
    [{ action: 'reset-before' }, 'cut', 0],
    [{ action: 'reset-after' }, 'cut', 1],
    [{ action: 'hang' }, 'nothing', 0],
    [{ action: 'hang-after' }, 'nothing', 1],
    [{ action: 'truncate' }, 'cut', 1],
    [{ action: 'malformed' }, '201 unreadable', 1],
    [{ action: 'html' }, '201 unreadable', 1],
    [{ action: 'redirect' }, '302', 0],
    [{ delay_ms: 20 }, '201', 1],
  ])('with the fault %j lets the client see %s, and has made %s', async (rule, seen, made) => {
    simulator.faults.add({ service: 'network', ...rule });
    expect(await makePort()).toBe(seen);
    expect(ports()).toBe(made);
    expect(simulator.log.list({ service: 'network' })).toMatchObject([{ is_done: made === 1 }]);
  });

  it.each<FaultRule>([{ action: 'late-commit', delay_ms: 250 }, { delay_ms: 250 }])(
    'carries out what the client no longer waits for: %j',
    async (rule) => {
      simulator.faults.add({ service: 'network', ...rule });
      expect(await makePort()).toBe('nothing');
      expect([ports(), simulator.pendingCommits]).toEqual([0, 1]);
      await sleep(200);
      expect([ports(), simulator.pendingCommits]).toEqual([1, 0]);
    },
  );

  it('forgets what was to be carried out later when it is reset', async () => {
    simulator.faults.add({ service: 'network', action: 'late-commit', delay_ms: 50 });
    expect(await makePort()).toBe('nothing');
    simulator.reset();
    await sleep(100);
    expect(ports()).toBe(0);
  });

  it('has services that can be down alone, for each its own port', async () => {
    const each = await startSimulator({ ports: 'each' });
    try {
      each.switchService('network', 'down');
      await each.settled();
      const address = new URL(each.serviceUrl('network'));
      await expect(fetch(address)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
      expect((await fetch(each.serviceUrl('compute'))).status).toBe(200);
      each.switchService('network', 'up');
      await each.settled();
      expect((await fetch(address)).status).toBe(200);
    } finally {
      await each.close();
    }
  });

  it('makes ten thousand servers at rest in one call', () => {
    const made = simulator.bulk({ servers: 10_000, volumes_per_server: 2, deployment: 'abcdefgh' });
    const { servers, volumes } = simulator.inventory({ isMarked: true });
    expect([made.length, servers.length, volumes.length, ports()]).toEqual([10_000, 10_000, 20_000, 10_000]);
    expect(new Set([...servers, ...volumes].map(({ marker }) => marker)).size).toBe(30_000);
  });
});
