import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { FloatingIpRepository } from '../floating-ip/floating-ip.repository.js';
import { parseMarker } from '../openstack/marker.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { MarkedReconciler } from '../reconciliation/marked-reconciler.js';
import type { Difference, MarkedResource, RowSelection } from '../reconciliation/marked-resource.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { ReconcilerKit } from '../reconciliation/reconciler-kit.js';
import { Reconcilers, type ManagedProject } from '../reconciliation/reconciler.js';
import {
  comparePort,
  followedPort,
  isForeignPort,
  type PortContext,
  type ReconciledNetworkInterface,
} from './network-interface-comparison.js';
import { NetworkInterfaceReconciliationRepository } from './network-interface-reconciliation.repository.js';
import { NetworkInterfaceClient, type ObservedPort } from './network-interface.client.js';
import { NetworkInterfaceRepository } from './network-interface.repository.js';

/** Keeps the rows of network interfaces true to Neutron's ports, and registers these with the sweep for orphans. */
@Injectable()
export class NetworkInterfaceReconciler
  implements MarkedResource<ReconciledNetworkInterface, ObservedPort, PortContext>, OnModuleInit
{
  readonly resourceType = 'network_interface';
  readonly order = 30;

  constructor(
    private readonly reconcilers: Reconcilers,
    private readonly kit: ReconcilerKit,
    private readonly sources: OrphanSources,
    private readonly deployment: DeploymentService,
    private readonly client: NetworkInterfaceClient,
    private readonly repository: NetworkInterfaceReconciliationRepository,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly floatingIps: FloatingIpRepository,
  ) {}

  onModuleInit(): void {
    this.reconcilers.register(new MarkedReconciler(this, this.kit));
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'network_interface',
        order: 2,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.delete(call, openstackId),
        markers: ({ description }) => [description],
      }),
    );
  }

  list(call: OpenStackCall): AsyncGenerator<readonly ObservedPort[]> {
    return this.client.list(call);
  }

  listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly ObservedPort[]> {
    return this.client.listChanged(call, since);
  }

  get(call: OpenStackCall, openstackId: string): Promise<ObservedPort> {
    return this.client.get(call, openstackId);
  }

  markers({ description }: ObservedPort): readonly string[] {
    return [description];
  }

  /** What carries a marker is none of OpenStack's own, whatever has been done with it. */
  isForeign(seen: ObservedPort): boolean {
    return isForeignPort(seen) && parseMarker(seen.description) === null;
  }

  rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledNetworkInterface[]> {
    return this.repository.rows(manager, selection);
  }

  context(manager: EntityManager, seen: readonly ObservedPort[]): Promise<PortContext> {
    const servers = seen.flatMap(({ deviceId }) => deviceId ?? []);
    const groups = seen.flatMap(({ securityGroupIds }) => securityGroupIds);
    return this.repository.context(manager, [...new Set(servers)], [...new Set(groups)]);
  }

  compare(row: ReconciledNetworkInterface, seen: ObservedPort, context: PortContext): readonly Difference[] {
    return comparePort(row, seen, context);
  }

  async follow(
    tx: EntityManager,
    row: ReconciledNetworkInterface,
    seen: ObservedPort,
    context: PortContext,
  ): Promise<void> {
    await this.repository.follow(tx, row.id, followedPort(seen, context));
  }

  /** Its floating IPs stay, and lead nowhere. */
  async removed(tx: EntityManager, { id }: ReconciledNetworkInterface): Promise<void> {
    for (const floatingIp of await this.floatingIps.findOfInterfaces(tx, [id])) {
      await this.floatingIps.setFreed(tx, floatingIp.id);
    }
    await this.interfaces.tombstone(tx, id, 'external');
  }

  remove(call: OpenStackCall, openstackId: string): Promise<void> {
    return this.client.delete(call, openstackId);
  }

  async adopt(tx: EntityManager, seen: ObservedPort, project: ManagedProject): Promise<number> {
    const marker = parseMarker(seen.description);
    const isOurs = marker?.deployment === (await this.deployment.deploymentId());
    return this.repository.insertAdopted(tx, {
      ...followedPort(seen, await this.context(tx, [seen])),
      openstackId: seen.openstackId,
      // Of a record that was lost: what carries it goes on being recognised.
      uuid: isOurs ? marker.uuid : randomUUID(),
      projectId: project.id,
      networkOpenstackId: seen.networkId,
    });
  }
}
