import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DeploymentService } from '../database/deployment.service.js';
import { OpenStackConflict } from '../openstack/openstack-errors.js';
import type { Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { floatingIpReleaseInput } from './floating-ip-release-input.js';
import { FloatingIpRemoval, type FloatingIpTarget } from './floating-ip-removal.js';
import { isRecorded } from './floating-ip-seen.js';
import type { FloatingIpEntity } from './floating-ip.entity.js';
import { FloatingIpAttached } from './floating-ip.errors.js';
import { FloatingIpRepository } from './floating-ip.repository.js';
import type { EntityManager } from '../database/transaction.js';

export const floatingIpRelease = 'floating-ip.release';

interface Rows {
  readonly floatingIp: FloatingIpEntity;
  readonly target: FloatingIpTarget;
}

/** Gives an address back to the cloud, unless Neutron shows it on a port. Only goes forward. */
@Injectable()
export class FloatingIpReleaseOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = floatingIpRelease;
  readonly effect = 'destroy';
  readonly steps: readonly Step<Rows>[] = [
    { does: 'ensure', name: 'floating-ip-gone', title: 'the release', look: (rows, calls) => this.look(rows, calls) },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly removal: FloatingIpRemoval,
    private readonly floatingIps: FloatingIpRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const floatingIp = await this.floatingIps.findAny(manager, operation.resourceId);
    if (floatingIp === null) throw new Error(`floating IP ${String(operation.resourceId)} has no row`);
    const { projectOpenstackId } = floatingIpReleaseInput.parse(operation.input);
    const deploymentId = await this.deployment.deploymentId();
    const { uuid, openstackId } = floatingIp;
    return { floatingIp, target: { projectOpenstackId, deploymentId, uuid, openstackId } };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { floatingIp }: Rows): Promise<void> {
    await this.floatingIps.tombstone(tx, floatingIp.id, 'user');
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { floatingIp }: Rows, fault: Fault): Promise<void> {
    await this.floatingIps.setFault(tx, floatingIp.id, {
      code: fault.code,
      message: `The floating IP could not be released. ${fault.message}`,
    });
  }

  private async look({ floatingIp, target }: Rows, calls: StepCalls): Promise<Sight> {
    const found = await this.removal.find(target, calls);
    if (found.length === 0) return { is: 'reached' };
    const attached = found.find((seen) => seen.portId !== null);
    if (attached !== undefined) {
      // Someone uses it, though our record did not know: the record follows, the address stays.
      if (!isRecorded(floatingIp, attached)) {
        return { is: 'passing', writes: (tx) => this.floatingIps.setObservedOnPort(tx, floatingIp.id, attached) };
      }
      const { code, message } = new FloatingIpAttached(attached.address, []);
      return { is: 'failed', fault: { code, message, openstackRequestIds: [] } };
    }
    return {
      is: 'needed',
      act: () => this.removal.release(target, found, calls),
      passes: (error) => error instanceof OpenStackConflict,
    };
  }
}
