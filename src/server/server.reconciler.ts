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
import { ServerClient, type ObservedServer } from './server.client.js';
import type { EntityManager } from '../database/transaction.js';

/** What the sweep for orphans must know of servers. */
@Injectable()
export class ServerReconciler implements OrphanSource, OnModuleInit {
  readonly resourceType = 'server';
  readonly order = 1;

  constructor(
    private readonly sources: OrphanSources,
    private readonly client: ServerClient,
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
    return markedRows(manager, 'server', uuids, lock);
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

function marked(object: ObservedServer, deploymentId: string): MarkedObject | null {
  const marker = object.tags.map((tag) => parseMarker(tag)).find((found) => found?.deployment === deploymentId) ?? null;
  if (marker?.deployment !== deploymentId) return null;
  return { openstackId: object.openstackId, projectOpenstackId: object.projectId, uuid: marker.uuid };
}
