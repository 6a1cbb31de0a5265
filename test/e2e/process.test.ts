import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulator } from '../../simulator/simulator-handles.js';
import type { ApiProcess } from '../../scripts/api-process.js';
import { startSimulator } from '../../simulator/simulator.js';
import { Api } from '../support/api.js';
import { startReplica } from '../support/replica.js';
import { workerSchema } from '../support/schema.js';
import { testSettings } from '../support/settings.js';
import { credentialsOf, settingsFor } from '../support/simulated-cloud.js';

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** The built API until it ends by itself. */
async function run(settings: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['dist/src/main.js'], {
      env: { PATH: process.env['PATH'], ...testSettings, LOG_LEVEL: 'info', ...settings },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', reject).on('close', (code) => {
      resolve({ code, output });
    });
  });
}

/** What a process wrote last may come after its end. */
async function written(replica: ApiProcess, text: string): Promise<void> {
  const end = Date.now() + 5_000;
  while (!replica.lines.some((line) => line.includes(text)) && Date.now() < end) await sleep(20);
}

describe('the process', () => {
  let simulator: Simulator;
  let settings: Readonly<Record<string, string>>;

  beforeAll(async () => {
    simulator = await startSimulator();
    settings = { ...settingsFor(simulator.url), ...(await workerSchema()).settings };
  });

  afterAll(async () => {
    await simulator.close();
  });

  it('does not start with wrong settings, and names each of them without a stack', async () => {
    const { code, output } = await run({ ...settings, PORT: 'many', SECRET_KEY: 'short', LOG_LEVEL: 'loud' });
    expect(code).toBe(1);
    for (const name of ['PORT', 'SECRET_KEY', 'LOG_LEVEL']) expect(output).toContain(name);
    expect(output).not.toMatch(/\n\s+at |short/);
    expect(output.trim().split('\n')).toHaveLength(4);
  });

  it('says in one line that its port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const { code, output } = await run({ ...settings, PORT: String(port) });
    holder.close();
    expect([code, output.trim()]).toEqual([1, `Port ${String(port)} is in use; set PORT to a free one`]);
  });

  it('ends on SIGTERM: not ready first, requests answered, exit 0', async () => {
    const replica = await startReplica({ settings });
    const api = new Api(replica.url);
    await api.until<{ imported: boolean }>('/health/ready', ({ body }) => body.imported);
    // A login that Keystone takes its time for is on its way when the signal comes.
    simulator.faults.add({ method: 'POST', path: '/auth/tokens$', delay_ms: 300 });
    const login = api.post('/auth/login', credentialsOf('demo'));
    await sleep(100);
    await replica.terminate();
    expect((await login).status).toBe(200);
    expect(replica.end).toBe('0');
    await written(replica, '"stopped"');
    expect(replica.lines.join('\n')).toContain('"stopping"');
    expect(replica.lines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
  });

  it('writes one line of JSON an event, whatever it is told, and no secret (A18, A19)', async () => {
    simulator.faults.clear();
    const replica = await startReplica({ settings });
    const api = new Api(replica.url);
    const password = 'canary-of-a-password';
    await api.post('/auth/login', { account_id: 'a\u001b[31m"}\n{"level":"fatal"', password });
    const demo = await Api.login(replica.url, credentialsOf('demo'));
    await demo.get('/servers?name_like=%0a%22%7d', { headers: { 'user-agent': 'x"}' } });
    await replica.terminate();
    await written(replica, '"stopped"');
    for (const line of replica.lines) expect(JSON.parse(line)).toHaveProperty('level');
    const log = replica.lines.join('\n');
    for (const secret of [
      password,
      demo.token ?? '',
      demo.login?.refresh_token ?? '',
      credentialsOf('demo').password,
      settings['DB_PASSWORD'] ?? 'none',
      settings['SECRET_KEY'] ?? '',
    ]) {
      if (secret.length > 5) expect(log).not.toContain(secret);
    }
  });
});
