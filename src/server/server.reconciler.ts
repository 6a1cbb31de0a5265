import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { KnownKindsService, type KnownKinds } from '../catalog/known-kinds.service.js';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { orNull } from '../operation/marked-removal.js';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import type { Difference, FollowOptions, MarkedResource, RowSelection } from '../reconciliation/marked-resource.js';
import { MarkedReconciler } from '../reconciliation/marked-reconciler.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { ReconcilerKit } from '../reconciliation/reconciler-kit.js';
import { Reconcilers, type ManagedProject } from '../reconciliation/reconciler.js';
import { isNameOf } from '../reconciliation/free-name.js';
import { ServerActionClient } from './server-action.client.js';
import {
  compareServer,
  followedFault,
  followedKey,
  serverTransition,
  type ReconciledServer,
  type SeenServer,
} from './server-comparison.js';
import { ServerDeletionService } from './server-deletion.service.js';
import { ServerReconciliationRepository } from './server-reconciliation.repository.js';
import { ServerClient, type ObservedServer } from './server.client.js';

/** Servers of one list that are looked at one by one. */
const mostLooks = 100;

/** Keeps the rows of servers true to Nova, and registers servers with the sweep for orphans. */
@Injectable()
export class ServerReconciler implements MarkedResource<ReconciledServer, SeenServer>, OnModuleInit {
  readonly resourceType = 'server';
  readonly order = 20;

  constructor(
    private readonly reconcilers: Reconcilers,
    private readonly kit: ReconcilerKit,
    private readonly sources: OrphanSources,
    private readonly deployment: DeploymentService,
    private readonly kinds: KnownKindsService,
    private readonly client: ServerClient,
    private readonly actions: ServerActionClient,
    private readonly repository: ServerReconciliationRepository,
    private readonly deletions: ServerDeletionService,
  ) {}

  onModuleInit(): void {
    this.reconcilers.register(new MarkedReconciler(this, this.kit));
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'server',
        order: 1,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.delete(call, openstackId),
        markers: ({ tags }) => tags,
      }),
    );
  }

  list(call: OpenStackCall): AsyncGenerator<readonly SeenServer[]> {
    return this.withFaults(call, this.withFlavors(this.client.list(call)));
  }

  listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly SeenServer[]> {
    return this.withFaults(call, this.withFlavors(this.client.listChanged(call, since)));
  }

  async get(call: OpenStackCall, openstackId: string): Promise<SeenServer> {
    const server = await this.client.get(call, openstackId);
    return withFlavor(server, await this.kinds.known());
  }

  markers({ tags }: SeenServer): readonly string[] {
    return tags;
  }

  isIncomplete({ isPartial }: SeenServer): boolean {
    return isPartial;
  }

  isGone({ status }: SeenServer): boolean {
    return status === 'DELETED';
  }

  rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledServer[]> {
    return this.repository.rows(manager, selection);
  }

  context(): Promise<null> {
    return Promise.resolve(null);
  }

  compare(row: ReconciledServer, seen: SeenServer): readonly Difference[] {
    return compareServer(row, seen);
  }

  transition(seen: SeenServer): { readonly since: Date; readonly repair: string } | null {
    return serverTransition(seen);
  }

  async follow(
    tx: EntityManager,
    row: ReconciledServer,
    seen: SeenServer,
    _context: null,
    { takesName }: FollowOptions,
  ): Promise<void> {
    await this.repository.follow(tx, row.id, {
      status: seen.status,
      flavorOpenstackId: seen.flavorId ?? row.flavorOpenstackId,
      availabilityZone: seen.availabilityZone ?? row.availabilityZone,
      keyName: followedKey(row, seen),
      fault: followedFault(row, seen),
    });
    if (takesName && !isNameOf(row.name, seen.name)) await this.repository.setName(tx, row.id, seen.name);
  }

  /** An operation deletes what is left of it; at its end the row is deleted. */
  async removed(tx: EntityManager, row: ReconciledServer): Promise<void> {
    await this.deletions.beginDeletedOutside(tx, row.id);
  }

  remove(call: OpenStackCall, openstackId: string): Promise<void> {
    return this.client.delete(call, openstackId);
  }

  rename(call: OpenStackCall, { name }: ReconciledServer, { openstackId }: SeenServer): Promise<void> {
    return this.actions.rename(call, openstackId, name);
  }

  async adopt(tx: EntityManager, seen: SeenServer, project: ManagedProject): Promise<number> {
    const deploymentId = await this.deployment.deploymentId();
    const marker = seen.tags.map((tag) => parseMarker(tag)).find((found) => found?.deployment === deploymentId);
    return this.repository.insertAdopted(tx, {
      openstackId: seen.openstackId,
      // Of a record that was lost: what carries it goes on being recognised.
      uuid: marker?.uuid ?? randomUUID(),
      projectId: project.id,
      name: seen.name === '' ? seen.openstackId : seen.name,
      status: seen.status,
      flavorOpenstackId: seen.flavorId ?? '',
      imageOpenstackId: seen.imageId,
      availabilityZone: seen.availabilityZone,
      keyName: seen.keyName,
      fault: followedFault(null, seen),
    });
  }

  private async *withFlavors(pages: AsyncGenerator<readonly ObservedServer[]>): AsyncGenerator<readonly SeenServer[]> {
    const kinds = await this.kinds.known();
    for await (const page of pages) yield page.map((server) => withFlavor(server, kinds));
  }

  /** Lists do not tell why no host was found for a server; a look at the server itself does. */
  private async *withFaults(
    { scope }: OpenStackCall,
    pages: AsyncGenerator<readonly SeenServer[]>,
  ): AsyncGenerator<readonly SeenServer[]> {
    let looks = 0;
    for await (const page of pages) {
      const told: SeenServer[] = [];
      for (const server of page) {
        const isSilent = server.status === 'ERROR' && server.fault === null && looks < mostLooks;
        if (isSilent) looks += 1;
        const seen = isSilent ? await orNull(this.client.get({ scope }, server.openstackId)) : null;
        told.push(seen?.status === 'ERROR' ? { ...server, fault: seen.fault } : server);
      }
      yield told;
    }
  }
}

function withFlavor(server: ObservedServer, { flavors }: KnownKinds): SeenServer {
  return { ...server, flavorId: server.flavorName === null ? null : (flavors.get(server.flavorName) ?? null) };
}
