import { Injectable } from '@nestjs/common';
import { markerOf } from '../openstack/marker.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import type { StepCalls } from '../operation/operation-kind.js';
import { FloatingIpClient, type ObservedFloatingIp } from './floating-ip.client.js';

/** Where an address is looked for: its recorded id, if any, and its marker. */
export interface FloatingIpTarget {
  readonly projectOpenstackId: string;
  readonly deploymentId: string;
  readonly uuid: string;
  readonly openstackId: string | null;
}

/**
 * How addresses go back to the cloud, for a release and for the undoing of an allocation. By id and by marker, so that what
 * a lost answer allocated goes too; everything may be repeated at any time.
 */
@Injectable()
export class FloatingIpRemoval {
  constructor(private readonly client: FloatingIpClient) {}

  async find(target: FloatingIpTarget, calls: StepCalls): Promise<readonly ObservedFloatingIp[]> {
    const call = calls.reading(target.projectOpenstackId);
    const found = await this.client.findByMarker(call, markerOf(target.deploymentId, target.uuid));
    const { openstackId } = target;
    if (openstackId === null || found.some((floatingIp) => floatingIp.openstackId === openstackId)) return found;
    try {
      return [...found, await this.client.get(call, openstackId)];
    } catch (error) {
      if (error instanceof OpenStackNotFound) return found;
      throw error;
    }
  }

  async release(target: FloatingIpTarget, found: readonly ObservedFloatingIp[], calls: StepCalls): Promise<void> {
    for (const { openstackId } of found) {
      try {
        await this.client.release(calls.changing(target.projectOpenstackId), openstackId);
      } catch (error) {
        if (!(error instanceof OpenStackNotFound)) throw error;
      }
    }
  }
}
