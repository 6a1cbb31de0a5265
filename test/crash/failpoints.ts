import type { ApiProcess } from '../../scripts/api-process.js';
import type { Database } from '../../scripts/database.js';
import { Api } from '../support/api.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { creationsPerMarker } from './books.js';
import type { CaseResult } from './case-result.js';
import { readCatalogue, serverBody } from './random-kills.js';
import { World } from './world.js';

type Scenario = 'create' | 'delete' | 'delete in BUILD';

interface FailpointCase {
  readonly scenario: Scenario;
  readonly failpoint: string;
}

/** What every operation passes, whatever it does. */
const everywhere = [
  'request.before-transaction',
  'request.after-transaction',
  'operation.claimed',
  'operation.before-final',
  'operation.after-final',
];

/** Each call that changes OpenStack: before it is sent, when it is on the wire, and between its answer and its record. */
const aroundCalls = ['openstack.request', 'openstack.sent', 'openstack.answered'];

/** Creating: port, volume, server. Deleting: server, port, volume. */
const calls = [1, 2, 3];

export function failpointCases(): readonly FailpointCase[] {
  const scenarios: readonly Scenario[] = ['create', 'delete', 'delete in BUILD'];
  const points = [...everywhere, ...aroundCalls.flatMap((point) => calls.map((call) => `${point}:${String(call)}`))];
  return scenarios.flatMap((scenario) => points.map((failpoint) => ({ scenario, failpoint })));
}

/** A process dies at each point of each scenario; another one finishes the work, and the books balance. */
export async function failpoints(database: Database, cases: readonly FailpointCase[]): Promise<readonly CaseResult[]> {
  const lanes = 2;
  const results: CaseResult[] = [];
  const queue = [...cases];
  const lane = async (): Promise<void> => {
    const world = await World.create(database);
    try {
      const survivor = await world.start();
      const api = await world.login(survivor);
      const catalogue = await readCatalogue(api);
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        results.push(await killAt(world, survivor, api, catalogue, next));
      }
      const markers = [...creationsPerMarker(world.simulator)].map(
        ([times, count]) => `${String(times)}× ${String(count)}`,
      );
      console.log(`  (creating calls per marker in this lane: ${markers.join(', ')})`);
    } finally {
      await world.close();
    }
  };
  console.log(`\nfailpoints: ${String(cases.length)} cases`);
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

async function killAt(
  world: World,
  survivor: ApiProcess,
  api: Api,
  catalogue: Awaited<ReturnType<typeof readCatalogue>>,
  { scenario, failpoint }: FailpointCase,
): Promise<CaseResult> {
  const name = `${scenario}, killed at ${failpoint}`;
  const body = serverBody(`f-${scenario}-${failpoint}`.replaceAll(' ', '-'), catalogue);
  const serverId = scenario === 'create' ? null : await prepare(world, api, body, scenario === 'delete in BUILD');
  survivor.freeze();
  const victim = await world.start(failpoint);
  const request = new Api(victim.url, api.token);
  const asked =
    serverId === null ? request.post<{ id: number }>('/servers', body) : request.delete(`/servers/${String(serverId)}`);
  const answer = await asked.catch(() => null);
  if (answer !== null && answer.status !== 202)
    return { name, problems: [`answered ${String(answer.status)} ${JSON.stringify(answer.body)}`] };
  if (answer !== null && serverId === null) world.promises.created.add((answer.body as { id: number }).id);
  if (answer !== null && serverId !== null) world.promises.deleted.add(serverId);
  await Promise.race([victim.exited(), sleep(15_000)]);
  const died = victim.hasEnded;
  await victim.kill();
  world.retire(victim);
  world.simulator.configure({ server_build_ms: 400 });
  survivor.thaw();
  const { books, tookMs } = await world.quiet(30_000);
  const problems = died ? books.problems : ['the failpoint was not reached', ...books.problems];
  console.log(
    `  ${problems.length === 0 ? 'balanced' : 'WRONG   '}  ${name} (quiet after ${(tookMs / 1000).toFixed(1)} s)`,
  );
  return { name, problems };
}

/** A server that is ACTIVE, or one that stays in BUILD. */
async function prepare(world: World, api: Api, body: unknown, staysInBuild: boolean): Promise<number> {
  if (staysInBuild) world.simulator.configure({ server_build_ms: 12_000 });
  const answer = await api.post<{ id: number }>('/servers', body);
  if (answer.status !== 202)
    throw new Error(`no server to delete: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
  const { id } = answer.body;
  world.promises.created.add(id);
  if (staysInBuild)
    await api.until<{ openstack_id: string | null }>(
      `/servers/${String(id)}`,
      (seen) => seen.body.openstack_id !== null,
    );
  else await api.finished(answer);
  return id;
}
