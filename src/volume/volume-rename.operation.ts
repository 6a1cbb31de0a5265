import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { openstackName, openstackText } from '../openstack/openstack-name.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import { orNull } from '../operation/marked-removal.js';
import type { Fault, OperationKind, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { singleCall } from './single-call.js';
import { volumeRenameInput, type VolumeRenameInput } from './volume-change-input.js';
import { volumeGone } from './volume-fault.js';
import { VolumeClient, type ObservedVolume } from './volume.client.js';
import type { VolumeEntity } from './volume.entity.js';
import { VolumeNameTaken } from './volume.errors.js';
import { VolumeRepository } from './volume.repository.js';

export const volumeRename = 'volume.rename';

interface Rows {
  readonly volume: VolumeEntity;
  readonly input: VolumeRenameInput;
}

/** Gives a volume in Cinder the name and description that our record has already; that reserved the name. */
@Injectable()
export class VolumeRenameOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = volumeRename;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    singleCall({
      name: 'renamed',
      title: 'the new name',
      call: (rows, calls) => this.rename(rows, calls),
      isAccepted: (rows, calls) => this.isRenamed(rows, calls),
      explain: (error, { volume }) =>
        Promise.resolve(error instanceof OpenStackNotFound ? volumeGone(volume.name) : null),
    }),
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly client: VolumeClient,
    private readonly volumes: VolumeRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const volume = await this.volumes.findAny(manager, operation.resourceId);
    if (volume === null) throw new Error(`volume ${String(operation.resourceId)} has no row`);
    return { volume, input: volumeRenameInput.parse(operation.input) };
  }

  async succeed(): Promise<void> {
    // The record has the name since the request.
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { volume, input }: Rows, fault: Fault): Promise<void> {
    await this.takeBack(tx, volume, input);
    await this.volumes.setFault(tx, volume.id, {
      code: fault.code,
      message: `The volume could not be renamed. ${fault.message}`,
    });
  }

  /** Where somebody took the old name meanwhile, the new one stays in the record. */
  private async takeBack(tx: EntityManager, volume: VolumeEntity, input: VolumeRenameInput): Promise<void> {
    const { previousName, previousDescription } = input;
    const info = { name: previousName, description: previousDescription, isProtected: volume.isProtected };
    try {
      await this.volumes.setInfo(tx, volume, info);
    } catch (error) {
      if (!(error instanceof VolumeNameTaken)) throw error;
    }
  }

  private async rename({ volume, input }: Rows, calls: StepCalls): Promise<void> {
    // One whose creation failed is in our record alone.
    if (volume.openstackId === null) return;
    const seen = await this.client.get(calls.reading(input.projectOpenstackId), volume.openstackId);
    if (hasNames(seen, input)) return;
    const { name, description } = input;
    await this.client.update(calls.changing(input.projectOpenstackId), volume.openstackId, { name, description });
  }

  private async isRenamed({ volume, input }: Rows, calls: StepCalls): Promise<boolean> {
    if (volume.openstackId === null) return true;
    const seen = await orNull(this.client.get(calls.reading(input.projectOpenstackId), volume.openstackId));
    return seen !== null && hasNames(seen, input);
  }
}

/** Cinder has what it can keep of them: without what it refuses, and without white space at the edges. */
function hasNames(seen: ObservedVolume, { name, description }: VolumeRenameInput): boolean {
  const wanted = description === null ? '' : openstackText(description).trim();
  return seen.name === openstackName(name).trim() && (seen.description ?? '') === wanted;
}
