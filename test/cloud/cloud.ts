import { jest } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AuthClient } from '../../src/auth/auth.client.js';
import { CatalogClient } from '../../src/catalog/catalog.client.js';
import { readConfig, type Config } from '../../src/config/config.js';
import { FloatingIpClient } from '../../src/floating-ip/floating-ip.client.js';
import { NetworkInterfaceClient } from '../../src/network-interface/network-interface.client.js';
import {
  adminCall,
  projectCall,
  type OpenStackCall,
  type OpenStackService,
} from '../../src/openstack/openstack-call.js';
import { OpenStackConnection } from '../../src/openstack/openstack-connection.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import { OpenStackHttp } from '../../src/openstack/openstack-http.js';
import { OpenStackTokens } from '../../src/openstack/openstack-tokens.js';
import { markerOf, parseMarker } from '../../src/openstack/marker.js';
import { ProjectClient } from '../../src/project/project.client.js';
import { SecurityGroupClient } from '../../src/security-group/security-group.client.js';
import { ServerClient } from '../../src/server/server.client.js';
import { UserClient } from '../../src/user/user.client.js';
import { VolumeClient } from '../../src/volume/volume.client.js';

/** A real cloud takes seconds for a port, and minutes for a server when others are at work on it. */
jest.setTimeout(120_000);

type Env = Readonly<Record<string, string | undefined>>;

/** Every client, as one account of the cloud. */
export class Clients {
  readonly connection: OpenStackConnection;
  readonly tokens: OpenStackTokens;
  readonly http: OpenStackHttp;
  readonly auth: AuthClient;
  readonly catalog: CatalogClient;
  readonly floatingIps: FloatingIpClient;
  readonly networkInterfaces: NetworkInterfaceClient;
  readonly projects: ProjectClient;
  readonly securityGroups: SecurityGroupClient;
  readonly servers: ServerClient;
  readonly users: UserClient;
  readonly volumes: VolumeClient;

  constructor(readonly config: Config) {
    this.connection = new OpenStackConnection(config);
    this.tokens = new OpenStackTokens(config, this.connection);
    this.http = new OpenStackHttp(config, this.connection, this.tokens);
    this.auth = new AuthClient(this.http);
    this.catalog = new CatalogClient(this.http);
    this.floatingIps = new FloatingIpClient(this.http);
    this.networkInterfaces = new NetworkInterfaceClient(this.http);
    this.projects = new ProjectClient(this.http);
    this.securityGroups = new SecurityGroupClient(this.http);
    this.servers = new ServerClient(this.http);
    this.users = new UserClient(this.http);
    this.volumes = new VolumeClient(this.http);
  }
}

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
  readonly deployment = randomBytes(4).toString('hex');
  private readonly undo: (() => Promise<void>)[] = [];

  private constructor(
    readonly admin: Clients,
    readonly member: Clients,
    /** The service account in the member's project. */
    readonly call: OpenStackCall,
    readonly projectId: string,
    readonly seed: Seed,
    private readonly stop: () => Promise<void>,
  ) {}

  static async open(): Promise<Cloud> {
    const { admin, member, stop } = process.env['OS_CLOUD'] === undefined ? await simulated() : real(process.env);
    const { projectId } = await member.tokens.identity();
    const call = projectCall(projectId);
    return new Cloud(admin, member, call, projectId, await findSeed(admin, call), stop);
  }

  newMarker(): string {
    return markerOf(this.deployment, randomUUID());
  }

  /** Makes what no client makes, as the admin; gone again with `cleanUp`. */
  async provide(service: OpenStackService, path: string, kind: string, thing: object): Promise<string> {
    const operation = 'POST of the test';
    const answer = await this.admin.http.send({
      service,
      method: 'POST',
      path,
      operation,
      body: { [kind]: thing },
      ok: [200, 201],
      schema: z.record(z.string(), z.object({ id: z.string() })),
      call: adminCall,
    });
    const id = answer.data[kind]?.id ?? '';
    this.later(() => this.remove(service, `${path}/${id}`));
    return id;
  }

  async remove(service: OpenStackService, path: string): Promise<void> {
    const operation = 'DELETE of the test';
    await this.admin.http.send({
      service,
      method: 'DELETE',
      path,
      operation,
      ok: [200, 202, 204],
      schema: null,
      call: adminCall,
    });
  }

  /** A network of a project, with a subnet and without a router. */
  async provideNetwork(projectId: string, more: object = {}): Promise<string> {
    const network = { name: `test-${this.deployment}`, project_id: projectId, ...more };
    const networkId = await this.provide('network', '/networks', 'network', network);
    const subnet = { network_id: networkId, project_id: projectId, ip_version: 4, cidr: '10.99.0.0/24' };
    await this.provide('network', '/subnets', 'subnet', subnet);
    return networkId;
  }

  /** Undone by `cleanUp`, the last first; what is gone already is fine. */
  later(undo: () => Promise<void>): void {
    this.undo.push(undo);
  }

  async cleanUp(): Promise<void> {
    for (const undo of this.undo.splice(0).reverse()) {
      await eventually(`cleaned up: ${undo.toString()}`, async () => {
        try {
          await undo();
          return true;
        } catch (error) {
          if (error instanceof OpenStackNotFound) return true;
          return false;
        }
      });
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
    return found;
  }

  async close(): Promise<void> {
    this.admin.connection.onApplicationShutdown();
    this.member.connection.onApplicationShutdown();
    await this.stop();
  }
}

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

function real(env: Env): { admin: Clients; member: Clients; stop: () => Promise<void> } {
  const name = env['OS_CLOUD'] ?? '';
  const openstack = Object.fromEntries(Object.entries(env).filter(([variable]) => variable.startsWith('OS_')));
  return {
    admin: new Clients(configOf(openstack)),
    member: new Clients(configOf({ ...openstack, OS_CLOUD: env['OS_CLOUD_MEMBER'] ?? `${name}-demo` })),
    stop: () => Promise.resolve(),
  };
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

async function simulated(): Promise<{ admin: Clients; member: Clients; stop: () => Promise<void> }> {
  const { startSimulator } = await import('../../simulator/simulator.js');
  const simulator = await startSimulator({});
  const account = (username: string, password: string, project: string): Clients =>
    new Clients(
      configOf({
        OS_AUTH_URL: `${simulator.url}/identity/v3`,
        OS_USERNAME: username,
        OS_PASSWORD: password,
        OS_PROJECT_NAME: project,
        OS_REGION_NAME: 'RegionOne',
      }),
    );
  return {
    admin: account('admin', 'admin-secret-1', 'admin'),
    member: account('demo', 'demo-secret-1', 'demo'),
    stop: () => simulator.close(),
  };
}
