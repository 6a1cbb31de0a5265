import { Injectable, type OnModuleInit } from '@nestjs/common';
import { adminCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import { parseMarker } from '../openstack/marker.js';
import { markedRows } from '../reconciliation/marked-rows.js';
import {
  OrphanSources,
  type MarkedObject,
  type MarkedRow,
  type OrphanSource,
} from '../reconciliation/orphan-source.js';
import { NetworkInterfaceClient, type ObservedPort } from './network-interface.client.js';
import type { EntityManager } from '../database/transaction.js';

/** What the sweep for orphans must know of Neutron ports. */
@Injectable()
export class NetworkInterfaceReconciler implements OrphanSource, OnModuleInit {
  readonly resourceType = 'network_interface';
  readonly order = 2;

  constructor(
    private readonly sources: OrphanSources,
    private readonly client: NetworkInterfaceClient,
  ) {}

  onModuleInit(): void {
    this.sources.register(this);
  }

  async *list(deploymentId: string): AsyncGenerator<readonly MarkedObject[]> {
    for await (const page of this.client.list(adminCall)) {
      yield page.map((object) => marked(object, deploymentId)).filter((object) => object !== null);
    }
  }

  rows(manager: EntityManager, uuids: readonly string[], lock: boolean): Promise<readonly MarkedRow[]> {
    return markedRows(manager, 'network_interface', uuids, lock);
  }

  async look(object: MarkedObject, deploymentId: string): Promise<MarkedObject | null> {
    try {
      const call = { scope: { kind: 'project', projectId: object.projectOpenstackId } } as const;
      return marked(await this.client.get(call, object.openstackId), deploymentId);
    } catch (error) {
      if (error instanceof OpenStackNotFound) return null;
      throw error;
    }
  }

  async remove(object: MarkedObject, call: OpenStackCall): Promise<void> {
    try {
      await this.client.delete(call, object.openstackId);
    } catch (error) {
      if (!(error instanceof OpenStackNotFound)) throw error;
    }
  }
}

function marked(object: ObservedPort, deploymentId: string): MarkedObject | null {
  const marker = parseMarker(object.description);
  if (marker?.deployment !== deploymentId) return null;
  return { openstackId: object.openstackId, projectOpenstackId: object.projectId, uuid: marker.uuid };
}
