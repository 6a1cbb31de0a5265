import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { KnownKindsService, type KnownKinds } from '../catalog/known-kinds.service.js';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import { adminCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { Adopters } from '../reconciliation/adoption.js';
import { MarkedAdopter } from '../reconciliation/marked-adopter.js';
import { MarkedAdoption } from '../reconciliation/marked-adoption.js';
import { isNameOf } from '../reconciliation/free-name.js';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import type { Difference, FollowOptions, MarkedResource, RowSelection } from '../reconciliation/marked-resource.js';
import { MarkedReconciler } from '../reconciliation/marked-reconciler.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { ReconcilerKit } from '../reconciliation/reconciler-kit.js';
import { Reconcilers, type ManagedProject } from '../reconciliation/reconciler.js';
import {
  compareVolume,
  followedFault,
  followedPlace,
  hasDescription,
  volumeName,
  volumeTransition,
  type KnownServers,
  type ReconciledVolume,
  type SeenVolume,
} from './volume-comparison.js';
import { isGivenUp } from './volume-removal.js';
import { VolumeReconciliationRepository } from './volume-reconciliation.repository.js';
import { VolumeClient, type ObservedVolume } from './volume.client.js';
import { VolumeRepository } from './volume.repository.js';

/** Keeps the rows of volumes true to Cinder, and registers volumes with the sweep for orphans. */
@Injectable()
export class VolumeReconciler implements MarkedResource<ReconciledVolume, SeenVolume, KnownServers>, OnModuleInit {
  readonly resourceType = 'volume';
  readonly order = 40;

  constructor(
    private readonly adopters: Adopters,
    private readonly adoption: MarkedAdoption,
    private readonly reconcilers: Reconcilers,
    private readonly kit: ReconcilerKit,
    private readonly sources: OrphanSources,
    private readonly deployment: DeploymentService,
    private readonly kinds: KnownKindsService,
    private readonly client: VolumeClient,
    private readonly repository: VolumeReconciliationRepository,
    private readonly volumes: VolumeRepository,
  ) {}

  onModuleInit(): void {
    this.reconcilers.register(new MarkedReconciler(this, this.kit));
    this.adopters.register(new MarkedAdopter(this, this.adoption));
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'volume',
        order: 3,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.remove(call, openstackId),
        markers: (volume) => markersOf(volume),
      }),
    );
  }

  list(call: OpenStackCall): AsyncGenerator<readonly SeenVolume[]> {
    return this.withTypes(this.client.list(call));
  }

  listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly SeenVolume[]> {
    return this.withTypes(this.client.listChanged(call, since));
  }

  async get(call: OpenStackCall, openstackId: string): Promise<SeenVolume> {
    const volume = await this.client.get(call, openstackId);
    return withType(volume, await this.kinds.known());
  }

  markers(seen: SeenVolume): readonly string[] {
    return markersOf(seen);
  }

  rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledVolume[]> {
    return this.repository.rows(manager, selection);
  }

  context(manager: EntityManager, seen: readonly SeenVolume[]): Promise<KnownServers> {
    const servers = seen.flatMap(({ attachments }) => attachments.map(({ serverId }) => serverId));
    return this.repository.knownServers(manager, [...new Set(servers)]);
  }

  compare(row: ReconciledVolume, seen: SeenVolume, servers: KnownServers): readonly Difference[] {
    return compareVolume(row, seen, servers);
  }

  transition(seen: SeenVolume): { readonly since: Date; readonly repair: string } | null {
    return volumeTransition(seen);
  }

  async follow(
    tx: EntityManager,
    row: ReconciledVolume,
    seen: SeenVolume,
    servers: KnownServers,
    { takesName }: FollowOptions,
  ): Promise<void> {
    await this.repository.follow(tx, row.id, {
      ...followedPlace(row, seen, servers),
      status: seen.status,
      size: seen.size,
      volumeTypeOpenstackId: seen.volumeTypeId ?? row.volumeTypeOpenstackId,
      availabilityZone: seen.availabilityZone ?? row.availabilityZone,
      fault: followedFault(row, seen),
    });
    const hasName = isNameOf(row.name, volumeName(seen));
    if (!takesName || (hasName && hasDescription(row, seen))) return;
    await this.repository.setName(tx, row.id, {
      name: hasName ? row.name : volumeName(seen),
      description: hasDescription(row, seen) ? row.description : seen.description,
    });
  }

  async removed(tx: EntityManager, row: ReconciledVolume): Promise<void> {
    await this.volumes.tombstone(tx, row.id, 'external');
  }

  async remove(call: OpenStackCall, openstackId: string): Promise<void> {
    // Cinder deletes nothing that it gave up on until an admin has set it to error.
    if (isGivenUp(await this.client.get(call, openstackId)))
      await this.client.resetToError({ ...call, ...adminCall }, openstackId);
    await this.client.delete(call, openstackId);
  }

  async rename(call: OpenStackCall, { name, description }: ReconciledVolume, seen: SeenVolume): Promise<void> {
    await this.client.update(call, seen.openstackId, { name, description });
  }

  async adopt(tx: EntityManager, seen: SeenVolume, project: ManagedProject): Promise<number> {
    const deploymentId = await this.deployment.deploymentId();
    const marker = markersOf(seen)
      .map((text) => parseMarker(text))
      .find((found) => found?.deployment === deploymentId);
    const free = { serverId: null, device: null, isRootVolume: 0 } as const;
    return this.repository.insertAdopted(tx, {
      ...followedPlace(free, seen, await this.context(tx, [seen])),
      openstackId: seen.openstackId,
      // Of a record that was lost: what carries it goes on being recognised.
      uuid: marker?.uuid ?? randomUUID(),
      projectId: project.id,
      name: volumeName(seen),
      description: seen.description,
      imageOpenstackId: seen.imageId,
      status: seen.status,
      size: seen.size,
      volumeTypeOpenstackId: seen.volumeTypeId,
      availabilityZone: seen.availabilityZone,
      fault: followedFault(null, seen),
    });
  }

  private async *withTypes(pages: AsyncGenerator<readonly ObservedVolume[]>): AsyncGenerator<readonly SeenVolume[]> {
    const kinds = await this.kinds.known();
    for await (const page of pages) yield page.map((volume) => withType(volume, kinds));
  }
}

function markersOf({ metadataMarker }: ObservedVolume): readonly string[] {
  return metadataMarker === null ? [] : [metadataMarker];
}

function withType(volume: ObservedVolume, { volumeTypes }: KnownKinds): SeenVolume {
  return { ...volume, volumeTypeId: volume.volumeType === null ? null : (volumeTypes.get(volume.volumeType) ?? null) };
}
