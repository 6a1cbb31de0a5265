import { Injectable, Logger } from '@nestjs/common';
import { NovaKeyPairClient } from '../key-pair/nova-key-pair.client.js';
import {
  OpenStackConflict,
  OpenStackError,
  OpenStackNotFound,
  OpenStackQuotaExceeded,
  OpenStackUnauthorized,
  OpenStackUnavailable,
  OpenStackUnknownOutcome,
} from '../openstack/openstack-errors.js';
import { openstackText } from '../openstack/openstack-name.js';
import { ifThere, orNull } from '../operation/marked-removal.js';
import type { Sight, StepCalls } from '../operation/operation-kind.js';
import type { ServerRows } from './server-rows.js';

/**
 * The key of a new server in Nova, where it would belong to the service account: it is there only while the server is made, under
 * the uuid of the server's row. Every function may be repeated at any time.
 */
@Injectable()
export class ServerKey {
  private readonly logger = new Logger(ServerKey.name);

  constructor(private readonly client: NovaKeyPairClient) {}

  /** There, before the server is asked for. */
  async import(
    { server, projectOpenstackId: projectId }: ServerRows,
    publicKey: string,
    calls: StepCalls,
  ): Promise<Sight> {
    if ((await orNull(this.client.get(calls.reading(projectId), server.uuid))) !== null) return { is: 'reached' };
    return {
      is: 'needed',
      act: async () => {
        // Nova on MySQL's utf8mb3 fails on a four-byte character in the comment.
        const key = { name: server.uuid, publicKey: openstackText(publicKey) };
        await this.client.create(calls.changing(projectId), key);
      },
      // The quota is the service account's, of keys that are there for as long as servers are made.
      passes: (error) => error instanceof OpenStackConflict || error instanceof OpenStackQuotaExceeded,
    };
  }

  /** Gone, for the undoing of a creation and for a deletion. */
  async remove({ server, projectOpenstackId: projectId }: ServerRows, calls: StepCalls): Promise<Sight> {
    if ((await orNull(this.client.get(calls.reading(projectId), server.uuid))) === null) return { is: 'reached' };
    return { is: 'needed', act: () => ifThere(this.client.delete(calls.changing(projectId), server.uuid)) };
  }

  /**
   * Gone, once the server is ACTIVE. Nothing that happens here may undo the server: after some patience with OpenStack the key is
   * left to the sweep for orphans.
   */
  async leave(
    { server, projectOpenstackId: projectId }: ServerRows,
    calls: StepCalls,
    { isPatient }: { readonly isPatient: boolean },
  ): Promise<Sight> {
    try {
      await this.client.delete(calls.changing(projectId), server.uuid);
    } catch (error) {
      if (!(error instanceof OpenStackError)) throw error;
      if (isPatient && isAway(error)) throw error;
      if (!(error instanceof OpenStackNotFound)) {
        this.logger.warn({ serverId: server.id, status: error.status }, 'the key of a new server is left to the sweep');
      }
    }
    return { is: 'reached' };
  }
}

function isAway(error: OpenStackError): boolean {
  return (
    error instanceof OpenStackUnavailable ||
    error instanceof OpenStackUnauthorized ||
    error instanceof OpenStackUnknownOutcome
  );
}
