import type { Simulator } from '../../simulator/simulator-handles.js';
import { adminCall } from '../../src/openstack/openstack-call.js';
import type { OpenStackService } from '../../src/openstack/openstack-call.js';
import { z } from 'zod';
import type { Clients } from './clients.js';

/** Whatever `later` is given runs after the test. */
type Later = (undo: () => Promise<void>) => void;

/**
 * Circumstances that no client makes, each cloud in its own way: the simulator is told, in a real cloud the admin arranges them
 * beside what others use.
 */
export interface Stage {
  /** A flavor with which the next server finds no host. */
  flavorWithoutHost(later: Later): Promise<string>;
  /** A size for which the next volume finds no backend. */
  sizeWithoutBackend(): number;
  /** A size to which the next volume cannot grow. */
  sizeToGrowWithoutBackend(): number;
  /** A network of the project. */
  networkWithoutPortSecurity(projectId: string, later: Later): Promise<string>;
  /** A project that nobody else uses, so that its quotas may be changed, with a network. */
  quietProject(later: Later): Promise<{ readonly projectId: string; readonly networkId: string }>;
  /** How many requests that change something it has had but for logins; null where nobody counts. */
  writes(): number | null;
}

export class SimulatedStage implements Stage {
  constructor(private readonly simulator: Simulator) {}

  flavorWithoutHost(): Promise<string> {
    this.simulator.outside.failNext('no-valid-host');
    return Promise.resolve(this.simulator.seed.flavors['m1.tiny']);
  }

  sizeWithoutBackend(): number {
    this.simulator.outside.failNext('volume');
    return 1;
  }

  sizeToGrowWithoutBackend(): number {
    this.simulator.outside.failNext('extend');
    return 2;
  }

  networkWithoutPortSecurity(): Promise<string> {
    return Promise.resolve(this.simulator.seed.networks['no-port-security']);
  }

  quietProject(): Promise<{ readonly projectId: string; readonly networkId: string }> {
    const { projects, networks } = this.simulator.seed;
    return Promise.resolve({ projectId: projects.other, networkId: networks['other-private'] });
  }

  writes(): number {
    return this.simulator.log.list({}).filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'))
      .length;
  }
}

export class RealStage implements Stage {
  constructor(
    private readonly admin: Clients,
    private readonly deployment: string,
  ) {}

  flavorWithoutHost(later: Later): Promise<string> {
    const id = `test-${this.deployment}`;
    return this.provide(later, 'compute', '/flavors', 'flavor', { id, name: id, vcpus: 1_000_000, ram: 64, disk: 0 });
  }

  sizeWithoutBackend(): number {
    return 2_000_000_000;
  }

  sizeToGrowWithoutBackend(): number {
    return this.sizeWithoutBackend();
  }

  networkWithoutPortSecurity(projectId: string, later: Later): Promise<string> {
    return this.network(later, projectId, { port_security_enabled: false });
  }

  async quietProject(later: Later): Promise<{ readonly projectId: string; readonly networkId: string }> {
    const project = { name: `test-${this.deployment}-${String(Date.now())}`, domain_id: 'default' };
    const projectId = await this.provide(later, 'identity', '/projects', 'project', project);
    return { projectId, networkId: await this.network(later, projectId, {}) };
  }

  writes(): null {
    return null;
  }

  /** With a subnet and without a router. */
  private async network(later: Later, projectId: string, more: object): Promise<string> {
    const network = { name: `test-${this.deployment}`, project_id: projectId, ...more };
    const networkId = await this.provide(later, 'network', '/networks', 'network', network);
    const subnet = { network_id: networkId, project_id: projectId, ip_version: 4, cidr: '10.99.0.0/24' };
    await this.provide(later, 'network', '/subnets', 'subnet', subnet);
    return networkId;
  }

  private async provide(
    later: Later,
    service: OpenStackService,
    path: string,
    kind: string,
    thing: object,
  ): Promise<string> {
    const answer = await this.admin.http.send({
      service,
      method: 'POST',
      path,
      operation: 'POST of the test',
      body: { [kind]: thing },
      ok: [200, 201],
      schema: z.record(z.string(), z.object({ id: z.string() })),
      call: adminCall,
    });
    const id = answer.data[kind]?.id ?? '';
    later(async () => {
      await this.admin.http.send({
        service,
        method: 'DELETE',
        path: `${path}/${id}`,
        operation: 'DELETE of the test',
        ok: [202, 204],
        schema: null,
        call: adminCall,
      });
    });
    return id;
  }
}
