import { Injectable } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { OpenStackConflict, OpenStackNotFound, type OpenStackError } from '../openstack/openstack-errors.js';
import { orNull } from '../operation/marked-removal.js';
import type { Fault, OperationKind, RowWrites, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { singleCall } from '../volume/single-call.js';
import { volumeGone } from '../volume/volume-fault.js';
import { isRecorded } from '../volume/volume-seen.js';
import { volumeStatusFrom } from '../volume/volume-status.js';
import { VolumeTypes } from '../volume/volume-types.js';
import { VolumeClient, type ObservedVolume } from '../volume/volume.client.js';
import type { VolumeEntity } from '../volume/volume.entity.js';
import { VolumeRepository } from '../volume/volume.repository.js';
import { ServerActionClient } from './server-action.client.js';
import { volumeAttachmentInput, type VolumeAttachmentInput } from './volume-attachment-input.js';
import { VolumeAttachmentClient } from './volume-attachment.client.js';
import { VolumeAlreadyAttached, VolumeNotAttachable } from './volume-attachment.errors.js';

export const volumeAttachment = 'volume.attach';
export const volumeDetachment = 'volume.detach';

interface Rows {
  readonly volume: VolumeEntity;
  readonly openstackId: string;
  readonly input: VolumeAttachmentInput;
}

/**
 * Puts volumes on servers and takes them off. Two kinds that differ in their goal: Nova is asked once, and then Cinder is looked at
 * until the volume is where it should be, or back where it was. The row follows what Cinder shows. Never undone.
 */
@Injectable()
export class VolumeAttachmentOperation {
  constructor(
    registry: OperationRegistry,
    private readonly client: VolumeAttachmentClient,
    private readonly actions: ServerActionClient,
    private readonly volumeClient: VolumeClient,
    private readonly types: VolumeTypes,
    private readonly volumes: VolumeRepository,
  ) {
    registry.register(
      this.kindOf(volumeAttachment, 'attached', [
        {
          does: 'ensure',
          name: 'volume',
          title: 'the attachment',
          look: (rows, calls) => this.lookBefore(rows, calls),
        },
        singleCall({
          name: 'attach',
          title: 'the attachment',
          call: async (rows, calls) => {
            await this.client.attach(calls.changing(rows.input.projectOpenstackId), pairOf(rows));
          },
          isAccepted: (rows, calls) => this.isOnServer(rows, calls),
          passes: isServerBusy,
        }),
        {
          does: 'ensure',
          name: 'attached',
          title: 'the attachment',
          look: (rows, calls) => this.lookForAttachment(rows, calls),
        },
      ]),
    );
    registry.register(
      this.kindOf(volumeDetachment, 'detached', [
        singleCall({
          name: 'detach',
          title: 'the detachment',
          call: (rows, calls) => this.client.detach(calls.changing(rows.input.projectOpenstackId), pairOf(rows)),
          isAccepted: (rows, calls) => this.isLettingGo(rows, calls),
          // Of a server that is gone Cinder hears a moment later.
          passes: (error) => isServerBusy(error) || error instanceof OpenStackNotFound,
        }),
        {
          does: 'ensure',
          name: 'detached',
          title: 'the detachment',
          look: (rows, calls) => this.lookForDetachment(rows, calls),
        },
      ]),
    );
  }

  private kindOf(kind: string, goal: string, steps: readonly Step<Rows>[]): OperationKind<Rows> {
    return {
      kind,
      effect: 'change',
      steps,
      load: (manager, operation) => this.load(manager, operation),
      succeed: (tx, _operation, { volume }) => this.volumes.setFault(tx, volume.id, null),
      fail: (tx, _operation, { volume }, fault) =>
        this.volumes.setFault(tx, volume.id, {
          code: fault.code,
          message: `The volume could not be ${goal}. ${fault.message}`,
        }),
    };
  }

  private async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const volume = await this.volumes.findAny(manager, operation.resourceId);
    if (typeof volume?.openstackId !== 'string') {
      throw new Error(`volume ${String(operation.resourceId)} has no row, or nothing in OpenStack`);
    }
    return { volume, openstackId: volume.openstackId, input: volumeAttachmentInput.parse(operation.input) };
  }

  /** The record may be behind: what Cinder shows decides whether Nova is asked. */
  private async lookBefore(rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.see(rows, calls);
    if (seen === null) return { is: 'failed', fault: volumeGone(rows.volume.name) };
    if (isAttached(rows, seen) || seen.status === 'available') return { is: 'reached' };
    return this.refusedBy(rows, seen);
  }

  /** Nova lists what it attaches from the moment at which it accepts it. */
  private async isOnServer({ input, openstackId }: Rows, calls: StepCalls): Promise<boolean> {
    const call = calls.reading(input.projectOpenstackId);
    const attached = await orNull(this.client.list(call, input.serverOpenstackId));
    return attached?.some(({ volumeId }) => volumeId === openstackId) ?? false;
  }

  private async lookForAttachment(rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.see(rows, calls);
    if (seen === null) return { is: 'failed', fault: volumeGone(rows.volume.name) };
    if (isAttached(rows, seen) && seen.status === 'in-use') {
      return { is: 'reached', writes: await this.follow(rows, seen) };
    }
    const isComing = seen.status === 'reserved' || seen.status === 'attaching' || isAttached(rows, seen);
    if (isComing) return { is: 'passing', writes: await this.follow(rows, seen) };
    // Nova reserves the volume a moment after it lists it.
    if (seen.status !== 'available') return this.refusedBy(rows, seen);
    if (!isRecorded(rows.volume, seen) || (await this.isOnServer(rows, calls))) {
      return { is: 'passing', writes: await this.follow(rows, seen) };
    }
    return { is: 'failed', fault: await this.givenUp(rows, calls, 'attach_volume') };
  }

  private async isLettingGo(rows: Rows, calls: StepCalls): Promise<boolean> {
    const seen = await this.see(rows, calls);
    return seen === null || seen.status === 'detaching' || !isAttached(rows, seen);
  }

  private async lookForDetachment(rows: Rows, calls: StepCalls): Promise<Sight> {
    const { volume } = rows;
    const seen = await this.see(rows, calls);
    // Without the volume nothing is on the server; whether it is gone for good is for reconciliation to find out.
    if (seen === null) return { is: 'reached', writes: (tx) => this.volumes.setDetached(tx, volume.id) };
    const writes = await this.follow(rows, seen);
    if (seen.status === 'detaching') return { is: 'passing', writes };
    if (!isAttached(rows, seen)) return { is: 'reached', writes };
    if (!isRecorded(volume, seen)) return { is: 'passing', writes };
    return { is: 'failed', fault: await this.givenUp(rows, calls, 'detach_volume') };
  }

  /** Someone else uses it, or it is in no state to be attached: the record follows before the operation ends. */
  private async refusedBy(rows: Rows, seen: ObservedVolume): Promise<Sight> {
    const { volume } = rows;
    if (!isRecorded(volume, seen)) return { is: 'passing', writes: await this.follow(rows, seen) };
    const { code, message } =
      seen.attachments.length > 0
        ? new VolumeAlreadyAttached(volume, null)
        : new VolumeNotAttachable(volume, volumeStatusFrom(seen.status));
    return { is: 'failed', fault: { code, message, openstackRequestIds: [] } };
  }

  /** Members are told nothing by Nova but that it failed; the request's id leads its operators to the reason. */
  private async givenUp({ input }: Rows, calls: StepCalls, word: string): Promise<Fault> {
    const call = calls.reading(input.projectOpenstackId);
    const actions = (await orNull(this.actions.actions(call, input.serverOpenstackId))) ?? [];
    const newest = actions.find(({ action }) => action === word);
    const message =
      'Nova accepted it and gave up, without a reason; try again, or ask the cloud’s operators by the id of its request.';
    const openstackRequestIds = newest?.hasFailed === true ? [newest.requestId] : [];
    return { code: 'OPENSTACK_REFUSED', message, openstackRequestIds };
  }

  private see({ input, openstackId }: Rows, calls: StepCalls): Promise<ObservedVolume | null> {
    return orNull(this.volumeClient.get(calls.reading(input.projectOpenstackId), openstackId));
  }

  private async follow({ volume, input }: Rows, seen: ObservedVolume): Promise<RowWrites> {
    const observation = await this.types.withId(input.projectOpenstackId, seen);
    const expectedServerId = input.serverOpenstackId;
    return (tx) => this.volumes.setObservedOnServer(tx, volume.id, { ...observation, expectedServerId });
  }
}

function pairOf({ input, openstackId }: Rows): { readonly serverId: string; readonly volumeId: string } {
  return { serverId: input.serverOpenstackId, volumeId: openstackId };
}

function isAttached({ input }: Rows, { attachments }: ObservedVolume): boolean {
  return attachments.some(({ serverId }) => serverId === input.serverOpenstackId);
}

/** Nova lets nothing else be done to a server while it does something to it. */
function isServerBusy(error: OpenStackError): boolean {
  return error instanceof OpenStackConflict && error.text.includes('task_state');
}
