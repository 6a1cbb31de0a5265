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
import { FloatingIpClient, type ObservedFloatingIp } from './floating-ip.client.js';
import type { EntityManager } from '../database/transaction.js';

/** What the sweep for orphans must know of floating IPs. */
@Injectable()
export class FloatingIpReconciler implements OrphanSource, OnModuleInit {
  readonly resourceType = 'floating_ip';
  readonly order = 4;

  constructor(
    private readonly sources: OrphanSources,
    private readonly client: FloatingIpClient,
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
    return markedRows(manager, 'floating_ip', uuids, lock);
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
      await this.client.release(call, object.openstackId);
    } catch (error) {
      if (!(error instanceof OpenStackNotFound)) throw error;
    }
  }
}

function marked(object: ObservedFloatingIp, deploymentId: string): MarkedObject | null {
  const marker = parseMarker(object.description);
  if (marker?.deployment !== deploymentId) return null;
  return { openstackId: object.openstackId, projectOpenstackId: object.projectId, uuid: marker.uuid };
}
