import type { EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import { adminCall, projectCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import { markedRows, type MarkedTable } from './marked-rows.js';
import type { MarkedObject, MarkedRow, OrphanSource } from './orphan-source.js';

interface Seen {
  readonly openstackId: string;
  readonly projectId: string | null;
}

/** Where one type of object is read and deleted, and where it carries its marker. */
export interface MarkedObjectOptions<Found extends Seen> {
  readonly resourceType: MarkedTable;
  /** Lower goes first: a server lets go of its ports and volumes. */
  readonly order: number;
  readonly list: (call: OpenStackCall) => AsyncGenerator<readonly Found[]>;
  readonly get: (call: OpenStackCall, openstackId: string) => Promise<Found>;
  readonly remove: (call: OpenStackCall, openstackId: string) => Promise<void>;
  /** The texts that may be a marker, and nothing but a marker. */
  readonly markers: (object: Found) => readonly string[];
}

/** What the sweep for orphans must know of a type of resource whose row and object share a marker. */
export class MarkedObjectSource<Found extends Seen> implements OrphanSource {
  readonly resourceType: MarkedTable;
  readonly order: number;

  constructor(private readonly options: MarkedObjectOptions<Found>) {
    this.resourceType = options.resourceType;
    this.order = options.order;
  }

  async *list(deploymentId: string): AsyncGenerator<readonly MarkedObject[]> {
    for await (const page of this.options.list(adminCall)) {
      yield page.map((object) => this.marked(object, deploymentId)).filter((object) => object !== null);
    }
  }

  rows(manager: EntityManager, uuids: readonly string[], lock: boolean): Promise<readonly MarkedRow[]> {
    return markedRows(manager, this.resourceType, uuids, lock);
  }

  async look(object: MarkedObject, deploymentId: string): Promise<MarkedObject | null> {
    try {
      const seen = await this.options.get(projectCall(object.projectOpenstackId), object.openstackId);
      return this.marked(seen, deploymentId);
    } catch (error) {
      if (error instanceof OpenStackNotFound) return null;
      throw error;
    }
  }

  async remove(object: MarkedObject, call: OpenStackCall): Promise<void> {
    try {
      await this.options.remove(call, object.openstackId);
    } catch (error) {
      if (!(error instanceof OpenStackNotFound)) throw error;
    }
  }

  private marked(object: Found, deploymentId: string): MarkedObject | null {
    const marker = this.options
      .markers(object)
      .map((text) => parseMarker(text))
      .find((found) => found?.deployment === deploymentId);
    if (marker === undefined || marker === null || object.projectId === null) return null;
    return { openstackId: object.openstackId, projectOpenstackId: object.projectId, uuid: marker.uuid };
  }
}
