import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CatalogService } from '../catalog/catalog.service.js';
import { DeploymentService } from '../database/deployment.service.js';
import { FloatingIpRemoval, type FloatingIpTarget } from '../floating-ip/floating-ip-removal.js';
import { FloatingIpClient, type ObservedFloatingIp } from '../floating-ip/floating-ip.client.js';
import type { FloatingIpEntity } from '../floating-ip/floating-ip.entity.js';
import { FloatingIpRepository } from '../floating-ip/floating-ip.repository.js';
import { markerOf } from '../openstack/marker.js';
import type { CreatedObject, Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { unusableFloatingNetwork } from './floating-ip-choice.js';
import { floatingIpAllocationInput, type FloatingIpAllocationInput } from './floating-ip-allocation-input.js';
import type { EntityManager } from '../database/transaction.js';

export const floatingIpAllocation = 'floating-ip.allocate';

interface Rows {
  readonly floatingIp: FloatingIpEntity;
  readonly input: FloatingIpAllocationInput;
  readonly target: FloatingIpTarget;
}

/** An address from an external network; given back when anything fails. */
@Injectable()
export class FloatingIpAllocationOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = floatingIpAllocation;
  readonly effect = 'create';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'ensure',
      name: 'catalogue',
      title: 'the choice of the network',
      look: (rows) => this.lookAtCatalogue(rows),
    },
    {
      does: 'create',
      name: 'floating-ip',
      title: 'the floating IP',
      recorded: ({ floatingIp }) => floatingIp.openstackId,
      find: (rows, calls) => this.find(rows, calls),
      create: (rows, calls) => this.create(rows, calls),
      undo: { look: (rows, calls) => this.lookForUndo(rows, calls) },
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly catalog: CatalogService,
    private readonly client: FloatingIpClient,
    private readonly removal: FloatingIpRemoval,
    private readonly floatingIps: FloatingIpRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const floatingIp = await this.floatingIps.findAny(manager, operation.resourceId);
    if (floatingIp === null) throw new Error(`floating IP ${String(operation.resourceId)} has no row`);
    const input = floatingIpAllocationInput.parse(operation.input);
    const target = {
      projectOpenstackId: input.projectOpenstackId,
      deploymentId: await this.deployment.deploymentId(),
      uuid: floatingIp.uuid,
      openstackId: floatingIp.openstackId,
    };
    return { floatingIp, input, target };
  }

  /** The row was filled when Neutron answered. */
  async succeed(): Promise<void> {
    // Nothing is left to write.
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { floatingIp }: Rows, fault: Fault): Promise<void> {
    await this.floatingIps.setFault(tx, floatingIp.id, fault);
    await this.floatingIps.tombstone(tx, floatingIp.id, 'compensation');
  }

  /** What could not be checked when the request came in is checked before anything is made. */
  private async lookAtCatalogue({ input }: Rows): Promise<Sight> {
    if (input.isChecked) return { is: 'reached' };
    const error = unusableFloatingNetwork(
      await this.catalog.require(input.projectOpenstackId),
      input.floatingNetworkId,
    );
    if (error === null) return { is: 'reached' };
    return { is: 'failed', fault: { code: error.code, message: error.message, openstackRequestIds: [] } };
  }

  private async find(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]> {
    const found = await this.client.findByMarker(calls.reading(rows.target.projectOpenstackId), marker(rows));
    return found.map((floatingIp) => this.created(rows, floatingIp));
  }

  private async create(rows: Rows, calls: StepCalls): Promise<CreatedObject> {
    const floatingIp = await this.client.allocate(calls.changing(rows.target.projectOpenstackId), {
      floatingNetworkId: rows.input.floatingNetworkId,
      marker: marker(rows),
    });
    return this.created(rows, floatingIp);
  }

  private created(rows: Rows, seen: ObservedFloatingIp): CreatedObject {
    return {
      openstackId: seen.openstackId,
      createdAt: seen.createdAt,
      isInUse: seen.portId !== null,
      differs: seen.floatingNetworkId === rows.input.floatingNetworkId ? null : 'it is from another network',
      writes: async (tx) => {
        await this.floatingIps.setOpenstackId(tx, rows.floatingIp.id, seen.openstackId);
        await this.floatingIps.setObservedOnPort(tx, rows.floatingIp.id, seen);
      },
    };
  }

  private async lookForUndo({ target }: Rows, calls: StepCalls): Promise<Sight> {
    const found = await this.removal.find(target, calls);
    if (found.length === 0) return { is: 'reached' };
    return { is: 'needed', act: () => this.removal.release(target, found, calls) };
  }
}

function marker({ target }: Rows): string {
  return markerOf(target.deploymentId, target.uuid);
}
