import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiProcess } from '../../scripts/api-process.js';
import type { Database } from '../../scripts/database.js';
import { Api, type Answer } from '../support/api.js';
import { ContractViolation } from '../support/contract.js';
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
        `  acknowledged: ${String(world.promises.created.size)} creations, ${String(world.promises.deleted.size)} deletions of servers; ` +
        `operations ${String(books.operations)}, of which failed ${String(books.failures.length)}\n` +
        books.failures.map((failure) => `  failed: ${failure}\n`).join('') +
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

/** What was made by the load and may be used and deleted again, by our ids. */
interface Things {
  readonly servers: Set<number>;
  readonly volumes: Set<number>;
  readonly floatingIps: Set<number>;
  readonly groups: Set<number>;
}

const most = { servers: 25, volumes: 15, floatingIps: 15, groups: 10 } as const;

/**
 * Clients that change things through whichever replica answers, and note what they were promised. A request that got no answer is
 * sent again with the same Idempotency-Key, as a careful client would.
 */
class Load {
  private stopped = false;
  private counter = 0;
  private readonly things: Things = {
    servers: new Set(),
    volumes: new Set(),
    floatingIps: new Set(),
    groups: new Set(),
  };

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
      await this.act();
      await sleep(this.random.between(20, 250));
    }
  }

  private async act(): Promise<void> {
    const draw = this.random.next();
    if (draw < 0.4) await this.server();
    else if (draw < 0.6) await this.volume();
    else if (draw < 0.7) await this.attachment();
    else if (draw < 0.85) await this.floatingIp();
    else await this.group();
  }

  private async server(): Promise<void> {
    const { servers } = this.things;
    const victim = this.isDue(servers, most.servers) ? this.take(servers) : undefined;
    if (victim === undefined) {
      const id = await this.create('/servers', serverBody(this.nextName(), this.catalogue));
      if (id === null) return;
      this.world.promises.created.add(id);
      servers.add(id);
      return;
    }
    const status = await this.send('DELETE', `/servers/${String(victim)}`);
    if (status === 202) this.world.promises.deleted.add(victim);
    else if (status !== 404) servers.add(victim);
  }

  private async volume(): Promise<void> {
    const { volumes } = this.things;
    const victim = this.isDue(volumes, most.volumes) ? this.take(volumes) : undefined;
    if (victim === undefined) {
      const { volumeTypeId } = this.catalogue;
      const body = { name: this.nextName(), description: null, size: 1, volume_type_id: volumeTypeId };
      const id = await this.create('/volumes', body);
      if (id !== null) volumes.add(id);
    } else if (this.random.next() < 0.3) {
      await this.send('PUT', `/volumes/${String(victim)}/size`, { size: 2 });
      volumes.add(victim);
    } else if (!isGone(await this.send('DELETE', `/volumes/${String(victim)}`))) volumes.add(victim);
  }

  private async attachment(): Promise<void> {
    const server = this.random.pick([...this.things.servers]);
    const volume = this.random.pick([...this.things.volumes]);
    if (server === undefined || volume === undefined) return;
    const method = this.random.next() < 0.5 ? 'POST' : 'DELETE';
    await this.send(method, `/servers/${String(server)}/volumes/${String(volume)}`);
  }

  private async floatingIp(): Promise<void> {
    const { floatingIps } = this.things;
    const victim = this.isDue(floatingIps, most.floatingIps) ? this.take(floatingIps) : undefined;
    if (victim === undefined) {
      const id = await this.create('/floating-ips', { floating_network_id: this.catalogue.floatingNetworkId });
      if (id !== null) floatingIps.add(id);
    } else if (!isGone(await this.send('DELETE', `/floating-ips/${String(victim)}`))) floatingIps.add(victim);
  }

  private async group(): Promise<void> {
    const { groups } = this.things;
    const victim = this.isDue(groups, most.groups) ? this.take(groups) : undefined;
    const port = Math.ceil(this.random.next() * 1_000);
    const body = { name: this.nextName(), description: null, rules: [ingress(port), ingress(port + 1)] };
    if (victim === undefined) {
      const id = await this.create('/security-groups', body);
      if (id !== null) groups.add(id);
    } else if (this.random.next() < 0.5) {
      await this.send('PUT', `/security-groups/${String(victim)}`, body);
      groups.add(victim);
    } else if (!isGone(await this.send('DELETE', `/security-groups/${String(victim)}`))) groups.add(victim);
  }

  /** Now and then something goes again, and surely when there is much of it. */
  private isDue(things: ReadonlySet<number>, limit: number): boolean {
    return things.size >= limit || this.random.next() < 0.4;
  }

  private take(things: Set<number>): number | undefined {
    const one = this.random.pick([...things]);
    if (one !== undefined) things.delete(one);
    return one;
  }

  private nextName(): string {
    this.counter += 1;
    return `s-${String(this.counter)}`;
  }

  private async create(path: string, body: unknown): Promise<number | null> {
    const answer = await this.request('POST', path, body);
    const isAccepted = answer?.status === 201 || answer?.status === 202;
    return isAccepted ? (answer.body as { id: number }).id : null;
  }

  /** Zero when nobody answered. */
  private async send(method: string, path: string, body?: unknown): Promise<number> {
    return (await this.request(method, path, body))?.status ?? 0;
  }

  private async request(method: string, path: string, body: unknown): Promise<Answer<unknown> | null> {
    const headers = { 'idempotency-key': randomUUID() };
    for (let tries = 0; tries < 4; tries += 1) {
      const replica = this.random.pick(this.world.replicas);
      if (replica === undefined) continue;
      try {
        const api = new Api(replica.url, this.token);
        return await api.request(method, path, { headers, timeoutMs: 5_000, ...(body === undefined ? {} : { body }) });
      } catch (error) {
        if (error instanceof ContractViolation) throw error;
        // The replica died under the request: perhaps it was accepted, and then the key leads to it.
        await sleep(100);
      }
    }
    return null;
  }
}

function isGone(status: number): boolean {
  return status === 204 || status === 404;
}

function ingress(port: number): unknown {
  return {
    protocol: 'tcp',
    ether_type: 'IPv4',
    direction: 'ingress',
    port_range_min: port,
    port_range_max: port,
    remote_ip_prefix: '10.0.0.0/8',
  };
}
