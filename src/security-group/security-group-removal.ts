import { Injectable } from '@nestjs/common';
import { OpenStackConflict, type OpenStackError } from '../openstack/openstack-errors.js';
import { findMarked, ifThere, type RemovalTarget } from '../operation/marked-removal.js';
import type { Fault, Sight, StepCalls } from '../operation/operation-kind.js';
import { SecurityGroupClient } from './security-group.client.js';
import { SecurityGroupAttached } from './security-group.errors.js';

/**
 * How groups go, for a deletion and for the undoing of a creation: by id and by the description that ends in the marker, so that
 * what a lost answer made goes too. Everything may be repeated at any time.
 */
@Injectable()
export class SecurityGroupRemoval {
  constructor(private readonly client: SecurityGroupClient) {}

  async look(target: RemovalTarget, description: string, calls: StepCalls): Promise<Sight> {
    const { projectOpenstackId } = target;
    const reading = calls.reading(projectOpenstackId);
    const found = await findMarked(
      target,
      (openstackId) => this.client.get(reading, openstackId),
      (marker) =>
        description.includes(marker) ? this.client.findByDescription(reading, description) : Promise.resolve([]),
    );
    if (found.length === 0) return { is: 'reached' };
    return {
      is: 'needed',
      act: async () => {
        for (const { openstackId } of found) {
          await ifThere(this.client.delete(calls.changing(projectOpenstackId), openstackId));
        }
      },
      explain: attachedFault,
    };
  }
}

/** On a port, of ours or one that we do not know. */
function attachedFault(error: OpenStackError): Fault | null {
  if (!(error instanceof OpenStackConflict && error.type === 'SecurityGroupInUse')) return null;
  return {
    code: SecurityGroupAttached.code,
    message: 'The security group is on a port in OpenStack; give that other groups before deleting it.',
    openstackRequestIds: error.requestId === null ? [] : [error.requestId],
  };
}
