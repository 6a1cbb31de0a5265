import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { DeploymentService } from '../database/deployment.service.js';
import { FloatingIpRemoval } from '../floating-ip/floating-ip-removal.js';
import { FloatingIpClient } from '../floating-ip/floating-ip.client.js';
import type { FloatingIpEntity } from '../floating-ip/floating-ip.entity.js';
import { FloatingIpRepository } from '../floating-ip/floating-ip.repository.js';
import { NetworkInterfaceRepository } from '../network-interface/network-interface.repository.js';
import { OpenStackConflict, OpenStackNotFound } from '../openstack/openstack-errors.js';
import type { Fault, OperationKind, RowWrites, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { orNull } from '../operation/marked-removal.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { VolumeClient } from '../volume/volume.client.js';
import type { VolumeEntity } from '../volume/volume.entity.js';
import { VolumeRepository } from '../volume/volume.repository.js';
import { serverDeletionInput, type ServerDeletionInput } from './server-deletion-input.js';
import { ServerKey } from './server-key.js';
import { ServerRemoval, targetOf } from './server-removal.js';
import { projectOpenstackId, type ServerRows } from './server-rows.js';
import { ServerClient } from './server.client.js';
import { ServerRepository } from './server.repository.js';
import type { EntityManager } from '../database/transaction.js';

export const serverDeletion = 'server.delete';

interface Rows extends ServerRows {
  readonly input: ServerDeletionInput;
  readonly floatingIps: readonly FloatingIpEntity[];
  /** A call of an operation that this deletion cancelled may still take effect. */
  readonly isSettling: boolean;
  /** A call of the step that is under way has gone out, and has not failed as far as we know. */
  readonly hasAsked: boolean;
}

/**
 * A server and all that was made with it: server → ports → root volume; then data volumes and floating IPs are read from
 * OpenStack, which has let them go by itself, and those that are to go too are deleted. Only goes forward.
 */
@Injectable()
export class ServerDeletionOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = serverDeletion;
  readonly effect = 'destroy';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'ensure',
      name: 'server-gone',
      title: 'the deletion of the server',
      look: (rows, calls) => this.lookAtServer(rows, calls),
    },
    {
      does: 'ensure',
      name: 'key-gone',
      title: 'the deletion of its key',
      // Left over when its creation was cancelled; others have none in Nova.
      look: async (rows, calls) => (rows.server.keyName === null ? { is: 'reached' } : this.keys.remove(rows, calls)),
    },
    {
      does: 'ensure',
      name: 'ports-gone',
      title: 'the deletion of its ports',
      look: (rows, calls) => this.lookAtPorts(rows, calls),
    },
    {
      does: 'ensure',
      name: 'root-volume-gone',
      title: 'the deletion of its root volume',
      look: (rows, calls) => this.lookAtRootVolume(rows, calls),
    },
    {
      does: 'ensure',
      name: 'data-volumes-detached',
      title: 'the detaching of its volumes',
      look: (rows, calls) => this.lookAtDataVolumes(rows, calls),
    },
    {
      does: 'ensure',
      name: 'data-volumes-gone',
      title: 'the deletion of its data volumes',
      look: (rows, calls) => this.lookForDataVolumes(rows, calls),
    },
    {
      does: 'ensure',
      name: 'floating-ips-free',
      title: 'the freeing of its addresses',
      look: (rows, calls) => this.lookAtFloatingIps(rows, calls),
    },
    {
      does: 'ensure',
      name: 'floating-ips-gone',
      title: 'the release of its addresses',
      look: (rows, calls) => this.lookForFloatingIps(rows, calls),
    },
  ];

  constructor(
    private readonly config: Config,
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly removal: ServerRemoval,
    private readonly keys: ServerKey,
    private readonly serverClient: ServerClient,
    private readonly volumeClient: VolumeClient,
    private readonly floatingIpClient: FloatingIpClient,
    private readonly floatingIpRemoval: FloatingIpRemoval,
    private readonly operations: OperationRepository,
    private readonly servers: ServerRepository,
    private readonly volumes: VolumeRepository,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly floatingIps: FloatingIpRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const server = await this.servers.find(manager, operation.resourceId);
    if (server === null) throw new Error(`server ${String(operation.resourceId)} is deleted while its deletion runs`);
    const interfaces = await this.interfaces.findGoingWith(manager, server.id);
    const sentAt = await this.operations.lastSentOnServer(manager, server.id);
    const now = await this.operations.now(manager);
    return {
      server,
      input: serverDeletionInput.parse(operation.input),
      interfaces,
      volumes: await this.volumes.findOfServer(manager, server.id),
      floatingIps: await this.floatingIps.findOfInterfaces(
        manager,
        interfaces.map((nic) => nic.id),
      ),
      projectOpenstackId: await projectOpenstackId(manager, server.projectId),
      deploymentId: await this.deployment.deploymentId(),
      hasAsked: operation.sentStep === operation.step && operation.lastFailure === null,
      isSettling: sentAt !== null && sentAt.getTime() + this.config.settings.SETTLING_MS > now.getTime(),
    };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, rows: Rows): Promise<void> {
    await this.servers.tombstone(tx, rows.server.id, rows.input.isDeletedOutside ? 'external' : 'user');
    for (const nic of rows.interfaces) await this.interfaces.tombstone(tx, nic.id, 'cascade');
    for (const volume of rows.volumes.filter((candidate) => candidate.isRootVolume || isToGo(rows, candidate))) {
      await this.volumes.tombstone(tx, volume.id, 'cascade');
    }
    for (const floatingIp of releasedOf(rows)) await this.floatingIps.tombstone(tx, floatingIp.id, 'cascade');
  }

  /** What OpenStack did not let go stays, and the server says so. */
  async fail(tx: EntityManager, _operation: OperationEntity, rows: Rows, fault: Fault): Promise<void> {
    // Back again, or not wholly cleaned up: the next sweep sees it.
    if (rows.input.isDeletedOutside) return;
    await this.servers.setUndeleted(tx, rows.server.id);
    await this.servers.setFault(tx, rows.server.id, {
      code: fault.code,
      message: `The server could not be deleted completely. ${fault.message}`,
    });
  }

  private async lookAtServer(rows: Rows, calls: StepCalls): Promise<Sight> {
    if (rows.input.isDeletedOutside) return this.lookForServer(rows, calls);
    const sight = await this.removal.server(targetOf(rows, rows.server), calls);
    if (sight.is === 'reached') return rows.isSettling ? { is: 'passing' } : sight;
    return sight.is === 'passing' ? { is: 'passing', writes: await this.observedServer(rows, calls) } : sight;
  }

  /** A server that is gone must still be, or nothing of it is touched. */
  private async lookForServer({ server, projectOpenstackId: projectId }: Rows, calls: StepCalls): Promise<Sight> {
    const { openstackId } = server;
    const seen =
      openstackId === null ? null : await orNull(this.serverClient.get(calls.reading(projectId), openstackId));
    if (seen === null || seen.status === 'DELETED') return { is: 'reached' };
    const message = `Nova shows the server again, as ${seen.status}.`;
    return { is: 'failed', fault: { code: 'OPENSTACK_CONFLICT', message, openstackRequestIds: [] } };
  }

  private async lookAtPorts(rows: Rows, calls: StepCalls): Promise<Sight> {
    const writes: RowWrites[] = [];
    for (const nic of rows.interfaces) {
      const target = targetOf(rows, nic);
      // Unasked, only what carries our marker is deleted.
      const toDelete = rows.input.isDeletedOutside ? { ...target, openstackId: null } : target;
      const sight = await this.removal.port(toDelete, calls);
      if (sight.is !== 'reached') return sight;
      if (rows.input.isDeletedOutside && (await this.removal.hasPort(target, calls))) {
        writes.push((tx) => this.interfaces.setUnused(tx, nic.id));
      }
    }
    return { is: 'reached', writes: inOrder(writes) };
  }

  private async lookAtRootVolume(rows: Rows, calls: StepCalls): Promise<Sight> {
    const root = rows.volumes.find((volume) => volume.isRootVolume);
    if (root === undefined) return { is: 'reached' };
    return rows.input.isDeletedOutside ? this.keepRootVolume(root, rows, calls) : this.lookAtVolume(root, rows, calls);
  }

  private async keepRootVolume(root: VolumeEntity, rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.lookAtDataVolume(root, rows, calls);
    if (seen === 'passing') return { is: 'passing' };
    const note = 'Its server was deleted in OpenStack; the volume was kept.';
    return {
      is: 'reached',
      writes: async (tx) => {
        await seen(tx);
        await this.volumes.keep(tx, root.id, note);
      },
    };
  }

  /** Gone, or kept as an ordinary volume that says why. */
  private async lookAtVolume(volume: VolumeEntity, rows: Rows, calls: StepCalls): Promise<Sight> {
    const sight = await this.removal.volume(targetOf(rows, volume), calls, rows.hasAsked);
    if (sight.is !== 'needed' || volume.openstackId === null) return sight;
    const reading = calls.reading(rows.projectOpenstackId);
    const snapshots = await this.volumeClient.snapshotCount(reading, volume.openstackId);
    if (snapshots === 0) return sight;
    // Cinder refuses to delete a volume that snapshots hold, and data is not deleted unasked.
    const note = `Its server was deleted; ${String(snapshots)} snapshot(s) hold this volume, so it was kept.`;
    return {
      is: 'reached',
      writes: async (tx) => {
        await this.volumes.keep(tx, volume.id, note);
        await this.volumes.setObserved(tx, volume.id, { status: 'available', size: volume.size });
      },
    };
  }

  private async lookForDataVolumes(rows: Rows, calls: StepCalls): Promise<Sight> {
    const writes: RowWrites[] = [];
    for (const volume of rows.volumes.filter((candidate) => isToGo(rows, candidate))) {
      const sight = await this.lookAtVolume(volume, rows, calls);
      if (sight.is !== 'reached') return sight;
      if (sight.writes !== undefined) writes.push(sight.writes);
    }
    return { is: 'reached', writes: inOrder(writes) };
  }

  private async lookAtDataVolumes(rows: Rows, calls: StepCalls): Promise<Sight> {
    const writes: RowWrites[] = [];
    for (const volume of rows.volumes.filter((candidate) => !candidate.isRootVolume)) {
      const seen = await this.lookAtDataVolume(volume, rows, calls);
      if (seen === 'passing') return { is: 'passing' };
      writes.push(seen);
    }
    return { is: 'reached', writes: inOrder(writes) };
  }

  private async lookAtDataVolume(volume: VolumeEntity, rows: Rows, calls: StepCalls): Promise<RowWrites | 'passing'> {
    if (volume.openstackId === null) {
      return (tx) => (isToGo(rows, volume) ? Promise.resolve() : this.volumes.setDetached(tx, volume.id));
    }
    try {
      const observed = await this.volumeClient.get(calls.reading(rows.projectOpenstackId), volume.openstackId);
      const isHeld = observed.attachments.some((attachment) => attachment.serverId === rows.server.openstackId);
      if (isHeld || passingOn.has(observed.status)) return 'passing';
      // Its row leads to the server until it is gone.
      if (isToGo(rows, volume)) return (tx) => this.volumes.setObserved(tx, volume.id, observed);
      return async (tx) => {
        await this.volumes.setObserved(tx, volume.id, observed);
        await this.volumes.setDetached(tx, volume.id);
      };
    } catch (error) {
      if (error instanceof OpenStackNotFound) return (tx) => this.volumes.tombstone(tx, volume.id, 'external');
      throw error;
    }
  }

  private async lookAtFloatingIps(rows: Rows, calls: StepCalls): Promise<Sight> {
    const writes: RowWrites[] = [];
    const portIds = rows.interfaces.map((nic) => nic.openstackId);
    const released = releasedOf(rows);
    for (const floatingIp of rows.floatingIps) {
      if (floatingIp.openstackId === null || released.includes(floatingIp)) continue;
      try {
        const observed = await this.floatingIpClient.get(
          calls.reading(rows.projectOpenstackId),
          floatingIp.openstackId,
        );
        if (observed.portId !== null && portIds.includes(observed.portId)) return { is: 'passing' };
        writes.push((tx) => this.floatingIps.setObserved(tx, floatingIp.id, { ...observed, networkInterfaceId: null }));
      } catch (error) {
        if (!(error instanceof OpenStackNotFound)) throw error;
        writes.push((tx) => this.floatingIps.tombstone(tx, floatingIp.id, 'external'));
      }
    }
    return { is: 'reached', writes: inOrder(writes) };
  }

  /** One that is on another port by now is someone's: it stays, and the record follows. */
  private async lookForFloatingIps(rows: Rows, calls: StepCalls): Promise<Sight> {
    const writes: RowWrites[] = [];
    const portIds = rows.interfaces.map((nic) => nic.openstackId);
    for (const floatingIp of releasedOf(rows)) {
      const target = targetOf(rows, floatingIp);
      const found = await this.floatingIpRemoval.find(target, calls);
      const [held] = found.filter(({ portId }) => portId !== null);
      if (held !== undefined && portIds.includes(held.portId)) return { is: 'passing' };
      if (held !== undefined) {
        writes.push((tx) => this.floatingIps.setObservedOnPort(tx, floatingIp.id, held));
      } else if (found.length > 0) {
        return {
          is: 'needed',
          act: () => this.floatingIpRemoval.release(target, found, calls),
          passes: (error) => error instanceof OpenStackConflict,
        };
      }
    }
    return { is: 'reached', writes: inOrder(writes) };
  }

  /** A server that is going shows what Nova says of it. */
  private async observedServer(rows: Rows, calls: StepCalls): Promise<RowWrites> {
    const { openstackId, id } = rows.server;
    if (openstackId === null) return () => Promise.resolve();
    try {
      const observed = await this.serverClient.get(calls.reading(rows.projectOpenstackId), openstackId);
      return (tx) => this.servers.setObserved(tx, id, observed);
    } catch (error) {
      if (error instanceof OpenStackNotFound) return () => Promise.resolve();
      throw error;
    }
  }
}

/** A data volume that is to be deleted too. */
function isToGo({ input }: Rows, { id }: VolumeEntity): boolean {
  return input.dataVolumeIds.includes(id);
}

/** Addresses that are to be given back, and still lead to the server by our record. */
function releasedOf({ input, floatingIps }: Rows): readonly FloatingIpEntity[] {
  return floatingIps.filter(({ id }) => input.floatingIpIds.includes(id));
}

/** Cinder lets go of a volume a moment after its server is gone. */
const passingOn = new Set(['reserved', 'attaching', 'detaching']);

function inOrder(writes: readonly RowWrites[]): RowWrites {
  return async (tx) => {
    for (const write of writes) await write(tx);
  };
}
