import { Injectable } from '@nestjs/common';
import { FloatingIpClient, type ObservedFloatingIp } from '../floating-ip/floating-ip.client.js';
import type { FloatingIpEntity } from '../floating-ip/floating-ip.entity.js';
import { FloatingIpRepository } from '../floating-ip/floating-ip.repository.js';
import { isRecorded } from '../floating-ip/floating-ip-seen.js';
import { OpenStackConflict, OpenStackNotFound, type OpenStackError } from '../openstack/openstack-errors.js';
import type { Fault, OperationKind, RowWrites, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { floatingIpAssociationInput, type FloatingIpAssociationInput } from './floating-ip-association-input.js';
import { FloatingIpAlreadyAttached, NetworkInterfaceHasFloatingIp } from './floating-ip-association.errors.js';
import { NetworkInterfaceRepository } from './network-interface.repository.js';
import type { EntityManager } from '../database/transaction.js';

export const floatingIpAssociation = 'floating-ip.associate';
export const floatingIpDisassociation = 'floating-ip.disassociate';

interface Rows {
  readonly floatingIp: FloatingIpEntity;
  readonly openstackId: string;
  readonly input: FloatingIpAssociationInput;
  /** As Nova said last; null when the interface is on no server. */
  readonly serverStatus: string | null;
  /** How long the operation stands at its step, milliseconds. */
  readonly inStepMs: number;
}

/** Neutron changes the status about a second after the port, once the data plane follows; longer than this is not waited for. */
const statusPatienceMs = 4_000;

/**
 * Puts addresses on interfaces and takes them off. Two kinds that differ in their goal: each looks at the address in Neutron
 * first, changes it only in the revision that it saw, and lets the row follow what Neutron shows. Never undone.
 */
@Injectable()
export class FloatingIpAssociationOperation {
  constructor(
    registry: OperationRegistry,
    private readonly operations: OperationRepository,
    private readonly client: FloatingIpClient,
    private readonly floatingIps: FloatingIpRepository,
    private readonly interfaces: NetworkInterfaceRepository,
  ) {
    registry.register(
      this.kindOf(floatingIpAssociation, 'put on the interface', [
        {
          does: 'ensure',
          name: 'associated',
          title: 'the association',
          look: (rows, calls) => this.lookForAssociation(rows, calls),
        },
        {
          does: 'ensure',
          name: 'status',
          title: 'the association',
          look: (rows, calls) => this.lookAtStatusOn(rows, calls),
        },
      ]),
    );
    registry.register(
      this.kindOf(floatingIpDisassociation, 'taken off the interface', [
        {
          does: 'ensure',
          name: 'disassociated',
          title: 'the disassociation',
          look: (rows, calls) => this.lookForDisassociation(rows, calls),
        },
        {
          does: 'ensure',
          name: 'status',
          title: 'the disassociation',
          look: (rows, calls) => this.lookAtStatusOff(rows, calls),
        },
      ]),
    );
  }

  private kindOf(kind: string, goal: string, steps: readonly Step<Rows>[]): OperationKind<Rows> {
    return {
      kind,
      effect: 'change',
      steps,
      load: (manager, operation) => this.load(manager, operation),
      succeed: (tx, _operation, { floatingIp }) => this.floatingIps.setFault(tx, floatingIp.id, null),
      fail: (tx, _operation, { floatingIp }, fault) =>
        this.floatingIps.setFault(tx, floatingIp.id, {
          code: fault.code,
          message: `The floating IP could not be ${goal}. ${fault.message}`,
        }),
    };
  }

  private async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const floatingIp = await this.floatingIps.findAny(manager, operation.resourceId);
    if (typeof floatingIp?.openstackId !== 'string') {
      throw new Error(`floating IP ${String(operation.resourceId)} has no row, or nothing in OpenStack`);
    }
    const now = await this.operations.now(manager);
    return {
      floatingIp,
      openstackId: floatingIp.openstackId,
      input: floatingIpAssociationInput.parse(operation.input),
      serverStatus: await this.interfaces.serverStatus(manager, operation.serverId),
      inStepMs: now.getTime() - operation.stepSince.getTime(),
    };
  }

  private async lookForAssociation(rows: Rows, calls: StepCalls): Promise<Sight> {
    const { input, openstackId } = rows;
    const seen = await this.see(rows, calls);
    if (seen === null) return gone(rows);
    if (seen.portId === input.portOpenstackId) return { is: 'reached', writes: this.follow(rows, seen) };
    if (seen.portId !== null) return this.heldElsewhere(rows, seen);
    const reading = calls.reading(input.projectOpenstackId);
    const [other] = await this.client.listByPort(reading, input.portOpenstackId);
    if (other !== undefined) {
      // Put there outside: Neutron would allow a second one only for another fixed address, our rule is one an interface.
      const { code, message } = new NetworkInterfaceHasFloatingIp(input.networkInterfaceId, other.address, []);
      return { is: 'failed', fault: { code, message, openstackRequestIds: [] } };
    }
    return {
      is: 'needed',
      act: async () => {
        await this.client.associate(calls.changing(input.projectOpenstackId), openstackId, {
          portId: input.portOpenstackId,
          fixedIpAddress: input.fixedIpAddress,
          revision: seen.revision,
        });
      },
      passes: isChangedMeanwhile,
      explain: notRouted,
    };
  }

  private async lookForDisassociation(rows: Rows, calls: StepCalls): Promise<Sight> {
    const { input, openstackId, floatingIp } = rows;
    const seen = await this.see(rows, calls);
    // Without the address nothing leads to the interface; whether it is gone for good is for reconciliation to find out.
    if (seen === null) return { is: 'reached', writes: (tx) => this.floatingIps.setDetached(tx, floatingIp.id) };
    if (seen.portId !== input.portOpenstackId) return { is: 'reached', writes: this.follow(rows, seen) };
    return {
      is: 'needed',
      act: async () => {
        await this.client.disassociate(calls.changing(input.projectOpenstackId), openstackId, {
          revision: seen.revision,
        });
      },
      passes: isChangedMeanwhile,
    };
  }

  private async lookAtStatusOn(rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.see(rows, calls);
    if (seen === null) return gone(rows);
    if (seen.portId !== rows.input.portOpenstackId) return this.heldElsewhere(rows, seen);
    const isComing = seen.status === 'DOWN' && rows.serverStatus === 'ACTIVE';
    return this.settling(rows, seen, isComing);
  }

  private async lookAtStatusOff(rows: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await this.see(rows, calls);
    if (seen === null) return { is: 'reached' };
    return this.settling(rows, seen, seen.portId === null && seen.status === 'ACTIVE');
  }

  /** A status that does not come in time is no failure: the address is where it should be. */
  private settling(rows: Rows, seen: ObservedFloatingIp, isComing: boolean): Sight {
    const isWaited = isComing && rows.inStepMs < statusPatienceMs;
    return { is: isWaited ? 'passing' : 'reached', writes: this.follow(rows, seen) };
  }

  /** Someone took the address, or let it go, behind our back: the record follows before the operation ends. */
  private heldElsewhere(rows: Rows, seen: ObservedFloatingIp): Sight {
    if (!isRecorded(rows.floatingIp, seen)) return { is: 'passing', writes: this.follow(rows, seen) };
    if (seen.portId === null) {
      const message = `Floating IP ${seen.address} was taken off the interface again by someone else.`;
      return { is: 'failed', fault: { code: 'OPENSTACK_CONFLICT', message, openstackRequestIds: [] } };
    }
    const { code, message } = new FloatingIpAlreadyAttached(seen.address, null);
    return { is: 'failed', fault: { code, message, openstackRequestIds: [] } };
  }

  private follow({ floatingIp }: Rows, seen: ObservedFloatingIp): RowWrites {
    return (tx) => this.floatingIps.setObservedOnPort(tx, floatingIp.id, seen);
  }

  /** Null when Neutron does not know it. */
  private async see({ input, openstackId }: Rows, calls: StepCalls): Promise<ObservedFloatingIp | null> {
    try {
      return await this.client.get(calls.reading(input.projectOpenstackId), openstackId);
    } catch (error) {
      if (error instanceof OpenStackNotFound) return null;
      throw error;
    }
  }
}

/** The address changed between our look and our call: look again. */
function isChangedMeanwhile(error: OpenStackError): boolean {
  return error instanceof OpenStackConflict && error.status === 412;
}

function notRouted(error: OpenStackError): Fault | null {
  if (error.type !== 'ExternalGatewayForFloatingIPNotFound') return null;
  return {
    code: 'NETWORK_NOT_ROUTED',
    message:
      'No router leads from the network of the floating IP to the network of the interface; connect them by a router, or take a floating IP from another network.',
    openstackRequestIds: error.requestId === null ? [] : [error.requestId],
  };
}

function gone({ floatingIp }: Rows): Sight {
  const message = `Floating IP ${floatingIp.address ?? ''} is not in OpenStack any more.`;
  return { is: 'failed', fault: { code: 'FLOATING_IP_NOT_FOUND', message, openstackRequestIds: [] } };
}
