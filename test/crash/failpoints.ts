import type { ApiProcess } from '../../scripts/api-process.js';
import type { Database } from '../../scripts/database.js';
import { Api } from '../support/api.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { creationsPerMarker } from './books.js';
import type { CaseResult } from './case-result.js';
import { readCatalogue } from './catalogue.js';
import { scenarios, type Scenario } from './scenarios.js';
import type { SeededRandom } from './seeded-random.js';
import { World } from './world.js';

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

/** Every kind of operation × every point that it passes. */
export function failpointCases(): readonly FailpointCase[] {
  return scenarios.flatMap((scenario) => pointsOf(scenario).map((failpoint) => ({ scenario, failpoint })));
}

const alwaysWhole = new Set(['server.create', 'server.delete', 'server.delete in BUILD']);

/** Every point for servers being made and deleted, one drawn point for every other kind. */
export function drawnCases(random: SeededRandom): readonly FailpointCase[] {
  return scenarios.flatMap((scenario) => {
    const points = pointsOf(scenario);
    const drawn = alwaysWhole.has(scenario.name) ? points : [random.pick(points) ?? 'operation.claimed'];
    return drawn.map((failpoint) => ({ scenario, failpoint }));
  });
}

export function nameOf({ scenario, failpoint }: FailpointCase): string {
  return `${scenario.name}, killed at ${failpoint}`;
}

function pointsOf({ calls }: Scenario): readonly string[] {
  const numbers = Array.from({ length: calls }, (_, index) => index + 1);
  return [...everywhere, ...aroundCalls.flatMap((point) => numbers.map((call) => `${point}:${String(call)}`))];
}

/** A process dies at each point of each scenario; another one finishes the work, and the books balance. */
export async function failpoints(database: Database, cases: readonly FailpointCase[]): Promise<readonly CaseResult[]> {
  const lanes = 2;
  const results: CaseResult[] = [];
  const queue = [...cases];
  let counter = 0;
  const lane = async (): Promise<void> => {
    const world = await World.create(database);
    try {
      const survivor = await world.start();
      const api = await world.login(survivor);
      const catalogue = await readCatalogue(api);
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        counter += 1;
        const stage = { world, api, catalogue, name: `f${String(counter)}` };
        results.push(await killAt(survivor, stage, next));
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
  survivor: ApiProcess,
  stage: Parameters<Scenario['prepare']>[0],
  one: FailpointCase,
): Promise<CaseResult> {
  const { world, api } = stage;
  const name = nameOf(one);
  try {
    const ask = await one.scenario.prepare(stage);
    await world.freezeAtRest(survivor);
    const victim = await world.start(one.failpoint);
    const answer = await ask(new Api(victim.url, api.token)).catch(() => null);
    await Promise.race([victim.exited(), sleep(15_000)]);
    const died = victim.hasEnded;
    await victim.kill();
    world.retire(victim);
    world.simulator.configure({ server_build_ms: 400 });
    survivor.thaw();
    const { books, tookMs } = await world.quiet(30_000);
    const problems = [
      ...(died ? [] : ['the failpoint was not reached']),
      ...(answer === null || answer.status < 300
        ? []
        : [`answered ${String(answer.status)} ${JSON.stringify(answer.body)}`]),
      ...books.problems,
    ];
    const verdict = problems.length === 0 ? 'balanced' : 'WRONG   ';
    console.log([`  ${verdict}  ${name} (quiet after ${(tookMs / 1000).toFixed(1)} s)`, ...problems].join('\n    '));
    return { name, problems };
  } catch (error) {
    survivor.thaw();
    console.log(`  WRONG     ${name}`);
    return { name, problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}
