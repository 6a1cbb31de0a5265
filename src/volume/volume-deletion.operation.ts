import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import type { RemovalTarget } from '../operation/marked-removal.js';
import type { Fault, OperationKind, RowWrites, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { volumeDeletionInput } from './volume-deletion-input.js';
import { givenUpFault, isDeletable, isGivenUp, VolumeRemoval } from './volume-removal.js';
import { isRecorded } from './volume-seen.js';
import { volumeStatusFrom } from './volume-status.js';
import { VolumeTypes } from './volume-types.js';
import { VolumeClient, type ObservedVolume } from './volume.client.js';
import type { VolumeEntity } from './volume.entity.js';
import { VolumeAttached, VolumeNotDeletable } from './volume.errors.js';
import { VolumeRepository } from './volume.repository.js';

export const volumeDeletion = 'volume.delete';

interface Rows {
  readonly volume: VolumeEntity;
  readonly target: RemovalTarget;
}

/** On their way to a status in which Cinder deletes, or out of OpenStack. */
const passing = new Set(['deleting', 'creating', 'downloading', 'extending']);

/**
 * Takes a volume out of OpenStack, unless Cinder shows it on a server or with snapshots. One that Cinder could not delete before is
 * set to error first; when it cannot again, the deletion ends, and may be asked for anew. Only goes forward.
 */
@Injectable()
export class VolumeDeletionOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = volumeDeletion;
  readonly effect = 'destroy';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'ensure',
      name: 'reset',
      title: 'the setting of the volume to error',
      look: (rows, calls) => this.lookForReset(rows, calls),
    },
    {
      does: 'ensure',
      name: 'volume-gone',
      title: 'the deletion of the volume',
      look: (rows, calls) => this.lookForGone(rows, calls),
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly client: VolumeClient,
    private readonly types: VolumeTypes,
    private readonly removal: VolumeRemoval,
    private readonly volumes: VolumeRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const volume = await this.volumes.findAny(manager, operation.resourceId);
    if (volume === null) throw new Error(`volume ${String(operation.resourceId)} has no row`);
    const { projectOpenstackId } = volumeDeletionInput.parse(operation.input);
    const { uuid, openstackId } = volume;
    const deploymentId = await this.deployment.deploymentId();
    return { volume, target: { projectOpenstackId, deploymentId, uuid, openstackId } };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { volume }: Rows): Promise<void> {
    await this.volumes.tombstone(tx, volume.id, 'user');
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { volume }: Rows, fault: Fault): Promise<void> {
    await this.volumes.setFault(tx, volume.id, {
      code: fault.code,
      message: `The volume could not be deleted. ${fault.message}`,
    });
  }

  private async lookForReset({ target }: Rows, calls: StepCalls): Promise<Sight> {
    const found = await this.removal.find(target, calls);
    if (!found.some(isGivenUp)) return { is: 'reached' };
    return { is: 'needed', act: () => this.removal.reset(found, calls) };
  }

  private async lookForGone(rows: Rows, calls: StepCalls): Promise<Sight> {
    const { volume, target } = rows;
    const found = await this.removal.find(target, calls);
    const [seen] = found;
    if (seen === undefined) return { is: 'reached' };
    if (passing.has(seen.status)) return { is: 'passing', writes: await this.follow(rows, seen) };
    const fault = this.refusal(volume, seen) ?? (await this.snapshotFault(rows, seen, calls));
    if (fault === null) return { is: 'needed', act: () => this.removal.delete(target, found, calls) };
    // The record did not know: it follows before the deletion ends.
    if (!isRecorded(volume, seen)) return { is: 'passing', writes: await this.follow(rows, seen) };
    return { is: 'failed', fault };
  }

  private refusal(volume: VolumeEntity, seen: ObservedVolume): Fault | null {
    if (isGivenUp(seen)) return givenUpFault;
    const isAttached = seen.attachments.length > 0;
    if (isDeletable(seen) && !isAttached) return null;
    const { code, message } = isAttached
      ? new VolumeAttached(volume, null)
      : new VolumeNotDeletable(volume, volumeStatusFrom(seen.status));
    return { code, message, openstackRequestIds: [] };
  }

  /** Cinder refuses then in words that name everything that could be. */
  private async snapshotFault({ target, volume }: Rows, seen: ObservedVolume, calls: StepCalls): Promise<Fault | null> {
    const count = await this.client.snapshotCount(calls.reading(target.projectOpenstackId), seen.openstackId);
    if (count === 0) return null;
    const message = `${String(count)} snapshot(s) hold volume "${volume.name}"; delete them in OpenStack first.`;
    return { code: 'OPENSTACK_REFUSED', message, openstackRequestIds: [] };
  }

  private async follow({ volume, target }: Rows, seen: ObservedVolume): Promise<RowWrites> {
    const observation = await this.types.withId(target.projectOpenstackId, seen);
    return (tx) => this.volumes.setObservedOnServer(tx, volume.id, observation);
  }
}
