import type { RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProcess } from '../scripts/api-process.js';
import { freePort } from '../scripts/port.js';
import { readCatalogue, serverBody, type Catalogue } from '../test/crash/catalogue.js';
import { Api } from '../test/support/api.js';
import { connect, type TestSchema } from '../test/support/schema.js';
import { credentialsOf } from '../test/support/simulated-cloud.js';
import type { BenchRow } from './measure.js';
import { login, openSite, productionSettings } from './site.js';

/**
 * The big project asks first, for most of them; the small one stands behind it in the queue, which grows long because Neutron is slow
 * until all have asked.
 */
const ofBigProject = 400;
const ofSmallProject = 100;
const clients = 16;
/** A port, a volume and a server are made; one look sees the volume ready, one the server. */
const fewestCallsAServer = 5;
const mostCalls = 1.3;
const slowPortMs = 2_000;
/** Taking turns, the small project is done when twice its servers are: after 0.4 of the time from when Neutron is quick again. */
const latestEnd = 0.6;
const limitMs = 15 * 60_000;

/** 500 creates at once until all are ACTIVE: what they cost in calls, and whether one project starves another. */
export async function benchBurst(): Promise<readonly BenchRow[]> {
  const site = await openSite();
  const settings = productionSettings(site.simulator, site.schema);
  const api = await ApiProcess.start({ port: await freePort(), settings });
  try {
    const big = await login(api.url);
    const small = await Api.login(api.url, credentialsOf('other'));
    const catalogue = await readCatalogue(big);
    const smallCatalogue = await readCatalogue(small, 'other-private');
    const before = site.simulator.log.list().at(-1)?.id ?? 0;
    site.simulator.faults.add({ method: 'POST', path: '/ports$', delay_ms: slowPortMs });
    await createAll(big, catalogue, ofBigProject);
    await createAll(small, smallCatalogue, ofSmallProject);
    site.simulator.faults.clear();
    const startedAt = performance.now();
    const ends = await untilActive(site.schema);
    // Keystone is asked for tokens and by the import, neither of them more often for more servers.
    const calls = site.simulator.log.list({ after: before }).filter(({ service }) => service !== 'identity').length;
    const fewest = fewestCallsAServer * (ofBigProject + ofSmallProject);
    const total = Math.max(...ends.values()) - startedAt;
    const smallEnd = (ends.get(small.login?.project_id ?? 0) ?? Infinity) - startedAt;
    return [
      row('burst calls', `${String(calls)} calls`, `${String(fewest)} calls`, calls / fewest, mostCalls),
      row('burst small project done', seconds(smallEnd), `${seconds(total)} for all`, smallEnd / total, latestEnd),
    ];
  } finally {
    await api.kill();
    await site.close();
  }
}

function row(name: string, ours: string, reference: string, ratio: number, goal: number): BenchRow {
  const once = { median: ratio, least: ratio, most: ratio };
  return { name, ours, reference, ratio: once, goal: `<= ${String(goal)}`, met: ratio <= goal };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

async function createAll(api: Api, catalogue: Catalogue, count: number): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const answer = await api.post('/servers', serverBody(`burst-${String(next)}`, catalogue));
      if (answer.status !== 202)
        throw new Error(`POST /servers: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** When the last server of each project became ACTIVE. */
async function untilActive(schema: TestSchema): Promise<ReadonlyMap<number, number>> {
  const connection = await connect(schema);
  const ends = new Map<number, number>();
  try {
    for (const end = performance.now() + limitMs; performance.now() < end;) {
      const [rows] = await connection.query<RowDataPacket[]>(
        `SELECT project_id AS projectId, SUM(status = 'ACTIVE') AS active, SUM(status = 'ERROR') AS failed, COUNT(*) AS total
           FROM server GROUP BY project_id`,
      );
      for (const { projectId, active, failed, total } of rows) {
        if (Number(failed) > 0) throw new Error(`${String(failed)} servers read ERROR`);
        if (Number(active) === Number(total) && !ends.has(Number(projectId)))
          ends.set(Number(projectId), performance.now());
      }
      if (ends.size === rows.length) return ends;
      await sleep(250);
    }
    throw new Error(`not every server was ACTIVE after ${seconds(limitMs)}`);
  } finally {
    await connection.end();
  }
}
