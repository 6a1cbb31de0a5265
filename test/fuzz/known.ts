import { seed } from '../../simulator/seed.js';
import type { SeededRandom } from '../crash/seeded-random.js';
import type { Api } from '../support/api.js';
import { publicKeys } from '../support/public-keys.js';

/** Lists of the API, and what their things are called where an id of theirs stands. */
const lists = {
  servers: 'servers',
  volumes: 'volumes',
  'security-groups': 'security_groups',
  'floating-ips': 'floating_ips',
  'network-interfaces': 'network_interfaces',
  'key-pairs': 'key_pairs',
  users: 'users',
  projects: 'projects',
  operations: 'operations',
} as const;
type List = keyof typeof lists;

/** What an id is of, by the name of the field or parameter. */
const listOfField: Readonly<Record<string, List>> = {
  server_id: 'servers',
  volume_id: 'volumes',
  floating_ip_id: 'floating-ips',
  network_interface_id: 'network-interfaces',
  security_group_ids: 'security-groups',
  remote_group_id: 'security-groups',
  key_pair_id: 'key-pairs',
  project_id: 'projects',
  user_id: 'users',
  uid: 'users',
};

/** Of the cloud's choices the one that most often does, as often as all the others together. */
const mostly = (good: string, all: Readonly<Record<string, string>>): readonly string[] => [
  ...Object.values(all),
  ...Object.keys(all).map(() => good),
  ...Object.keys(all).map(() => good),
];

const ofCloud: Readonly<Record<string, readonly string[]>> = {
  flavor_id: mostly(seed.flavors['m1.tiny'], seed.flavors),
  image_id: mostly(seed.images['lab-tiny'], seed.images),
  network_id: mostly(seed.networks.private, seed.networks),
  floating_network_id: mostly(seed.networks.public, seed.networks),
  subnet_id: mostly(seed.subnets.private, seed.subnets),
  volume_type_id: [...Object.keys(seed.volumeTypes), ...Object.values(seed.volumeTypes)],
  availability_zone: ['nova', 'nova', 'nowhere'],
  account_id: ['demo', 'viewer', 'admin', 'other', 'mate', 'somebody', 'nobody'],
  password: ['demo-secret-1', 'a-new-secret-1', 'short', 'correct horse battery'],
  old_password: ['demo-secret-1', 'viewer-secret-1', 'wrong-secret-1'],
  new_password: ['a-new-secret-1', 'demo-secret-1', 'short'],
  refresh_token: ['x', 'a.b.c'],
  remote_ip_prefix: ['0.0.0.0/0', '::/0', '10.0.0.0/8', '10.0.0.1/8', 'fe80::1/64', '10.0.0.0', '300.1.1.1/8'],
  protocol: ['tcp', 'udp', 'icmp', 'ipv6-icmp', '6', '255', 'any', 'TCP', '300', 'gre'],
  public_key: Object.values(publicKeys),
};

/** What really exists: so that a request gets past the checks of its form. Asked for anew now and then. */
export class Known {
  private readonly ids = new Map<List, readonly number[]>();
  readonly etags: string[] = ['"x"'];
  readonly cursors: string[] = ['x'];
  readonly names: string[] = ['default', 'demo'];

  async refresh(admin: Api, member: Api): Promise<void> {
    for (const list of Object.keys(lists) as List[]) {
      // The newest, which go on longest; a person's own are seen by that person alone.
      const path = `/${list}?limit=40&order=desc`;
      const answer = await (list === 'key-pairs' ? member : admin).get<Record<string, { id: number; name?: string }[]>>(
        path,
      );
      const found = answer.status === 200 ? (answer.body[lists[list]] ?? []) : [];
      this.ids.set(
        list,
        found.map(({ id }) => id),
      );
      this.names.push(...found.slice(0, 3).flatMap(({ name }) => (typeof name === 'string' ? [name] : [])));
    }
    for (const seen of [this.etags, this.cursors, this.names]) seen.splice(0, Math.max(0, seen.length - 60));
  }

  count(list: List): number {
    return this.ids.get(list)?.length ?? 0;
  }

  /** An id for `{name}` in this path, or null where there is none. */
  idInPath(random: SeededRandom, template: string, name: string): number | null {
    const list = name === 'id' ? (template.split('/')[1] ?? '') : (listOfField[name] ?? '');
    return random.pick(this.ids.get(list as List) ?? []) ?? null;
  }

  /** A value that a field or parameter of this name may well have; undefined where nothing is known of it. */
  valueFor(random: SeededRandom, name: string, template: string): string | number | undefined {
    const words = ofCloud[name];
    if (words !== undefined) return random.pick(words);
    const list =
      listOfField[name] ?? (/^(id|ids|ids_contain|ids_exclude)$/.test(name) ? template.split('/')[1] : undefined);
    if (list !== undefined) return random.pick(this.ids.get(list as List) ?? []);
    if (name.startsWith('name'))
      return random.next() < 0.2 ? random.pick(this.names) : `f-${random.next().toString(36).slice(2, 8)}`;
    if (name === 'cursor') return random.pick(this.cursors);
    return undefined;
  }
}
