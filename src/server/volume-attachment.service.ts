import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import { OperationInProgress, type BlockedBy } from '../common/errors.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { OperationService, type Accepting } from '../operation/operation.service.js';
import type { VolumeEntity } from '../volume/volume.entity.js';
import { VolumeAccessDenied, VolumeNotFound } from '../volume/volume.errors.js';
import { VolumeRepository } from '../volume/volume.repository.js';
import { serverDeletion } from './server-deletion.operation.js';
import type { ServerDetails } from './server-details.js';
import type { ServerStatus } from './server-status.js';
import type { ServerEntity } from './server.entity.js';
import { ServerAccessDenied, ServerNotFound } from './server.errors.js';
import { ServerRepository } from './server.repository.js';
import { ServerService } from './server.service.js';
import type { VolumeAttachmentInput } from './volume-attachment-input.js';
import {
  RootVolumeNotDetachable,
  ServerNotAttachable,
  ServerNotMatched,
  VolumeAlreadyAttached,
  VolumeNotAttachable,
  VolumeNotAttached,
} from './volume-attachment.errors.js';
import { volumeAttachment, volumeDetachment } from './volume-attachment.operation.js';

/** A server and a volume, by our ids. */
export interface VolumeAttachmentCommand {
  readonly serverId: number;
  readonly volumeId: number;
}

/** A server after a volume was put on it or taken off: `operationId` is null when that is done, else what goes on. */
export interface ServerWithVolumes {
  readonly server: ServerDetails;
  readonly operationId: number | null;
}

/** Both, locked: nobody deletes the server or changes the volume until the transaction ends. */
interface Locked {
  readonly server: ServerEntity;
  readonly volume: VolumeEntity;
}

const attachable: readonly ServerStatus[] = [
  'ACTIVE',
  'SHUTOFF',
  'PAUSED',
  'VERIFY_RESIZE',
  'SHELVED',
  'SHELVED_OFFLOADED',
];

@Injectable()
export class VolumeAttachmentService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly operationRows: OperationRepository,
    private readonly servers: ServerRepository,
    private readonly volumes: VolumeRepository,
    private readonly reads: ServerService,
  ) {}

  /**
   * Puts a volume on a server, and waits for it a while.
   *
   * @throws ServerNotFound, ServerAccessDenied, VolumeNotFound, VolumeAccessDenied, VolumeAlreadyAttached, VolumeNotAttachable,
   *   ServerNotAttachable, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time.
   */
  async attach(actor: Actor, command: VolumeAttachmentCommand): Promise<ServerWithVolumes> {
    return this.carryOut(actor, async (tx, uuid) => {
      const { server, volume } = await this.lock(tx, actor, command);
      if (volume.serverId !== null) {
        throw new VolumeAlreadyAttached(volume, await this.holder(tx, volume.serverId));
      }
      if (volume.status !== 'AVAILABLE') throw new VolumeNotAttachable(volume, volume.status);
      if (!attachable.includes(server.status)) throw new ServerNotAttachable(server, server.status, attachable);
      return this.begin(tx, uuid, volumeAttachment, actor, { server, volume });
    });
  }

  /**
   * Takes a volume off a server; otherwise like `attach`.
   *
   * @throws ServerNotFound, ServerAccessDenied, VolumeNotFound, VolumeAccessDenied, ServerNotMatched, VolumeNotAttached,
   *   RootVolumeNotDetachable, OperationInProgress
   */
  async detach(actor: Actor, command: VolumeAttachmentCommand): Promise<ServerWithVolumes> {
    return this.carryOut(actor, async (tx, uuid) => {
      const { server, volume } = await this.lock(tx, actor, command);
      if (volume.serverId !== null && volume.serverId !== server.id) throw new ServerNotMatched(volume, server);
      if (volume.serverId === null || volume.status !== 'IN_USE') throw new VolumeNotAttached(volume, volume.status);
      if (volume.isRootVolume) throw new RootVolumeNotDetachable(volume, server);
      return this.begin(tx, uuid, volumeDetachment, actor, { server, volume });
    });
  }

  private async carryOut(actor: Actor, begin: Accepting): Promise<ServerWithVolumes> {
    const operation = await this.operations.accept(actor, begin);
    const isDone = await this.operations.settle(actor, operation);
    const server = await this.reads.getDetails(actor.principal, operation.serverId ?? 0);
    if (isDone) return { server, operationId: null };
    const { id, kind, state } = operation;
    // The volume is what is locked; who asked about the server still hears what goes on.
    return { server: { ...server, operation: { id, kind, state } }, operationId: id };
  }

  /** Server, then volume: every transaction locks them in this order. */
  private async lock(tx: EntityManager, { principal }: Actor, command: VolumeAttachmentCommand): Promise<Locked> {
    const { serverId, volumeId } = command;
    const server = await this.servers.findForShare(tx, serverId);
    if (server === null) throw new ServerNotFound(serverId);
    if (server.projectId !== principal.projectId) throw new ServerAccessDenied(serverId);
    const volume = await this.volumes.findForUpdate(tx, volumeId);
    if (volume === null) throw new VolumeNotFound(volumeId);
    if (volume.projectId !== principal.projectId) throw new VolumeAccessDenied(volumeId);
    return { server, volume };
  }

  private async holder(tx: EntityManager, serverId: number): Promise<BlockedBy | null> {
    const server = await this.servers.find(tx, serverId);
    return server === null ? null : { type: 'server', id: server.id, name: server.name };
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    kind: string,
    actor: Actor,
    { server, volume }: Locked,
  ): Promise<OperationEntity> {
    await this.refuseDeleted(tx, server);
    const { projectId, projectOpenstackId } = actor.principal;
    // In these statuses Nova has the server and Cinder the volume.
    if (server.openstackId === null) throw new ServerNotAttachable(server, server.status, attachable);
    if (volume.openstackId === null) throw new VolumeNotAttachable(volume, volume.status);
    const input: VolumeAttachmentInput = { projectOpenstackId, serverOpenstackId: server.openstackId };
    const resource = { type: 'volume', id: volume.id } as const;
    return this.operations.begin(tx, {
      uuid,
      kind,
      resource,
      serverId: server.id,
      projectId,
      actor,
      input,
      locks: [resource],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }

  /** A server that is being deleted takes and gives nothing any more. @throws OperationInProgress */
  private async refuseDeleted(tx: EntityManager, { id, name }: ServerEntity): Promise<void> {
    const holderId = await this.operationRows.findHolder(tx, { type: 'server', id });
    const holder = holderId === null ? null : await this.operationRows.find(tx, holderId);
    if (holder?.kind !== serverDeletion) return;
    throw new OperationInProgress(`Server "${name}" is being deleted`, { operationId: holder.id });
  }
}
