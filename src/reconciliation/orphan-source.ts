import { Injectable } from '@nestjs/common';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import type { ResourceType } from '../operation/operation-state.js';
import type { DeletedReason } from '../database/managed-columns.js';
import type { EntityManager } from '../database/transaction.js';

/** An object in OpenStack that carries a marker of this deployment. */
export interface MarkedObject {
  readonly openstackId: string;
  readonly projectOpenstackId: string;
  /** The row that it was made for. */
  readonly uuid: string;
}

/** The row of a marker. */
export interface MarkedRow {
  readonly id: number;
  readonly uuid: string;
  readonly openstackId: string | null;
  readonly projectOpenstackId: string;
  readonly isDeleted: boolean;
  readonly deletedReason: DeletedReason | null;
}

/** What the sweeper must know of one type of resource; features register theirs. */
export interface OrphanSource {
  readonly resourceType: ResourceType;
  /** Lower goes first: a server lets go of its ports and volumes. */
  readonly order: number;
  /** Every object of every project whose marker has this deployment's id, page by page. */
  list(deploymentId: string): AsyncGenerator<readonly MarkedObject[]>;
  /** The rows of these markers, tombstones included; with `lock` nobody changes them until the transaction ends. */
  rows(manager: EntityManager, uuids: readonly string[], lock: boolean): Promise<readonly MarkedRow[]>;
  /** The object as it is now, or null when it is gone or carries our marker no more. */
  look(object: MarkedObject, deploymentId: string): Promise<MarkedObject | null>;
  /** Gone already is fine. */
  remove(object: MarkedObject, call: OpenStackCall): Promise<void>;
}

@Injectable()
export class OrphanSources {
  private readonly sources: OrphanSource[] = [];

  register(source: OrphanSource): void {
    this.sources.push(source);
    this.sources.sort((a, b) => a.order - b.order);
  }

  all(): readonly OrphanSource[] {
    return this.sources;
  }
}
