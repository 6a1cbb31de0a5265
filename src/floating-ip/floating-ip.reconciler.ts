import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { MarkedReconciler } from '../reconciliation/marked-reconciler.js';
import type { Difference, MarkedResource, RowSelection, SeenObject } from '../reconciliation/marked-resource.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { ReconcilerKit } from '../reconciliation/reconciler-kit.js';
import { Reconcilers, type ManagedProject } from '../reconciliation/reconciler.js';
import {
  compareFloatingIp,
  interfaceOf,
  type KnownInterfaces,
  type ReconciledFloatingIp,
} from './floating-ip-comparison.js';
import { FloatingIpReconciliationRepository } from './floating-ip-reconciliation.repository.js';
import { FloatingIpClient, type ObservedFloatingIp } from './floating-ip.client.js';
import { FloatingIpRepository } from './floating-ip.repository.js';

/** A floating IP as Neutron's list shows it; it is called by its address. */
type SeenFloatingIp = ObservedFloatingIp & SeenObject;

/** Keeps the rows of floating IPs true to Neutron, and registers floating IPs with the sweep for orphans. */
@Injectable()
export class FloatingIpReconciler
  implements MarkedResource<ReconciledFloatingIp, SeenFloatingIp, KnownInterfaces>, OnModuleInit
{
  readonly resourceType = 'floating_ip';
  readonly order = 50;

  constructor(
    private readonly reconcilers: Reconcilers,
    private readonly kit: ReconcilerKit,
    private readonly sources: OrphanSources,
    private readonly deployment: DeploymentService,
    private readonly client: FloatingIpClient,
    private readonly repository: FloatingIpReconciliationRepository,
    private readonly floatingIps: FloatingIpRepository,
  ) {}

  onModuleInit(): void {
    this.reconcilers.register(new MarkedReconciler(this, this.kit));
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'floating_ip',
        order: 4,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.release(call, openstackId),
        markers: ({ description }) => [description],
      }),
    );
  }

  list(call: OpenStackCall): AsyncGenerator<readonly SeenFloatingIp[]> {
    return named(this.client.list(call));
  }

  listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly SeenFloatingIp[]> {
    return named(this.client.listChanged(call, since));
  }

  async get(call: OpenStackCall, openstackId: string): Promise<SeenFloatingIp> {
    return withName(await this.client.get(call, openstackId));
  }

  markers({ description }: SeenFloatingIp): readonly string[] {
    return [description];
  }

  rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledFloatingIp[]> {
    return this.repository.rows(manager, selection);
  }

  context(manager: EntityManager, seen: readonly SeenFloatingIp[]): Promise<KnownInterfaces> {
    return this.repository.knownInterfaces(
      manager,
      seen.flatMap(({ portId }) => portId ?? []),
    );
  }

  compare(row: ReconciledFloatingIp, seen: SeenFloatingIp, interfaces: KnownInterfaces): readonly Difference[] {
    return compareFloatingIp(row, seen, interfaces);
  }

  async follow(
    tx: EntityManager,
    row: ReconciledFloatingIp,
    seen: SeenFloatingIp,
    interfaces: KnownInterfaces,
  ): Promise<void> {
    await this.repository.follow(tx, row.id, { ...seen, networkInterfaceId: interfaceOf(seen, interfaces) });
  }

  async removed(tx: EntityManager, { id }: ReconciledFloatingIp): Promise<void> {
    await this.floatingIps.tombstone(tx, id, 'external');
  }

  remove(call: OpenStackCall, openstackId: string): Promise<void> {
    return this.client.release(call, openstackId);
  }

  async adopt(tx: EntityManager, seen: SeenFloatingIp, project: ManagedProject): Promise<number> {
    const marker = parseMarker(seen.description);
    const isOurs = marker?.deployment === (await this.deployment.deploymentId());
    return this.repository.insertAdopted(tx, {
      openstackId: seen.openstackId,
      // Of a record that was lost: what carries it goes on being recognised.
      uuid: isOurs ? marker.uuid : randomUUID(),
      projectId: project.id,
      floatingNetworkOpenstackId: seen.floatingNetworkId,
      status: seen.status,
      address: seen.address,
      fixedIpAddress: seen.fixedIpAddress,
      networkInterfaceId: interfaceOf(seen, await this.context(tx, [seen])),
    });
  }
}

async function* named(pages: AsyncGenerator<readonly ObservedFloatingIp[]>): AsyncGenerator<readonly SeenFloatingIp[]> {
  for await (const page of pages) yield page.map((floatingIp) => withName(floatingIp));
}

function withName(floatingIp: ObservedFloatingIp): SeenFloatingIp {
  return { ...floatingIp, name: floatingIp.address };
}
