import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { FloatingIpClient } from '../floating-ip/floating-ip.client.js';
import { FloatingIpReconciler } from '../floating-ip/floating-ip.reconciler.js';
import { NetworkInterfaceClient, type ObservedPort } from '../network-interface/network-interface.client.js';
import { NetworkInterfaceReconciler } from '../network-interface/network-interface.reconciler.js';
import { projectCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { orNull } from '../operation/marked-removal.js';
import { AdoptionRefused, UnmanagedResourceNotFound } from '../reconciliation/adoption.errors.js';
import { Adopters, type Adopted, type Adopter, type AdoptionCommand } from '../reconciliation/adoption.js';
import { MarkedAdopter, seeInProject } from '../reconciliation/marked-adopter.js';
import { adoptable, MarkedAdoption, type Adoptable } from '../reconciliation/marked-adoption.js';
import { SecurityGroupReconciler } from '../security-group/security-group.reconciler.js';
import type { SeenVolume } from '../volume/volume-comparison.js';
import { VolumeReconciliationRepository } from '../volume/volume-reconciliation.repository.js';
import { VolumeReconciler } from '../volume/volume.reconciler.js';
import type { SeenServer } from './server-comparison.js';
import { ServerReconciler } from './server.reconciler.js';

/** Adopts a server with all that belongs to it: its ports with their security groups and addresses, and its volumes. */
@Injectable()
export class ServerAdoptionService implements Adopter, OnModuleInit {
  readonly resourceType = 'server';

  constructor(
    private readonly adopters: Adopters,
    private readonly adoption: MarkedAdoption,
    private readonly servers: ServerReconciler,
    private readonly ports: NetworkInterfaceReconciler,
    private readonly portClient: NetworkInterfaceClient,
    private readonly floatingIps: FloatingIpReconciler,
    private readonly floatingIpClient: FloatingIpClient,
    private readonly groups: SecurityGroupReconciler,
    private readonly volumes: VolumeReconciler,
    private readonly volumeRows: VolumeReconciliationRepository,
  ) {}

  onModuleInit(): void {
    this.adopters.register(this);
    // By themselves, too: an address that is on no server, a group that none has.
    this.adopters.register(new MarkedAdopter(this.ports, this.adoption));
    this.adopters.register(new MarkedAdopter(this.floatingIps, this.adoption));
    this.adopters.register(new MarkedAdopter(this.groups, this.adoption));
  }

  async adopt(command: AdoptionCommand): Promise<readonly Adopted[]> {
    const askedAt = await this.adoption.now();
    const server = await seeInProject(this.servers, command);
    if (server.status === 'DELETED') throw new UnmanagedResourceNotFound('server', command.openstackId);
    if (server.isPartial) throw new AdoptionRefused('Nova cannot say what the server is like, for its cell is down');
    const call = projectCall(command.project.openstackId);
    const ports = await this.portClient.listByDevice(call, server.openstackId);
    const volumes = await this.volumesOf(call, server);
    const objects = [
      ...(await this.groupsOf(call, ports)),
      adoptable(this.servers, server),
      ...ports.map((port) => adoptable(this.ports, port)),
      ...(await this.addressesOf(call, ports)),
      ...volumes.map((volume) => adoptable(this.volumes, volume)),
    ];
    const root = rootOf(server, volumes);
    const adopted = await this.adoption.adopt(command, objects, askedAt, (tx, rows) =>
      root === null ? Promise.resolve() : this.setRoot(tx, rows, root),
    );
    return [...adopted.filter(({ type }) => type === 'server'), ...adopted.filter(({ type }) => type !== 'server')];
  }

  /** A group of another project that is shared with this one stays unmanaged. */
  private async groupsOf(call: OpenStackCall, ports: readonly ObservedPort[]): Promise<readonly Adoptable[]> {
    const groups: Adoptable[] = [];
    for (const id of new Set(ports.flatMap(({ securityGroupIds }) => securityGroupIds))) {
      const group = await orNull(this.groups.get(call, id));
      const isOfProject = call.scope.kind === 'project' && group?.projectId === call.scope.projectId;
      if (group !== null && isOfProject) groups.push(adoptable(this.groups, group));
    }
    return groups;
  }

  private async addressesOf(call: OpenStackCall, ports: readonly ObservedPort[]): Promise<readonly Adoptable[]> {
    const addresses: Adoptable[] = [];
    for (const port of ports) {
      for (const { openstackId } of await this.floatingIpClient.listByPort(call, port.openstackId)) {
        const address = await orNull(this.floatingIps.get(call, openstackId));
        if (address !== null) addresses.push(adoptable(this.floatingIps, address));
      }
    }
    return addresses;
  }

  private async volumesOf(call: OpenStackCall, { volumeIds }: SeenServer): Promise<readonly SeenVolume[]> {
    const volumes: SeenVolume[] = [];
    for (const id of volumeIds) {
      const volume = await orNull(this.volumes.get(call, id));
      if (volume !== null) volumes.push(volume);
    }
    return volumes;
  }

  private async setRoot(tx: EntityManager, rows: readonly Adopted[], { openstackId, device }: Root): Promise<void> {
    const serverRow = rows.find(({ type }) => type === 'server');
    const volumeRow = rows.find((row) => row.type === 'volume' && row.openstackId === openstackId);
    // One that was here before may be known for what it is.
    if (serverRow?.id === undefined || serverRow.id === null || volumeRow?.id === undefined || volumeRow.id === null)
      return;
    if (!serverRow.isNew && !volumeRow.isNew) return;
    await this.volumeRows.setPlace(tx, volumeRow.id, { serverId: serverRow.id, device, isRootVolume: true });
  }
}

interface Root {
  readonly openstackId: string;
  readonly device: string | null;
}

/** The volume that the server boots from; null when it boots from an image. */
function rootOf(server: SeenServer, volumes: readonly SeenVolume[]): Root | null {
  if (server.imageId !== null) return null;
  const attached = volumes.map(({ openstackId, isBootable, attachments }) => ({
    openstackId,
    isBootable,
    device: attachments.find(({ serverId }) => serverId === server.openstackId)?.device ?? null,
  }));
  const byDevice = attached.find(({ device }) => device !== null && device === server.rootDevice);
  return byDevice ?? attached.find(({ isBootable }) => isBootable) ?? null;
}
