import { Injectable } from '@nestjs/common';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackConflict } from '../openstack/openstack-errors.js';
import { findMarked, ifThere, isBusy, orNull, type RemovalTarget } from '../operation/marked-removal.js';
import type { Sight, StepCalls } from '../operation/operation-kind.js';
import { NetworkInterfaceClient, type ObservedPort } from '../network-interface/network-interface.client.js';
import { VolumeRemoval } from '../volume/volume-removal.js';
import type { ServerRows } from './server-rows.js';
import { ServerClient, type ObservedServer } from './server.client.js';

/**
 * How a server's objects are taken out of OpenStack, for its deletion and for the undoing of its creation. Every function
 * looks by id and by marker, so that what a lost answer made goes too, and may be repeated at any time.
 */
@Injectable()
export class ServerRemoval {
  constructor(
    private readonly servers: ServerClient,
    private readonly volumes: VolumeRemoval,
    private readonly ports: NetworkInterfaceClient,
  ) {}

  async server(target: RemovalTarget, calls: StepCalls): Promise<Sight> {
    const found = await this.findServers(target, calls.reading(target.projectOpenstackId));
    if (found.length === 0) return { is: 'reached' };
    const toDelete = found.filter((server) => server.taskState !== 'deleting' && server.taskState !== 'soft-deleting');
    if (toDelete.length === 0) return { is: 'passing' };
    return {
      is: 'needed',
      act: async () => {
        for (const server of toDelete) {
          const call = calls.changing(target.projectOpenstackId);
          // With reclaim_instance_interval set, Nova only hides the server and keeps port and volume in use.
          if (server.status === 'SOFT_DELETED') await ifThere(this.servers.forceDelete(call, server.openstackId));
          else await ifThere(this.servers.delete(call, server.openstackId));
        }
      },
      // A server that an admin locked, or one between two states.
      passes: (error) => error instanceof OpenStackConflict,
    };
  }

  volume(target: RemovalTarget, calls: StepCalls, hasAsked = false): Promise<Sight> {
    return this.volumes.look(target, calls, hasAsked);
  }

  async port(target: RemovalTarget, calls: StepCalls): Promise<Sight> {
    const found = await this.findPorts(target, calls.reading(target.projectOpenstackId));
    if (found.length === 0) return { is: 'reached' };
    return {
      is: 'needed',
      act: async () => {
        for (const port of found) {
          await ifThere(this.ports.delete(calls.changing(target.projectOpenstackId), port.openstackId));
        }
      },
      passes: (error) => isBusy(error),
    };
  }

  /** Whether the recorded port is there, whatever it carries. */
  async hasPort({ openstackId, projectOpenstackId: projectId }: RemovalTarget, calls: StepCalls): Promise<boolean> {
    return openstackId !== null && (await orNull(this.ports.get(calls.reading(projectId), openstackId))) !== null;
  }

  private findServers(target: RemovalTarget, call: OpenStackCall): Promise<readonly ObservedServer[]> {
    return findMarked(
      target,
      (id) => this.servers.get(call, id),
      (marker) => this.servers.findByMarker(call, marker),
    );
  }

  private findPorts(target: RemovalTarget, call: OpenStackCall): Promise<readonly ObservedPort[]> {
    return findMarked(
      target,
      (id) => this.ports.get(call, id),
      (marker) => this.ports.findByMarker(call, marker),
    );
  }
}

/** The object of one row of a server. */
export function targetOf(
  rows: Pick<ServerRows, 'projectOpenstackId' | 'deploymentId'>,
  { uuid, openstackId }: { readonly uuid: string; readonly openstackId: string | null },
): RemovalTarget {
  return { projectOpenstackId: rows.projectOpenstackId, deploymentId: rows.deploymentId, uuid, openstackId };
}
