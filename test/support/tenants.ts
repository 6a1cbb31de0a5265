import { randomUUID } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareUuid } from '../../simulator/cloud.js';
import { ensureDefaultGroup } from '../../simulator/security-group-lifecycle.js';
import { seed } from '../../simulator/seed.js';
import type { Simulator } from '../../simulator/simulator-handles.js';
import { Api } from './api.js';
import { startApp, type TestApp } from './app.js';
import { FloatingIpRequests } from './floating-ips.js';
import { KeyPairRequests } from './key-pairs.js';
import { connect } from './schema.js';
import { SecurityGroupRequests, tcp } from './security-groups.js';
import { ServerRequests } from './servers.js';
import { credentialsOf } from './simulated-cloud.js';
import type { Ids } from './tenant-routes.js';
import { VolumeRequests } from './volumes.js';

/** In every name and description of things that a caller must not see. */
export const canary = 'canary';

/** Somebody else's things, or things that are gone: by the ids of those that there are. */
export interface Source {
  readonly name: string;
  readonly ids: Partial<Ids>;
  /** Whether they are gone: then they are 404 for everybody. */
  readonly isGone: boolean;
}

/** A cloud that several projects share, as seen from one of them, `demo`. */
export interface Tenants {
  readonly app: TestApp;
  /** Of the project `demo`; key pair and user are of the account `demo`. */
  readonly own: Ids;
  readonly sources: readonly Source[];
  /** What must never stand in an answer to somebody of `demo` who is no admin: canaries, ids and addresses. */
  readonly foreignWords: readonly string[];
  close(): Promise<void>;
}

const password = 'tenants-secret-1';
const subnetIds: ReadonlyMap<string, string> = new Map([
  [seed.networks.private, seed.subnets.private],
  [seed.networks['other-private'], seed.subnets['other-private']],
]);
const never = String(10 * 60_000);

/**
 * Beside `demo` there are: `other`, which `demo`'s people were never in; `left`, which the account `demo` was taken out of; `far`, in
 * another domain; things of `demo` and of `other` that were deleted, a user and a project that are gone; and a colleague's own things.
 * When it is there, nothing goes on by itself: whatever OpenStack is asked from then on, it is asked for a request.
 */
export async function startTenants(simulator: Simulator): Promise<Tenants> {
  const cast = plantCast(simulator);
  const first = await startApp({ simulator, settings: { IDENTITY_SWEEP_MS: '300' } });
  const database = await connect(first.schema);
  const words = new Set<string>();
  let own: Ids;
  const sources: Source[] = [];
  try {
    const record = new Rows(database);
    const enter = async (account: string, secret: string, project: string): Promise<Owner> => {
      const projectId = await record.projectId(project);
      const api = await Api.login(first.url, { account_id: account, password: secret, project_id: projectId });
      return new Owner(api, { userId: await record.userId(account), projectId });
    };
    const demo = await enter('demo', credentialsOf('demo').password, seed.projects.demo);
    const other = await enter('other', credentialsOf('other').password, seed.projects.other);
    own = await demo.make('mine', seed.networks.private);
    const foreign = await other.make(`${canary}-other`, seed.networks['other-private'], words);
    sources.push({
      name: 'of another project',
      ids: { ...foreign, image: seed.images['other-private'] },
      isGone: false,
    });
    words.add(seed.networks['other-private']).add(seed.subnets['other-private']).add(seed.images['other-private']);
    for (const place of ['left', 'far'] as const) {
      const { user, projectId } = cast[place];
      const owner = await enter(user, password, projectId);
      const {
        subnet: _subnet,
        image: _image,
        ...ids
      } = await owner.make(`${canary}-${place}`, networkOf(projectId), words);
      words.add(projectId).add(cast[place].userId);
      sources.push({
        name: place === 'left' ? 'of a project that the caller was taken out of' : 'of another domain',
        ids,
        isGone: false,
      });
    }
    const mate = await enter('mate', credentialsOf('mate').password, seed.projects.demo);
    const keyPair = await new KeyPairRequests(mate.api).add(`${canary}-mate`);
    words.add(`${canary}-mate`);
    sources.push({ name: "a colleague's own", ids: { keyPair: keyPair.id }, isGone: false });

    const goneIds = { user: await record.userId('goner'), project: await record.projectId(cast.goneProjectId) };
    const nowhere = { network: randomUUID(), subnet: randomUUID(), image: randomUUID(), operation: 2 ** 40 };
    const goneOwn = await demo.delete(await demo.make(`${canary}-gone`, seed.networks.private, words));
    sources.push({ name: 'that is gone', ids: { ...goneOwn, ...goneIds, ...nowhere }, isGone: true });
    const goneForeign = await other.delete(
      await other.make(`${canary}-gone-too`, seed.networks['other-private'], words),
    );
    sources.push({ name: 'that was of another project', ids: goneForeign, isGone: true });
    await takeOutAndAway(simulator, cast, record);
  } finally {
    await first.close();
  }
  await moveFarAway(simulator, cast, database);
  await database.end();
  const app = await startApp({
    simulator,
    schema: first.schema,
    settings: { IDENTITY_SWEEP_MS: never, ORPHAN_SWEEP_MS: never, CATALOG_MS: never, ACCESS_TOKEN_MS: never },
  });
  return { app, own, sources, foreignWords: [canary, ...words], close: () => app.close() };
}

interface Cast {
  readonly left: { readonly user: string; readonly userId: string; readonly projectId: string };
  readonly far: { readonly user: string; readonly userId: string; readonly projectId: string };
  readonly goneUserId: string;
  readonly goneProjectId: string;
}

/** The people and projects that the seed does not have. */
function plantCast(simulator: Simulator): Cast {
  const { cloud } = simulator;
  const plantProject = (name: string): string => {
    const id = bareUuid(randomUUID());
    cloud.projects.set(id, { id, name: `${canary}-${name}`, domainId: 'default', description: '', enabled: true });
    ensureDefaultGroup(cloud, id);
    plantNetwork(simulator, id);
    return id;
  };
  const plantUser = (name: string, ...projectIds: readonly string[]): string => {
    const id = bareUuid(randomUUID());
    cloud.users.set(id, {
      id,
      name,
      domainId: 'default',
      password,
      enabled: true,
      description: null,
      email: null,
      defaultProjectId: null,
      passwordProblem: null,
      revokedUntil: 0,
    });
    for (const projectId of projectIds) assign(simulator, id, projectId);
    return id;
  };
  const [left, far, goneProjectId] = [plantProject('left'), plantProject('far'), plantProject('gone-project')];
  assign(simulator, seed.users.demo.id, left);
  const [leftUser, farUser] = [`${canary}-left-user`, `${canary}-far-user`];
  return {
    left: { user: leftUser, userId: plantUser(leftUser, left), projectId: left },
    far: { user: farUser, userId: plantUser(farUser, far), projectId: far },
    goneUserId: plantUser('goner', seed.projects.demo),
    goneProjectId,
  };
}

/** Like the network `private`, with a subnet; its id is that of the project. */
function plantNetwork({ cloud }: Simulator, projectId: string): void {
  // Its own addresses, so that they tell whose they are.
  const net = `10.${String(60 + cloud.networks.size)}`;
  const network = cloud.networks.get(seed.networks.private);
  const subnet = cloud.subnets.get(seed.subnets.private);
  if (network === undefined || subnet === undefined) throw new Error('the seed has no network');
  const id = networkOf(projectId);
  cloud.networks.set(id, { ...network, id, projectId, name: `${canary}-network` });
  const subnetId = randomUUID();
  cloud.subnets.set(subnetId, {
    ...subnet,
    ...{ id: subnetId, networkId: id, projectId, name: `${canary}-subnet` },
    ...{ cidr: `${net}.0.0/16`, gatewayIp: `${net}.0.1`, poolStart: `${net}.0.2`, poolEnd: `${net}.255.254` },
  });
}

function networkOf(projectId: string): string {
  return projectId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function assign({ cloud }: Simulator, userId: string, projectId: string): void {
  cloud.assignments.push({ userId, roleId: seed.roles.member, projectId, isInherited: false });
}

/** `demo` leaves the project `left` and a user goes; it is known here when this returns. */
async function takeOutAndAway({ cloud }: Simulator, cast: Cast, record: Rows): Promise<void> {
  cloud.assignments = cloud.assignments.filter(
    ({ userId, projectId }) =>
      userId !== cast.goneUserId && !(userId === seed.users.demo.id && projectId === cast.left.projectId),
  );
  cloud.users.delete(cast.goneUserId);
  await record.untilNone(
    `SELECT 1 FROM project_user pu JOIN project p ON p.id = pu.project_id JOIN user u ON u.id = pu.user_id
      WHERE p.openstack_id = ? AND u.account_id = 'demo'`,
    cast.left.projectId,
  );
  await record.untilNone('SELECT 1 FROM user WHERE openstack_id = ? AND deleted_at IS NULL', cast.goneUserId);
}

/** Only one domain is imported, and projects stay in the record; so another domain and a project that is gone are made there by hand. */
async function moveFarAway({ cloud }: Simulator, cast: Cast, database: Connection): Promise<void> {
  const domainId = [...cloud.domains.keys()].find((id) => id !== 'default') ?? '';
  const { projectId, userId } = cast.far;
  const [project, user] = [cloud.projects.get(projectId), cloud.users.get(userId)];
  if (project !== undefined) cloud.projects.set(projectId, { ...project, domainId });
  if (user !== undefined) cloud.users.set(userId, { ...user, domainId });
  cloud.projects.delete(cast.goneProjectId);
  await database.query('UPDATE project SET deleted_at = NOW(3) WHERE openstack_id = ?', [cast.goneProjectId]);
  await database.query('INSERT INTO domain (openstack_id, name) VALUES (?, ?)', [domainId, `${canary}-domain`]);
  for (const [table, id] of [
    ['project', projectId],
    ['user', userId],
  ] as const) {
    await database.query(
      `UPDATE ${table} SET domain_id = (SELECT id FROM domain WHERE openstack_id = ?) WHERE openstack_id = ?`,
      [domainId, id],
    );
  }
}

/** What a test looks up in the tables. */
class Rows {
  constructor(private readonly database: Connection) {}

  async projectId(openstackId: string): Promise<number> {
    return this.id('SELECT id FROM project WHERE openstack_id = ?', openstackId);
  }

  async userId(accountId: string): Promise<number> {
    return this.id('SELECT id FROM user WHERE account_id = ?', accountId);
  }

  async untilNone(sql: string, value: string): Promise<void> {
    const end = Date.now() + 10_000;
    while ((await this.rows(sql, value)).length > 0) {
      if (Date.now() > end) throw new Error(`still there: ${sql} ${value}`);
      await sleep(50);
    }
  }

  private async id(sql: string, value: string): Promise<number> {
    const [row] = await this.rows(sql, value);
    if (row === undefined) throw new Error(`nothing there: ${sql} ${value}`);
    return Number(row['id']);
  }

  private async rows(sql: string, value: string): Promise<RowDataPacket[]> {
    const [rows] = await this.database.query<RowDataPacket[]>(sql, [value]);
    return rows;
  }
}

/** Somebody who makes one of each in a project. */
class Owner {
  constructor(
    readonly api: Api,
    private readonly who: { readonly userId: number; readonly projectId: number },
  ) {}

  /** Notes in `words` what would give the things away. */
  async make(name: string, network: string, words = new Set<string>()): Promise<Ids> {
    const { api } = this;
    const description = `${name} described`;
    await new SecurityGroupRequests(api).default();
    const group = await new SecurityGroupRequests(api).create(`${name}-group`, [tcp(22, { description })], {
      description,
    });
    const servers = await ServerRequests.of(api, network);
    const answer = await servers.post(`${name}-server`, { description, security_group_ids: [group.id] });
    const operation = await api.finished(answer);
    const server = await servers.get(answer.body.id);
    const volume = await new VolumeRequests(api).create(`${name}-volume`, { description });
    const floatingIp = await new FloatingIpRequests(api).allocate();
    const keyPair = await new KeyPairRequests(api).add(`${name}-key`);
    const nic = (await api.get<object>(`/network-interfaces/${String(server.network_interfaces[0]?.id)}`)).body;
    for (const thing of [group, server, volume, floatingIp, nic]) collect(thing, words);
    return {
      ...{ user: this.who.userId, project: this.who.projectId },
      ...{ server: server.id, volume: volume.id, interface: server.network_interfaces[0]?.id ?? 0 },
      ...{ group: group.id, floatingIp: floatingIp.id, keyPair: keyPair.id, operation: operation.id },
      ...{ network, subnet: subnetIds.get(network) ?? network, image: seed.images['lab-tiny'] },
    };
  }

  /** What was made here goes; returns the ids that lead nowhere now. */
  async delete({ server, interface: nic, volume, group, floatingIp, keyPair }: Ids): Promise<Partial<Ids>> {
    const { api } = this;
    const remove = async (path: string, id: number | string): Promise<void> => {
      const answer = await api.delete<unknown>(`/${path}/${String(id)}`);
      if (answer.status === 202) await api.finished(answer);
      else if (answer.status !== 204) throw new Error(`DELETE /${path}/${String(id)}: ${String(answer.status)}`);
    };
    await remove('servers', server);
    for (const [path, id] of [
      ['volumes', volume],
      ['security-groups', group],
      ['floating-ips', floatingIp],
      ['key-pairs', keyPair],
    ] as const)
      await remove(path, id);
    return { server, interface: nic, volume, group, floatingIp, keyPair };
  }
}

/** The ids of OpenStack's and the addresses of a thing, wherever they stand in it. */
function collect(value: unknown, words: Set<string>): void {
  if (typeof value === 'string') {
    const isTelling = /^[0-9a-f]{8}-[0-9a-f-]{27}$|^\d+\.\d+\.\d+\.\d+$|^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(value);
    const isShared = [
      ...Object.values(seed.networks),
      ...Object.values(seed.volumeTypes),
      ...Object.values(seed.images),
    ];
    if (isTelling && !(isShared as readonly string[]).includes(value)) words.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) collect(child, words);
  }
}
