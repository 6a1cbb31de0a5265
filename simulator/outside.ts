import { randomUUID } from 'node:crypto';
import { touch, type Cloud, type PlannedFailure } from './cloud.js';
import type { Assignment, Server } from './model.js';
import { associate, bindPort, deletePort, disassociate, releaseFloatingIp, unbindPort } from './port-lifecycle.js';
import { createRule, deleteGroup } from './security-group-lifecycle.js';
import { breakServer, changeState, removeServer } from './server-lifecycle.js';
import { freeVolume, move } from './volume-lifecycle.js';

/** What somebody else changes of a port. */
export interface PortChange {
  readonly mac?: string;
  readonly addresses?: readonly string[];
  readonly securityGroupIds?: readonly string[];
  /** The server that uses it from now on. */
  readonly serverId?: string;
}

/** What somebody else does to the cloud, past all services: at once, unasked, without a log line. */
export class Outside {
  constructor(private readonly cloud: Cloud) {}

  /** Of whatever kind; a server lets go of its ports and volumes. */
  delete(id: string): void {
    const { cloud } = this;
    const [server, volume, port] = [cloud.servers.get(id), cloud.volumes.get(id), cloud.ports.get(id)];
    const [floatingIp, group] = [cloud.floatingIps.get(id), cloud.securityGroups.get(id)];
    if (server !== undefined) removeServer(cloud, server);
    else if (volume !== undefined) this.deleteVolume(id);
    else if (port !== undefined) deletePort(cloud, port);
    else if (floatingIp !== undefined) releaseFloatingIp(cloud, floatingIp);
    else if (group !== undefined) deleteGroup(cloud, group);
    else if (cloud.users.delete(id)) cloud.assignments = cloud.assignments.filter(({ userId }) => userId !== id);
    else if (!cloud.snapshots.delete(id) && !cloud.images.delete(id)) throw new NothingThere(id);
  }

  private deleteVolume(id: string): void {
    this.cloud.volumes.delete(id);
    for (const server of this.cloud.servers.values()) {
      server.volumes.splice(0, Infinity, ...server.volumes.filter(({ volumeId }) => volumeId !== id));
    }
  }

  /** A stop by somebody else; done at once. */
  stop(serverId: string): void {
    changeState(this.cloud, this.server(serverId), {
      task: 'powering-off',
      vmState: 'stopped',
      powerState: 4,
      delayMs: 0,
    });
    this.settle();
  }

  start(serverId: string): void {
    changeState(this.cloud, this.server(serverId), {
      task: 'powering-on',
      vmState: 'active',
      powerState: 1,
      delayMs: 0,
    });
    this.settle();
  }

  /** What falls due now. */
  private settle(): void {
    this.cloud.clock.advance(0);
  }

  /** A server or volume goes into ERROR. */
  error(id: string, message = 'something broke'): void {
    const volume = this.cloud.volumes.get(id);
    if (volume === undefined) breakServer(this.cloud, this.server(id), message);
    else this.setStatus(id, 'error');
  }

  /** Any status of a volume, port or floating IP, any vm_state of a server; what was under way is forgotten, so it stays. */
  setStatus(id: string, status: string): void {
    const { cloud } = this;
    const [server, volume] = [cloud.servers.get(id), cloud.volumes.get(id)];
    const [port, floatingIp, image] = [cloud.ports.get(id), cloud.floatingIps.get(id), cloud.images.get(id)];
    if (server !== undefined) {
      Object.assign(server, { vmState: status, taskState: null, updatedAt: cloud.now(), job: cloud.next() });
    } else if (volume !== undefined) {
      volume.job = cloud.next();
      move(cloud, volume, status);
    } else if (port !== undefined) {
      port.status = status;
      touch(cloud, port);
    } else if (floatingIp !== undefined) {
      Object.assign(floatingIp, { status, job: cloud.next() });
      touch(cloud, floatingIp);
    } else if (image !== undefined) image.status = status;
    else throw new NothingThere(id);
  }

  rename(id: string, name: string): void {
    const { cloud } = this;
    const [server, volume, port] = [cloud.servers.get(id), cloud.volumes.get(id), cloud.ports.get(id)];
    const [group, project, user] = [cloud.securityGroups.get(id), cloud.projects.get(id), cloud.users.get(id)];
    const dated = server ?? volume;
    const named = dated ?? port ?? group ?? project ?? user;
    if (named === undefined) throw new NothingThere(id);
    named.name = name;
    if (dated !== undefined) dated.updatedAt = cloud.now();
    const revised = port ?? group;
    if (revised !== undefined) touch(cloud, revised);
  }

  /** To another port, or to none. */
  moveFloatingIp(id: string, portId: string | null): void {
    const { cloud } = this;
    const floatingIp = cloud.floatingIps.get(id);
    if (floatingIp === undefined) throw new NothingThere(id);
    if (portId === null) {
      disassociate(cloud, floatingIp);
      return;
    }
    const port = cloud.ports.get(portId);
    const [fixed] = port?.fixedIps ?? [];
    if (port === undefined || fixed === undefined) throw new NothingThere(portId);
    const router = [...cloud.routers.values()].find(({ subnetIds }) => subnetIds.includes(fixed.subnetId));
    associate(cloud, floatingIp, port, fixed.address, router?.id ?? '');
  }

  detachVolume(volumeId: string): void {
    const volume = this.cloud.volumes.get(volumeId);
    if (volume === undefined) throw new NothingThere(volumeId);
    for (const { serverId } of [...volume.attachments]) {
      const server = this.cloud.servers.get(serverId);
      server?.volumes.splice(0, Infinity, ...server.volumes.filter((one) => one.volumeId !== volumeId));
      freeVolume(this.cloud, volume, serverId);
    }
  }

  unbindPort(portId: string): void {
    const port = this.cloud.ports.get(portId);
    if (port === undefined) throw new NothingThere(portId);
    unbindPort(this.cloud, port);
  }

  /** Whatever of it is given; addresses are not taken from any subnet. */
  changePort(portId: string, { mac, addresses, securityGroupIds, serverId }: PortChange): void {
    const port = this.cloud.ports.get(portId);
    if (port === undefined) throw new NothingThere(portId);
    const subnetId = port.fixedIps[0]?.subnetId ?? '';
    if (mac !== undefined) port.mac = mac;
    if (addresses !== undefined) port.fixedIps = addresses.map((address) => ({ subnetId, address }));
    if (securityGroupIds !== undefined) port.securityGroupIds = securityGroupIds;
    if (serverId !== undefined) bindPort(this.cloud, port, this.server(serverId));
    touch(this.cloud, port);
  }

  /** Returns the id of the rule. */
  addRule(groupId: string, values: Parameters<typeof createRule>[2]): string {
    const group = this.cloud.securityGroups.get(groupId);
    if (group === undefined) throw new NothingThere(groupId);
    touch(this.cloud, group);
    return createRule(this.cloud, group, values).id;
  }

  deleteRule(ruleId: string): void {
    const rule = this.cloud.securityGroupRules.get(ruleId);
    const group = rule === undefined ? undefined : this.cloud.securityGroups.get(rule.groupId);
    if (rule === undefined || group === undefined) throw new NothingThere(ruleId);
    this.cloud.securityGroupRules.delete(ruleId);
    touch(this.cloud, group);
  }

  resizeVolume(volumeId: string, size: number): void {
    const volume = this.cloud.volumes.get(volumeId);
    if (volume === undefined) throw new NothingThere(volumeId);
    Object.assign(volume, { size, updatedAt: this.cloud.now() });
  }

  /** To another flavor, by its name; done at once. */
  resizeServer(serverId: string, flavorName: string): void {
    const flavor = [...this.cloud.flavors.values()].find(({ name }) => name === flavorName);
    if (flavor === undefined) throw new NothingThere(flavorName);
    Object.assign(this.server(serverId), { flavor, updatedAt: this.cloud.now() });
  }

  lock(serverId: string): void {
    this.server(serverId).isLocked = true;
  }

  unlock(serverId: string): void {
    this.server(serverId).isLocked = false;
  }

  /** Returns its id. */
  snapshot(volumeId: string): string {
    const volume = this.cloud.volumes.get(volumeId);
    if (volume === undefined) throw new NothingThere(volumeId);
    const { projectId } = volume;
    const snapshot = { id: randomUUID(), volumeId, projectId, name: null, createdAt: this.cloud.now() };
    this.cloud.snapshots.set(snapshot.id, snapshot);
    return snapshot.id;
  }

  /** Users and projects; tokens of what is disabled no longer count. */
  setEnabled(id: string, enabled: boolean): void {
    const thing = this.cloud.users.get(id) ?? this.cloud.projects.get(id);
    if (thing === undefined) throw new NothingThere(id);
    thing.enabled = enabled;
  }

  setPassword(userId: string, password: string, problem: string | null = null): void {
    const user = this.cloud.users.get(userId);
    if (user === undefined) throw new NothingThere(userId);
    Object.assign(user, { password, passwordProblem: problem });
  }

  revokeAllTokens(): void {
    for (const token of this.cloud.tokens.values()) token.isRevoked = true;
  }

  /** Directly, or as if through a group: then only the group's role can be taken away. */
  grant(
    { userId, roleId, projectId }: Pick<Assignment, 'userId' | 'roleId' | 'projectId'>,
    { isInherited = false }: { readonly isInherited?: boolean } = {},
  ): void {
    this.cloud.assignments.push({ userId, roleId, projectId, isInherited });
  }

  /** Nova's database cell of all servers: while it is down, they are shown as UNKNOWN with hardly a field. */
  setCellDown(isDown: boolean): void {
    this.cloud.isCellDown = isDown;
  }

  /** All roles of the user on the project. */
  revokeRoles(userId: string, projectId: string): void {
    const { cloud } = this;
    cloud.assignments = cloud.assignments.filter((one) => one.userId !== userId || one.projectId !== projectId);
  }

  /** The next ones of the kind are accepted and fail by themselves. */
  failNext(kind: PlannedFailure['kind'], times = 1, message: string = wordsOf[kind]): void {
    this.cloud.failures.push({ kind, times, message });
  }

  private server(id: string): Server {
    const server = this.cloud.servers.get(id);
    if (server === undefined) throw new NothingThere(id);
    return server;
  }
}

const wordsOf: Readonly<Record<PlannedFailure['kind'], string>> = {
  'no-valid-host': 'No valid host was found. ',
  spawn: 'Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures.',
  volume: 'schedule allocate volume:Could not find any available weighted backend.',
  extend: 'extend volume:Could not find any available weighted backend.',
  'extend-driver': 'extend volume:Volume Driver failed to extend volume.',
  'volume-delete': '',
  attach: 'Error',
  detach: 'Error',
};

export class NothingThere extends Error {
  constructor(id: string) {
    super(`there is nothing with the id ${id}`);
  }
}
