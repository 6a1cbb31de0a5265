import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiProcess } from '../../scripts/api-process.js';
import type { Database } from '../../scripts/database.js';
import { Api } from '../support/api.js';
import { testSettings } from '../support/settings.js';
import { creationsPerMarker } from './books.js';
import type { CaseResult } from './case-result.js';
import { readCatalogue, serverBody, type Catalogue } from './catalogue.js';
import { SeededRandom } from './seeded-random.js';
import { World } from './world.js';

export interface RandomKillsOptions {
  readonly kills: number;
  readonly seed: number;
  readonly replicas: number;
}

const workers = 6;
const mostServers = 30;

/** Replicas die at random under load, on an OpenStack that loses answers; afterwards the books must balance. */
export async function randomKills(database: Database, options: RandomKillsOptions): Promise<readonly CaseResult[]> {
  const world = await World.create(database);
  const random = new SeededRandom(options.seed);
  try {
    const first = await world.start();
    for (let index = 1; index < options.replicas; index += 1) await world.start();
    const api = await world.login(first);
    const catalogue = await readCatalogue(api);
    world.simulator.faults.seed(options.seed);
    for (const service of ['compute', 'network', 'volume'] as const) {
      for (const method of ['POST', 'DELETE', 'PUT']) {
        world.simulator.faults.add({ method, service, action: 'reset-after', probability: 0.03 });
        world.simulator.faults.add({ method, service, status: 503, probability: 0.03 });
      }
      world.simulator.faults.add({ method: 'POST', service, action: 'late-commit', delay_ms: 700, probability: 0.01 });
    }
    const load = new Load(world, api.token ?? '', catalogue, random);
    const running = Array.from({ length: workers }, () => load.run());
    await killAtRandom(world, random, options.kills);
    load.stop();
    await Promise.all(running);
    world.simulator.faults.clear();
    const leaseMs = Number(testSettings['LEASE_MS']);
    const { books, tookMs } = await world.quiet(60_000);
    const markers = creationsPerMarker(world.simulator);
    console.log(
      `\nrandom kills: ${String(options.kills)} kills of ${String(options.replicas)} replicas, seed ${String(options.seed)}\n` +
        `  acknowledged: ${String(world.promises.created.size)} creations, ${String(world.promises.deleted.size)} deletions; ` +
        `operations ${String(books.operations)}, of which failed ${String(books.failed)}\n` +
        `  orphans ${String(books.orphans)} · twice ${String(books.twice)} · missing ${String(books.missing)} · ` +
        `stuck ${String(books.stuck)} · acknowledged and lost ${String(books.lost)}\n` +
        `  creating calls per marker: ${[...markers]
          .sort(([a], [b]) => a - b)
          .map(([times, count]) => `${String(times)}× ${String(count)}`)
          .join(', ')}; ` +
        `swept objects: ${String(books.swept)}\n` +
        `  quiet ${(tookMs / 1000).toFixed(1)} s after the last kill`,
    );
    return [
      { name: `books balance after ${String(options.kills)} random kills`, problems: books.problems },
      {
        name: 'quiet within one lease + 10 s of the last kill',
        problems: tookMs <= leaseMs + 10_000 ? [] : [`it took ${(tookMs / 1000).toFixed(1)} s`],
      },
      {
        name: 'the load did something',
        problems: world.promises.created.size > options.kills / 4 ? [] : ['hardly anything was acknowledged'],
      },
    ];
  } finally {
    await world.close();
  }
}

async function killAtRandom(world: World, random: SeededRandom, kills: number): Promise<void> {
  for (let done = 0; done < kills; done += 1) {
    await sleep(random.between(200, 1_200));
    // One is left, or nobody would be there to be asked; which one dies is a draw.
    let serving = await servingOf(world);
    while (serving.length < 2) {
      await sleep(50);
      serving = await servingOf(world);
    }
    const victim = random.pick(serving);
    if (victim === undefined) continue;
    await victim.kill();
    await world.relaunch(victim);
  }
  await Promise.all(world.replicas.map((replica) => replica.answers()));
}

async function servingOf(world: World): Promise<readonly ApiProcess[]> {
  const running = world.replicas.filter((replica) => !replica.hasEnded);
  const areServing = await Promise.all(running.map((replica) => answers(replica)));
  return running.filter((_replica, index) => areServing[index] === true);
}

async function answers(replica: ApiProcess): Promise<boolean> {
  try {
    const answer = await fetch(`${replica.url}/health/live`, { signal: AbortSignal.timeout(1_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

/** Clients that create and delete servers through whichever replica answers, and note what they were promised. */
class Load {
  private stopped = false;
  private counter = 0;
  private readonly live = new Set<number>();

  constructor(
    private readonly world: World,
    private readonly token: string,
    private readonly catalogue: Catalogue,
    private readonly random: SeededRandom,
  ) {}

  stop(): void {
    this.stopped = true;
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      const replica = this.random.pick(this.world.replicas);
      if (replica !== undefined) {
        try {
          await this.act(new Api(replica.url, this.token));
        } catch {
          // The replica died under the request: nothing was promised.
        }
      }
      await sleep(this.random.between(20, 250));
    }
  }

  private async act(api: Api): Promise<void> {
    const isFull = this.live.size >= mostServers;
    const victim = isFull || this.random.next() < 0.45 ? this.random.pick([...this.live]) : undefined;
    await (victim === undefined ? this.create(api) : this.delete(api, victim));
  }

  private async create(api: Api): Promise<void> {
    this.counter += 1;
    const body = serverBody(`s-${String(this.counter)}`, this.catalogue);
    const answer = await api.post<{ id: number }>('/servers', body, { timeoutMs: 5_000 });
    if (answer.status !== 202) return;
    this.world.promises.created.add(answer.body.id);
    this.live.add(answer.body.id);
  }

  private async delete(api: Api, id: number): Promise<void> {
    this.live.delete(id);
    const answer = await api.delete(`/servers/${String(id)}`, { timeoutMs: 5_000 });
    if (answer.status === 202) this.world.promises.deleted.add(id);
    else if (answer.status !== 404) this.live.add(id);
  }
}
