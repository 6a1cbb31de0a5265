import { jest } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig, type Config } from '../../src/config/config.js';
import { adminCall, projectCall, type OpenStackCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import { markerOf, parseMarker } from '../../src/openstack/marker.js';
import { Clients } from './clients.js';
import { RealStage, SimulatedStage, type Stage } from './stage.js';

/** A real cloud takes seconds for a port, and minutes for a server when others are at work on it. */
jest.setTimeout(120_000);

type Env = Readonly<Record<string, string | undefined>>;
type Settings = Readonly<Record<string, string>>;

/** What the tests build with: the smallest that the cloud has. */
export interface Seed {
  readonly flavorId: string;
  readonly flavorName: string;
  readonly imageId: string;
  readonly networkId: string;
  readonly subnetId: string;
  readonly externalNetworkId: string;
  readonly volumeTypeId: string;
  readonly volumeTypeName: string;
}

/**
 * The cloud that the tests run against: the simulator, or with OS_CLOUD a real one. There OS_CLOUD is the service account with
 * admin rights, and OS_CLOUD_MEMBER (default: the same name with `-demo`) a member of the project that the tests work in.
 */
export class Cloud {
  /** Marks what this run makes, so that it can work beside others. */
  readonly deployment: string;
  readonly admin: Clients;
  readonly member: Clients;
  readonly stage: Stage;
  /** Those that lead an app to this cloud, as the service account. */
  readonly settings: Settings;
  private readonly undo: (() => Promise<void>)[] = [];

  private constructor(
    private readonly ground: Ground,
    /** The service account in the member's project. */
    readonly call: OpenStackCall,
    readonly projectId: string,
    readonly seed: Seed,
  ) {
    this.deployment = ground.deployment;
    this.admin = ground.admin;
    this.member = ground.member;
    this.stage = ground.stage;
    this.settings = ground.settings;
  }

  static async open(): Promise<Cloud> {
    const ground = process.env['OS_CLOUD'] === undefined ? await simulated() : real(process.env);
    const { projectId } = await ground.member.tokens.identity();
    const call = projectCall(projectId);
    return new Cloud(ground, call, projectId, await findSeed(ground.admin, call));
  }

  /** Of an account of this cloud, for logging in to an app. */
  async credentials(account: 'admin' | 'member'): Promise<{ readonly account_id: string; readonly password: string }> {
    const { tokens, config } = this[account];
    const { userId } = await tokens.identity();
    const { name } = await this.admin.users.get(adminCall, userId);
    return { account_id: name, password: config.openstack.password };
  }

  newMarker(): string {
    return markerOf(this.deployment, randomUUID());
  }

  /** Undone by `cleanUp`, the last first; what is gone already is fine. */
  readonly later = (undo: () => Promise<void>): void => {
    this.undo.push(undo);
  };

  async cleanUp(): Promise<void> {
    for (const undo of this.undo.splice(0).reverse()) {
      let last: unknown;
      await eventually('cleaned up', () => undo().then(isDone, (error: unknown) => isGone((last = error)))).catch(
        () => {
          throw last;
        },
      );
    }
  }

  /** Everything in OpenStack that carries a marker of this run. */
  async marked(): Promise<readonly string[]> {
    const isOurs = (marker: string | null): boolean => parseMarker(marker ?? '')?.deployment === this.deployment;
    const found: string[] = [];
    for await (const page of this.admin.servers.list(adminCall)) {
      found.push(...page.filter((server) => server.tags.some(isOurs)).map((server) => `server ${server.openstackId}`));
    }
    for await (const page of this.admin.volumes.list(adminCall)) {
      found.push(
        ...page.filter((volume) => isOurs(volume.metadataMarker)).map((volume) => `volume ${volume.openstackId}`),
      );
    }
    for await (const page of this.admin.networkInterfaces.list(adminCall)) {
      found.push(...page.filter((port) => isOurs(port.description)).map((port) => `port ${port.openstackId}`));
    }
    for await (const page of this.admin.floatingIps.list(adminCall)) {
      found.push(
        ...page.filter((address) => isOurs(address.description)).map((address) => `floating IP ${address.openstackId}`),
      );
    }
    for await (const page of this.admin.securityGroups.list(adminCall)) {
      const ours = page.filter(({ description }) => description.includes(`cloud-api:${this.deployment}:`));
      found.push(...ours.map((group) => `security group ${group.openstackId}`));
    }
    return found;
  }

  async close(): Promise<void> {
    this.admin.connection.onApplicationShutdown();
    this.member.connection.onApplicationShutdown();
    await this.ground.stop();
  }
}

const isDone = (): boolean => true;
const isGone = (error: unknown): boolean => error instanceof OpenStackNotFound;

/** Asks again until the answer holds. */
export async function eventually(what: string, holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${String(timeoutMs)} ms: ${what}`);
    await sleep(150);
  }
}

function configOf(env: Env): Config {
  return readConfig({ SECRET_KEY: 'only-for-the-tests-of-the-clients', ...env });
}

/** One of the two kinds of cloud, and who acts in it. */
interface Ground {
  readonly deployment: string;
  readonly admin: Clients;
  readonly member: Clients;
  readonly stage: Stage;
  readonly settings: Settings;
  readonly stop: () => Promise<void>;
}

/** A real cloud answers in its own time. */
const patience: Settings = {
  HTTP_TIMEOUT_MS: '5000',
  LEASE_MS: '12000',
  LEASE_MARGIN_MS: '500',
  ERROR_BELIEF_MS: '3000',
  DEADLINE_SERVER_CREATE_MS: '90000',
  DEADLINE_IMAGE_COPY_MS: '90000',
  DEADLINE_DEFAULT_MS: '60000',
  CATALOG_MS: '60000',
};

function real(env: Env): Ground {
  const name = env['OS_CLOUD'] ?? '';
  const openstack = Object.fromEntries(
    Object.entries(env).flatMap(([variable, value]) =>
      variable.startsWith('OS_') && value !== undefined ? [[variable, value]] : [],
    ),
  );
  const deployment = newDeployment();
  const admin = new Clients(configOf(openstack));
  return {
    deployment,
    admin,
    member: new Clients(configOf({ ...openstack, OS_CLOUD: env['OS_CLOUD_MEMBER'] ?? `${name}-demo` })),
    stage: new RealStage(admin, deployment),
    settings: { ...patience, ...openstack },
    stop: () => Promise.resolve(),
  };
}

function newDeployment(): string {
  return randomBytes(4).toString('hex');
}

async function findSeed(clients: Clients, call: OpenStackCall): Promise<Seed> {
  const [flavors, images, networks, types] = await Promise.all([
    clients.catalog.flavors(call),
    clients.catalog.images(call),
    clients.catalog.networks(call),
    clients.catalog.volumeTypes(call),
  ]);
  const flavor = smallest(flavors, ({ ram }) => ram);
  const image = smallest(
    images.filter(({ status }) => status === 'active'),
    ({ minDisk }) => minDisk,
  );
  const network = preferred(
    networks.filter(({ isExternal, subnets }) => !isExternal && subnets.length > 0),
    'private',
  );
  const external = preferred(
    networks.filter(({ isExternal }) => isExternal),
    'public',
  );
  const type = preferred(types, 'lab-ssd');
  if (network === undefined || external === undefined || type === undefined)
    throw new Error('the cloud lacks a network or type');
  return {
    flavorId: flavor.id,
    flavorName: flavor.name,
    imageId: image.id,
    networkId: network.id,
    subnetId: network.subnets[0]?.id ?? '',
    externalNetworkId: external.id,
    volumeTypeId: type.id,
    volumeTypeName: type.name,
  };
}

/** The one of that name, which a router leads to; else any. */
function preferred<T extends { readonly name: string }>(things: readonly T[], name: string): T | undefined {
  return things.find((thing) => thing.name === name) ?? things[0];
}

function smallest<T>(things: readonly T[], size: (thing: T) => number): T {
  const [first] = [...things].sort((a, b) => size(a) - size(b));
  if (first === undefined) throw new Error('the cloud lacks a flavor or an image');
  return first;
}

async function simulated(): Promise<Ground> {
  const { startSimulator } = await import('../../simulator/simulator.js');
  const simulator = await startSimulator();
  const settingsOf = (username: 'admin' | 'demo'): Settings => ({
    OS_AUTH_URL: simulator.authUrl,
    OS_USERNAME: username,
    OS_PASSWORD: simulator.seed.users[username].password,
    OS_PROJECT_NAME: username,
    OS_REGION_NAME: 'RegionOne',
  });
  return {
    deployment: newDeployment(),
    admin: new Clients(configOf(settingsOf('admin'))),
    member: new Clients(configOf(settingsOf('demo'))),
    stage: new SimulatedStage(simulator),
    settings: settingsOf('admin'),
    stop: () => simulator.close(),
  };
}
