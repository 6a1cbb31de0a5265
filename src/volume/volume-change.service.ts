import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { BlockedBy } from '../common/errors.js';
import type { Precondition } from '../common/precondition.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService, type Accepting } from '../operation/operation.service.js';
import type { VolumeExtensionInput, VolumeRenameInput } from './volume-change-input.js';
import type { VolumeDetails } from './volume-details.js';
import { VolumeDetailsRepository } from './volume-details.repository.js';
import { volumeExtension } from './volume-extension.operation.js';
import { volumeRename } from './volume-rename.operation.js';
import type { VolumeEntity } from './volume.entity.js';
import { VolumeNotFound, VolumeNotLarger, VolumeNotResizable, VolumeUpdateDenied } from './volume.errors.js';
import { VolumeRepository } from './volume.repository.js';
import { VolumeService, type ChangedVolume } from './volume.service.js';

export interface UpdateVolumeInfoCommand {
  readonly id: number;
  readonly name: string;
  /** Undefined: as it is. */
  readonly description: string | null | undefined;
  /** Undefined: as it is. */
  readonly isProtected: boolean | undefined;
}

export interface ExtendVolumeCommand {
  readonly id: number;
  /** GiB. */
  readonly size: number;
}

@Injectable()
export class VolumeChangeService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly volumes: VolumeRepository,
    private readonly details: VolumeDetailsRepository,
    private readonly reads: VolumeService,
  ) {}

  /**
   * Renames a volume here at once and then in Cinder, and waits for that a while.
   *
   * @throws VolumeNotFound, VolumeUpdateDenied (another project), PreconditionFailed, VolumeNameTaken, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time; the old name is back then.
   */
  async update(
    actor: Actor,
    command: UpdateVolumeInfoCommand,
    ifMatch: Precondition<VolumeDetails>,
  ): Promise<ChangedVolume> {
    return this.carryOut(actor, async (tx, uuid) => {
      const volume = await this.lock(tx, actor, command.id, ifMatch);
      const { name } = command;
      const { name: previousName, description: previousDescription } = volume;
      const description = command.description === undefined ? previousDescription : command.description;
      await this.volumes.setInfo(tx, volume, {
        name,
        description,
        isProtected: command.isProtected ?? volume.isProtected,
      });
      const { projectOpenstackId } = actor.principal;
      const input: VolumeRenameInput = { projectOpenstackId, name, description, previousName, previousDescription };
      return this.begin(tx, uuid, actor, { kind: volumeRename, volume, input });
    });
  }

  /**
   * Makes a volume larger, and waits for it a while.
   *
   * @throws VolumeNotFound, VolumeUpdateDenied (another project), PreconditionFailed, VolumeNotResizable, VolumeNotLarger,
   *   OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time, e.g. `QUOTA_EXCEEDED`.
   */
  async extend(
    actor: Actor,
    { id, size }: ExtendVolumeCommand,
    ifMatch: Precondition<VolumeDetails>,
  ): Promise<ChangedVolume> {
    return this.carryOut(actor, async (tx, uuid) => {
      const volume = await this.lock(tx, actor, id, ifMatch);
      if (volume.status !== 'AVAILABLE' || volume.openstackId === null) {
        throw new VolumeNotResizable(volume, volume.status, await this.holder(tx, id));
      }
      if (size <= volume.size) throw new VolumeNotLarger(volume, volume.size);
      const input: VolumeExtensionInput = { projectOpenstackId: actor.principal.projectOpenstackId, size };
      return this.begin(tx, uuid, actor, { kind: volumeExtension, volume, input });
    });
  }

  private async carryOut(actor: Actor, begin: Accepting): Promise<ChangedVolume> {
    const operation = await this.operations.accept(actor, begin);
    const isDone = await this.operations.settle(actor, operation);
    return this.reads.changed(operation, { isDone });
  }

  /** The server that it is on. */
  private async holder(tx: EntityManager, id: number): Promise<BlockedBy | null> {
    const server = (await this.details.find(tx, id))?.server ?? null;
    return server === null ? null : { type: 'server', id: server.id, name: server.name };
  }

  private async lock(
    tx: EntityManager,
    { principal }: Actor,
    id: number,
    ifMatch: Precondition<VolumeDetails>,
  ): Promise<VolumeEntity> {
    const volume = await this.volumes.findForUpdate(tx, id);
    if (volume === null) throw new VolumeNotFound(id);
    if (volume.projectId !== principal.projectId) throw new VolumeUpdateDenied(id);
    await ifMatch.require(() => this.details.find(tx, id));
    return volume;
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    change: { readonly kind: string; readonly volume: VolumeEntity; readonly input: unknown },
  ): Promise<OperationEntity> {
    const resource = { type: 'volume', id: change.volume.id } as const;
    return this.operations.begin(tx, {
      uuid,
      kind: change.kind,
      resource,
      // A root volume goes with its server, whose deletion takes over its lock.
      serverId: change.volume.isRootVolume ? change.volume.serverId : null,
      projectId: change.volume.projectId,
      actor,
      input: change.input,
      locks: [resource],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }
}
