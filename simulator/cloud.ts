import { createHash, randomUUID } from 'node:crypto';
import { Addresses } from './addresses.js';
import type { Clock } from './clock.js';
import { Collection } from './collection.js';
import type * as model from './model.js';
import { defaultQuotas, defaultSettings, type QuotaName, type Quotas, type Settings } from './settings.js';

/**
 * What can fail by itself after it was accepted. `extend` finds no room and changes nothing, `extend-driver` breaks the volume.
 */
export const plannedFailures = [
  'no-valid-host',
  'spawn',
  'volume',
  'extend',
  'extend-driver',
  'volume-delete',
  'attach',
  'detach',
] as const;

/** A failure that is to happen by itself, as often as `times` says. */
export interface PlannedFailure {
  readonly kind: (typeof plannedFailures)[number];
  times: number;
  readonly message: string;
}

/** Everything that the simulated OpenStack knows. Services read and change it; each change is done at once or not at all. */
export class Cloud {
  settings: Settings = { ...defaultSettings };
  private readonly quotas = new Map<string, Partial<Quotas>>();
  failures: PlannedFailure[] = [];
  isCellDown = false;
  addresses = new Addresses();

  readonly domains = new Map<string, model.Domain>();
  readonly projects = new Map<string, model.Project>();
  readonly users = new Map<string, model.User>();
  readonly roles = new Map<string, model.Role>();
  assignments: model.Assignment[] = [];
  readonly tokens = new Map<string, model.Token>();

  readonly flavors = new Map<string, model.Flavor>();
  readonly servers = new Collection<model.Server>();
  /** The last ones that are gone, for `changes-since` and their actions. */
  readonly deletedServers = new Map<string, model.Server>();
  /** By user id and name. */
  readonly keyPairs = new Map<string, model.KeyPair>();

  readonly images = new Map<string, model.Image>();

  readonly networks = new Collection<model.Network>();
  readonly subnets = new Collection<model.Subnet>();
  readonly routers = new Collection<model.Router>();
  readonly ports = new Collection<model.Port>();
  readonly floatingIps = new Collection<model.FloatingIp>();
  readonly securityGroups = new Collection<model.SecurityGroup>();
  readonly securityGroupRules = new Collection<model.SecurityGroupRule>();

  readonly volumeTypes = new Map<string, model.VolumeType>();
  readonly volumes = new Collection<model.Volume>();
  readonly snapshots = new Map<string, model.Snapshot>();
  messages: model.Message[] = [];

  private counter = 0;

  constructor(readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }

  /** Rises with every call: for MAC addresses, host choice and jobs. */
  next(): number {
    this.counter += 1;
    return this.counter;
  }

  /** As it was before it was seeded, with the settings of the start. */
  clear(): void {
    this.settings = { ...defaultSettings };
    this.quotas.clear();
    this.failures = [];
    this.isCellDown = false;
    this.addresses = new Addresses();
    this.assignments = [];
    this.messages = [];
    const maps = [this.domains, this.projects, this.users, this.roles, this.tokens, this.flavors, this.servers];
    const more = [this.deletedServers, this.keyPairs, this.images, this.networks, this.subnets, this.routers];
    const rest = [this.ports, this.floatingIps, this.securityGroups, this.securityGroupRules, this.volumeTypes];
    for (const map of [...maps, ...more, ...rest, this.volumes, this.snapshots]) map.clear();
  }

  quotasOf(projectId: string): Quotas {
    return { ...defaultQuotas, ...this.quotas.get(projectId) };
  }

  setQuotas(projectId: string, quotas: Partial<Quotas>): void {
    this.quotas.set(projectId, { ...this.quotas.get(projectId), ...quotas });
  }

  clearQuotas(projectId: string): void {
    this.quotas.delete(projectId);
  }

  /** What the project has of it; 0 for what the simulator does not make. */
  used(projectId: string, name: QuotaName): number {
    const own = <T extends { readonly projectId: string }>(things: ReadonlyMap<string, T>): T[] =>
      [...things.values()].filter((thing) => thing.projectId === projectId);
    switch (name) {
      case 'instances':
        return own(this.servers).length;
      case 'cores':
        return sum(own(this.servers).map(({ flavor }) => flavor.vcpus));
      case 'ram':
        return sum(own(this.servers).map(({ flavor }) => flavor.ram));
      case 'network':
        return own(this.networks).length;
      case 'subnet':
        return own(this.subnets).length;
      case 'router':
        return own(this.routers).length;
      case 'port':
        return own(this.ports).length;
      case 'floatingip':
        return own(this.floatingIps).length;
      case 'security_group':
        return own(this.securityGroups).length;
      case 'security_group_rule':
        return own(this.securityGroupRules).length;
      case 'volumes':
        return own(this.volumes).length;
      case 'gigabytes':
        return sum(own(this.volumes).map(({ size }) => size));
      case 'snapshots':
        return own(this.snapshots).length;
      case 'key_pairs':
      case 'metadata_items':
      case 'server_groups':
      case 'server_group_members':
      case 'per_volume_gigabytes':
      case 'backups':
      case 'backup_gigabytes':
      case 'groups':
        return 0;
      default:
        return name satisfies never;
    }
  }

  /** Whether so much more is too much. */
  exceeds(projectId: string, name: QuotaName, more: number): boolean {
    const limit = this.quotasOf(projectId)[name];
    return limit >= 0 && this.used(projectId, name) + more > limit;
  }

  /** Takes one planned failure of the kind, if there is one. */
  takeFailure(...kinds: readonly PlannedFailure['kind'][]): PlannedFailure | null {
    const failure = this.failures.find(({ kind, times }) => times > 0 && kinds.includes(kind));
    if (failure === undefined) return null;
    failure.times -= 1;
    if (failure.times <= 0) this.failures = this.failures.filter((other) => other !== failure);
    return failure;
  }

  /** A young object that an API worker may not know yet. */
  isTooFresh({ createdAt }: { readonly createdAt: number }): boolean {
    const { fresh_not_found_ms: freshMs } = this.settings;
    return freshMs > 0 && this.now() - createdAt < freshMs;
  }
}

/** Marks that something that Neutron dates has changed. */
export function touch(cloud: Cloud, thing: model.Revised): void {
  thing.revision += 1;
  thing.updatedAt = cloud.now();
}

/** The same name gives the same id in every run, so that a record of the seed outlives the simulator. */
export function seededUuid(name: string): string {
  const hex = createHash('sha256').update(`openstack simulator ${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Keystone's form: 32 digits. */
export function bareUuid(uuid: string = randomUUID()): string {
  return uuid.replaceAll('-', '');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
