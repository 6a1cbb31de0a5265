import { adminCall } from '../../src/openstack/openstack-call.js';
import { OpenStackNotFound } from '../../src/openstack/openstack-errors.js';
import { collect } from '../../src/openstack/openstack-paging.js';
import { eventually, type Cloud } from './cloud.js';

const kinds = ['server', 'port', 'floating IP', 'volume', 'security group', 'user'] as const;
type Kind = (typeof kinds)[number];

interface Thing {
  readonly kind: Kind;
  readonly id: string;
  /** Everything in it that may tell whose it is. */
  readonly text: string;
}

/** By which a thing says for whom it was made: a marker, or a name that a test gave it. */
const signature = /(?:cloud-api:|(?:test|u)-)([A-Za-z0-9]{8})(?![A-Za-z0-9])/g;

/**
 * What the project held before, and the domain's people. Others may be at work in the same cloud: what is signed by another run does not count.
 */
export class Inventory {
  private constructor(
    private readonly cloud: Cloud,
    private readonly deployments: ReadonlySet<string>,
    private readonly before: ReadonlySet<string>,
  ) {}

  /** `deployment`: of the app that works there. */
  static async take(cloud: Cloud, deployment: string): Promise<Inventory> {
    const deployments = new Set([cloud.deployment, deployment]);
    const before = (await things(cloud)).filter((thing) => !isForeign(thing, deployments)).map(nameOf);
    return new Inventory(cloud, deployments, new Set(before));
  }

  /** What has come and what has gone since, once it stays like that; what has come is deleted. */
  async settle(): Promise<{ readonly come: readonly string[]; readonly gone: readonly string[] }> {
    let [come, gone]: [readonly Thing[], readonly string[]] = [[], []];
    const isSame = async (): Promise<boolean> => {
      const now = await things(this.cloud);
      const names = new Set(now.map(nameOf));
      come = now.filter((thing) => !isForeign(thing, this.deployments) && !this.before.has(nameOf(thing)));
      gone = [...this.before].filter((name) => !names.has(name));
      return come.length + gone.length === 0;
    };
    // What others do without signing it ends soon.
    await eventually('all as it was', isSame, 20_000).catch(() => undefined);
    const told = { come: come.map((thing) => `${nameOf(thing)} ${thing.text}`), gone };
    for (const thing of [...come].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))) {
      if (sign(thing).length > 0) await remove(this.cloud, thing);
    }
    return told;
  }
}

async function things(cloud: Cloud): Promise<readonly Thing[]> {
  const { admin, call, projectId } = cloud;
  const { domainId } = await admin.projects.get(adminCall, projectId);
  const [servers, ports, addresses, volumes, groups, { users }] = await Promise.all([
    collect(admin.servers.list(call)),
    collect(admin.networkInterfaces.list(call)),
    collect(admin.floatingIps.list(call)),
    collect(admin.volumes.list(call)),
    collect(admin.securityGroups.list(call)),
    admin.users.list(adminCall, domainId),
  ]);
  return [
    ...servers.map(({ openstackId, name, tags }) => thing('server', openstackId, name, ...tags)),
    ...ports
      .filter(({ deviceOwner }) => !deviceOwner.startsWith('network:'))
      .map(({ openstackId, name, description }) => thing('port', openstackId, name, description)),
    ...addresses.map(({ openstackId, description }) => thing('floating IP', openstackId, description)),
    ...volumes.map((volume) => thing('volume', volume.openstackId, volume.name, volume.metadataMarker ?? '')),
    ...groups.map(({ openstackId, name, description }) => thing('security group', openstackId, name, description)),
    ...users.map(({ openstackId, name, description }) => thing('user', openstackId, name, description ?? '')),
  ];
}

function thing(kind: Kind, id: string, ...texts: readonly string[]): Thing {
  return { kind, id, text: texts.join(' ') };
}

function nameOf({ kind, id }: Thing): string {
  return `${kind} ${id}`;
}

function sign({ text }: Thing): readonly string[] {
  return [...text.matchAll(signature)].map(([, deployment]) => deployment ?? '');
}

function isForeign(one: Thing, deployments: ReadonlySet<string>): boolean {
  const signed = sign(one);
  return signed.length > 0 && !signed.some((deployment) => deployments.has(deployment));
}

async function remove({ admin, call }: Cloud, { kind, id }: Thing): Promise<void> {
  const client = {
    server: admin.servers,
    port: admin.networkInterfaces,
    volume: admin.volumes,
    'security group': admin.securityGroups,
  };
  await eventually(`${kind} ${id} gone`, async () => {
    try {
      if (kind === 'user') await admin.users.delete(adminCall, id);
      else if (kind === 'floating IP') await admin.floatingIps.release(call, id);
      else await client[kind].delete(call, id);
      // What is deleted is there for a while; a volume that is in use is refused till its server is gone.
      return false;
    } catch (error) {
      return error instanceof OpenStackNotFound;
    }
  }).catch((error: unknown) => {
    console.error(error);
  });
}
