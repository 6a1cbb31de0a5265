import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInBulk, type BulkOrder } from './bulk.js';
import { Clock } from './clock.js';
import { Cloud } from './cloud.js';
import { Control } from './control.js';
import { Faults } from './faults.js';
import { Front } from './front.js';
import { takeInventory } from './inventory.js';
import { Outside } from './outside.js';
import { RequestLog } from './request-log.js';
import { plant, seed } from './seed.js';
import type { Simulator } from './simulator-handles.js';
import { services, type Service } from './wire.js';

export interface SimulatorOptions {
  /** 0, the default: a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** `each`: every service also has a port of its own, which the catalogue names, so that one can refuse connections alone. */
  readonly ports?: 'one' | 'each';
}

/**
 * An OpenStack in memory, ready to be asked.
 *
 * @throws what listening throws: EADDRINUSE when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', ports = 'one' } = options;
  const handler: { current: RequestListener } = { current: () => undefined };
  const listen: RequestListener = (request, response) => {
    handler.current(request, response);
  };
  const main = new Door(listen, host, port);
  await main.open();
  const doors = new Map<Service, Door>();
  if (ports === 'each') {
    for (const service of services) {
      const door = new Door(listen, host, 0);
      await door.open();
      doors.set(service, door);
    }
  }
  const simulator = assemble(main, doors);
  handler.current = simulator.listener;
  return simulator.handles;
}

function assemble(main: Door, doors: ReadonlyMap<Service, Door>): { listener: RequestListener; handles: Simulator } {
  const clock = new Clock();
  const cloud = new Cloud(clock);
  const [faults, log, outside] = [new Faults(), new RequestLog(), new Outside(cloud)];
  plant(cloud);
  const origins = doors.size === 0 ? null : originsOf(main, doors);
  const control = new Control(() => handles);
  const front = new Front(cloud, faults, log, control, origins);
  let changing: Promise<unknown> = Promise.resolve();
  const then = (work: () => Promise<void>): void => {
    changing = changing.then(work);
  };
  const handles: Simulator = {
    url: main.origin,
    authUrl: `${doors.get('identity')?.origin ?? main.origin}/identity/v3`,
    serviceUrl: (service) => `${doors.get(service)?.origin ?? main.origin}/${service}`,
    seed,
    clock,
    faults,
    log,
    outside,
    cloud,
    get settings() {
      return cloud.settings;
    },
    get pendingCommits() {
      return front.pendingCommits;
    },
    reset() {
      front.forget();
      clock.reset();
      faults.clear();
      faults.seed(1);
      log.clear();
      for (const service of front.down) handles.switchService(service, 'up');
      cloud.clear();
      plant(cloud);
    },
    configure(settings) {
      Object.assign(cloud.settings, settings);
    },
    setQuotas(projectId, quotas) {
      cloud.setQuotas(projectId, quotas);
    },
    quotasOf: (projectId) => cloud.quotasOf(projectId),
    inventory: (given) => takeInventory(cloud, given),
    bulk: (order) => createInBulk(cloud, { ...defaultOrder, ...order }),
    switchService(service, way) {
      const door = doors.get(service);
      if (way === 'down') front.down.add(service);
      else front.down.delete(service);
      if (door !== undefined) then(() => (way === 'down' ? door.close() : door.open()));
    },
    downServices: () => [...front.down],
    async settled() {
      await changing;
    },
    async close() {
      front.forget();
      clock.stop();
      await changing;
      await Promise.all([main, ...doors.values()].map((door) => door.close()));
    },
  };
  return {
    handles,
    listener: (request, response) => {
      front.handle(request, response);
    },
  };
}

const defaultOrder: BulkOrder = {
  servers: 1,
  project_id: seed.projects.demo,
  user_id: seed.users.demo.id,
  network_id: seed.networks.private,
  flavor_id: seed.flavors['m1.tiny'],
  volumes_per_server: 1,
  image_id: seed.images['lab-tiny'],
  volume_size: 1,
  name_prefix: 'bulk-',
  deployment: null,
};

function originsOf(main: Door, doors: ReadonlyMap<Service, Door>): Readonly<Record<Service, string>> {
  const origin = (service: Service): string => doors.get(service)?.origin ?? main.origin;
  return {
    identity: origin('identity'),
    compute: origin('compute'),
    network: origin('network'),
    volume: origin('volume'),
    image: origin('image'),
  };
}

/** A port on which the simulator listens. Closed and opened again it is the same one. */
class Door {
  private server: Server | null = null;

  constructor(
    private readonly listener: RequestListener,
    private readonly host: string,
    private port: number,
  ) {}

  get origin(): string {
    return `http://${this.host.includes(':') ? `[${this.host}]` : this.host}:${String(this.port)}`;
  }

  async open(): Promise<void> {
    if (this.server !== null) return;
    const server = createServer({ keepAliveTimeout: 75_000 }, this.listener);
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, this.host, resolve);
    });
    const address: AddressInfo | string | null = server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
  }

  async close(): Promise<void> {
    const server = this.server;
    if (server === null) return;
    this.server = null;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  }
}
