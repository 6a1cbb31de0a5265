import { Injectable } from '@nestjs/common';
import { findMarked, ifThere, isBusy, type RemovalTarget } from '../operation/marked-removal.js';
import type { Fault, Sight, StepCalls } from '../operation/operation-kind.js';
import { VolumeClient, type ObservedVolume } from './volume.client.js';

/** What Cinder deletes when it is asked to, if nothing holds the volume. */
const deletable = new Set(['available', 'error', 'error_restoring', 'error_extending', 'error_managing']);

/**
 * How volumes are taken out of OpenStack, for deletions and for the undoing of creations. By id and by marker, so that what a lost
 * answer made goes too; everything may be repeated at any time.
 */
@Injectable()
export class VolumeRemoval {
  constructor(private readonly client: VolumeClient) {}

  async find(target: RemovalTarget, calls: StepCalls): Promise<readonly ObservedVolume[]> {
    const call = calls.reading(target.projectOpenstackId);
    return findMarked(
      target,
      (id) => this.client.get(call, id),
      (marker) => this.client.findByMarker(call, marker),
    );
  }

  /**
   * Waits for those that cannot be deleted yet. One that Cinder could not delete before is set to error first; if it could not either
   * when it was asked for this (`hasAsked`), that is the end.
   */
  async look(target: RemovalTarget, calls: StepCalls, hasAsked = false): Promise<Sight> {
    const found = await this.find(target, calls);
    if (found.length === 0) return { is: 'reached' };
    if (found.some(isGivenUp)) {
      return hasAsked ? { is: 'failed', fault: givenUpFault } : { is: 'needed', act: () => this.reset(found, calls) };
    }
    if (!found.some(isDeletable)) return { is: 'passing' };
    return {
      is: 'needed',
      act: () => this.delete(target, found, calls),
      // Cinder may still take the volume for in use for a moment after its server is gone.
      passes: (error) => isBusy(error),
    };
  }

  /** Asks Cinder to delete those that it can. */
  async delete(target: RemovalTarget, found: readonly ObservedVolume[], calls: StepCalls): Promise<void> {
    for (const { openstackId } of found.filter(isDeletable)) {
      await ifThere(this.client.delete(calls.changing(target.projectOpenstackId), openstackId));
    }
  }

  /** From error_deleting Cinder deletes nothing until an admin has set the volume to error. */
  async reset(found: readonly ObservedVolume[], calls: StepCalls): Promise<void> {
    for (const { openstackId } of found.filter(isGivenUp)) {
      await ifThere(this.client.resetToError(calls.changingAsAdmin(), openstackId));
    }
  }
}

/** Cinder tried to delete it, and could not. */
export function isGivenUp({ status }: Pick<ObservedVolume, 'status'>): boolean {
  return status === 'error_deleting';
}

export const givenUpFault: Fault = {
  code: 'OPENSTACK_REFUSED',
  message: 'Cinder tried and gave up, without a reason; delete it again, or ask the cloud’s operators to look at it.',
  openstackRequestIds: [],
};

export function isDeletable({ status }: Pick<ObservedVolume, 'status'>): boolean {
  return deletable.has(status);
}
