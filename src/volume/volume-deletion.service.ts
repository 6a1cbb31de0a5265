import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { DeletionPreview } from '../common/deletion-preview.js';
import type { DomainError } from '../common/errors.js';
import type { Precondition } from '../common/precondition.js';
import type { Principal } from '../common/principal.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { VolumeDeletionInput } from './volume-deletion-input.js';
import { volumeDeletion } from './volume-deletion.operation.js';
import type { VolumeDetails } from './volume-details.js';
import { VolumeDetailsRepository } from './volume-details.repository.js';
import { deletableStatuses } from './volume-status.js';
import {
  VolumeAttached,
  VolumeDeletionDenied,
  VolumeNotDeletable,
  VolumeNotFound,
  VolumeProtected,
} from './volume.errors.js';
import { VolumeRepository } from './volume.repository.js';
import { VolumeService, type ChangingVolume } from './volume.service.js';

@Injectable()
export class VolumeDeletionService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly operations: OperationService,
    private readonly volumes: VolumeRepository,
    private readonly details: VolumeDetailsRepository,
    private readonly reads: VolumeService,
  ) {}

  /**
   * Deletes a volume, and waits for it a while. Returns what goes on after that, or null when it is done.
   *
   * @throws VolumeNotFound, VolumeDeletionDenied (another project), PreconditionFailed, VolumeAttached, VolumeNotDeletable,
   *   VolumeProtected, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time.
   */
  async delete(actor: Actor, id: number, ifMatch: Precondition<VolumeDetails>): Promise<ChangingVolume | null> {
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, actor, id, ifMatch));
    return (await this.operations.settle(actor, operation)) ? null : this.reads.changing(operation);
  }

  /** What a deletion would do now, as far as our record knows. @throws VolumeNotFound, VolumeDeletionDenied, PreconditionFailed */
  async preview(principal: Principal, id: number, ifMatch: Precondition<VolumeDetails>): Promise<DeletionPreview> {
    const volume = requireOwn(principal, id, await this.database.read((manager) => this.details.find(manager, id)));
    await ifMatch.require(() => Promise.resolve(volume));
    const itself = { type: 'volume', id, name: volume.name };
    const refusal = refusalOf(volume);
    const named = refusal?.details.blockedBy ?? [];
    const blockedBy = refusal === null ? [] : named.length === 0 ? [itself] : named;
    return { delete: [itself], detach: [], keep: [], blockedBy, refusals: refusal === null ? [] : [refusal] };
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    id: number,
    ifMatch: Precondition<VolumeDetails>,
  ): Promise<OperationEntity> {
    const { principal } = actor;
    await this.volumes.findForUpdate(tx, id);
    const volume = requireOwn(principal, id, await this.details.find(tx, id));
    await ifMatch.require(() => Promise.resolve(volume));
    const refusal = refusalOf(volume);
    if (refusal !== null) throw refusal;
    const input: VolumeDeletionInput = { projectOpenstackId: principal.projectOpenstackId };
    return this.operations.begin(tx, {
      uuid,
      kind: volumeDeletion,
      resource: { type: 'volume', id },
      serverId: null,
      projectId: volume.projectId,
      actor,
      input,
      locks: [{ type: 'volume', id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }
}

/** @throws VolumeNotFound, VolumeDeletionDenied */
function requireOwn(principal: Principal, id: number, volume: VolumeDetails | null): VolumeDetails {
  if (volume?.deletedAt !== null) throw new VolumeNotFound(id);
  if (volume.projectId !== principal.projectId) throw new VolumeDeletionDenied(id);
  return volume;
}

/** Why it cannot be deleted, in the order of the contract; null when it can. */
function refusalOf(volume: VolumeDetails): DomainError | null {
  const { server } = volume;
  if (server !== null) return new VolumeAttached(volume, { type: 'server', id: server.id, name: server.name });
  if (!deletableStatuses.includes(volume.status)) return new VolumeNotDeletable(volume, volume.status);
  return volume.isProtected ? new VolumeProtected(volume) : null;
}
