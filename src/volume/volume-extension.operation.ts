import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import { orNull } from '../operation/marked-removal.js';
import type { Fault, OperationKind, RowWrites, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { singleCall } from './single-call.js';
import { volumeExtensionInput, type VolumeExtensionInput } from './volume-change-input.js';
import { volumeFault, volumeGone } from './volume-fault.js';
import { isRecorded } from './volume-seen.js';
import { volumeStatusFrom } from './volume-status.js';
import { VolumeTypes } from './volume-types.js';
import { VolumeClient, type ObservedVolume } from './volume.client.js';
import type { VolumeEntity } from './volume.entity.js';
import { VolumeNotResizable } from './volume.errors.js';
import { VolumeRepository } from './volume.repository.js';

export const volumeExtension = 'volume.extend';

interface Rows {
  readonly volume: VolumeEntity;
  readonly openstackId: string;
  readonly input: VolumeExtensionInput;
  readonly startedAt: Date;
}

/** Makes a volume larger, unless it is already; never undone. The row follows what Cinder shows, whatever comes of it. */
@Injectable()
export class VolumeExtensionOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = volumeExtension;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    { does: 'ensure', name: 'volume', title: 'the extension', look: (rows, calls) => this.lookBefore(rows, calls) },
    singleCall({
      name: 'extend',
      title: 'the extension',
      call: ({ openstackId, input }, calls) =>
        this.client.extend(calls.changing(input.projectOpenstackId), openstackId, input.size),
      isAccepted: (rows, calls) => this.isExtending(rows, calls),
      explain: (error, { volume }) =>
        Promise.resolve(error instanceof OpenStackNotFound ? volumeGone(volume.name) : null),
    }),
    { does: 'ensure', name: 'extended', title: 'the extension', look: (rows, calls) => this.lookAfter(rows, calls) },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly client: VolumeClient,
    private readonly types: VolumeTypes,
    private readonly volumes: VolumeRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const volume = await this.volumes.findAny(manager, operation.resourceId);
    if (typeof volume?.openstackId !== 'string') {
      throw new Error(`volume ${String(operation.resourceId)} has no row, or nothing in OpenStack`);
    }
    const input = volumeExtensionInput.parse(operation.input);
    return { volume, openstackId: volume.openstackId, input, startedAt: operation.createdAt };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { volume }: Rows): Promise<void> {
    await this.volumes.setFault(tx, volume.id, null);
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { volume }: Rows, fault: Fault): Promise<void> {
    await this.volumes.setFault(tx, volume.id, fault);
  }

  /** The record may be behind: what Cinder shows decides whether it can be made larger. */
  private async lookBefore(rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.see(rows, calls);
    if (seen === null) return gone(rows);
    if (isReached(rows, seen) || seen.status === 'available' || seen.status === 'extending') return { is: 'reached' };
    if (!isRecorded(rows.volume, seen)) return { is: 'passing', writes: await this.follow(rows, seen) };
    const { code, message } = new VolumeNotResizable(rows.volume, volumeStatusFrom(seen.status), null);
    return { is: 'failed', fault: { code, message, openstackRequestIds: [] } };
  }

  private async isExtending(rows: Rows, calls: StepCalls): Promise<boolean> {
    const seen = await this.see(rows, calls);
    return seen !== null && (isReached(rows, seen) || seen.status === 'extending');
  }

  private async lookAfter(rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.see(rows, calls);
    if (seen === null) return gone(rows);
    const writes = await this.follow(rows, seen);
    if (seen.status === 'extending') return { is: 'passing', writes };
    if (isReached(rows, seen) && !seen.status.startsWith('error')) return { is: 'reached', writes };
    if (!isRecorded(rows.volume, seen)) return { is: 'passing', writes };
    // Where no backend has room Cinder goes back to the old status and says why in a message alone.
    const call = calls.reading(rows.input.projectOpenstackId);
    const messages = await this.client.messagesSince(call, rows.openstackId, rows.startedAt);
    return { is: 'failed', fault: volumeFault('The volume could not be made larger', seen.status, messages) };
  }

  private see({ input, openstackId }: Rows, calls: StepCalls): Promise<ObservedVolume | null> {
    return orNull(this.client.get(calls.reading(input.projectOpenstackId), openstackId));
  }

  private async follow({ volume, input }: Rows, seen: ObservedVolume): Promise<RowWrites> {
    const observation = await this.types.withId(input.projectOpenstackId, seen);
    return (tx) => this.volumes.setObservedOnServer(tx, volume.id, observation);
  }
}

function isReached({ input }: Rows, { size }: ObservedVolume): boolean {
  return size >= input.size;
}

function gone({ volume }: Rows): Sight {
  return { is: 'failed', fault: volumeGone(volume.name) };
}
