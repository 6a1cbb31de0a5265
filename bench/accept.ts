import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import type { Api } from '../test/support/api.js';
import { readCatalogue, serverBody, type Catalogue } from '../test/crash/catalogue.js';
import { percentile, spread, type BenchRow } from './measure.js';
import { login, openSite, productionSettings } from './site.js';

const rounds = 5;
const requestsARound = 40;
const slowMs = 5_000;
const goal = 1.1;

/** POST /servers until the 202 while every answer of OpenStack takes 5 s, against the same while it answers at once. */
export async function benchAccept(): Promise<readonly BenchRow[]> {
  const site = await openSite();
  const settings = productionSettings(site.simulator, site.schema);
  const api = await ApiProcess.start({ port: await freePort(), settings });
  try {
    const demo = await login(api.url);
    const catalogue = await readCatalogue(demo);
    await p99OfAccepting(demo, catalogue, 'warm-up');
    const ratios: number[] = [];
    let last = { ours: '', reference: '' };
    for (let round = 0; round < rounds; round += 1) {
      const prompt = await p99OfAccepting(demo, catalogue, `prompt-${String(round)}`);
      await untilAllAreActive(demo);
      const delay = site.simulator.faults.add({ delay_ms: slowMs });
      const slow = await p99OfAccepting(demo, catalogue, `slow-${String(round)}`);
      site.simulator.faults.remove(delay);
      await untilAllAreActive(demo);
      ratios.push(slow / prompt);
      last = { ours: `p99 ${slow.toFixed(1)} ms`, reference: `p99 ${prompt.toFixed(1)} ms` };
    }
    const ratio = spread(ratios);
    return [{ name: 'accept p99', ...last, ratio, goal: `<= ${String(goal)}`, met: ratio.median <= goal }];
  } finally {
    await api.kill();
    await site.close();
  }
}

async function p99OfAccepting(api: Api, catalogue: Catalogue, name: string): Promise<number> {
  const times: number[] = [];
  for (let number = 0; number < requestsARound; number += 1) {
    const startedAt = performance.now();
    const answer = await api.post('/servers', serverBody(`${name}-${String(number)}`, catalogue));
    if (answer.status !== 202)
      throw new Error(`POST /servers: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    times.push(performance.now() - startedAt);
  }
  return percentile(times, 0.99);
}

/** Rounds begin with nothing under way. */
async function untilAllAreActive(api: Api): Promise<void> {
  await api.until<{ servers: readonly { status: string }[] }>(
    '/servers',
    ({ body }) => body.servers.every(({ status }) => status === 'ACTIVE'),
    120_000,
  );
}
