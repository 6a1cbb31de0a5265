import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { OpenStackConflict, type OpenStackError } from '../openstack/openstack-errors.js';
import { orNull } from '../operation/marked-removal.js';
import type { Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { SecurityGroupRepository } from '../security-group/security-group.repository.js';
import { NetworkInterfaceClient, type ObservedPort } from './network-interface.client.js';
import type { NetworkInterfaceEntity } from './network-interface.entity.js';
import { NetworkInterfaceRepository } from './network-interface.repository.js';
import {
  securityGroupsOfInterfaceInput,
  type SecurityGroupsOfInterfaceInput,
} from './security-groups-of-interface-input.js';
import { PortSecurityDisabled } from './security-groups-of-interface.errors.js';

export const securityGroupsOfInterface = 'network-interface.set-security-groups';

interface Rows {
  readonly nic: NetworkInterfaceEntity;
  readonly input: SecurityGroupsOfInterfaceInput;
}

/** Puts an interface into exactly the groups that were asked for, in the revision of the port that was seen. Never undone. */
@Injectable()
export class SecurityGroupsOfInterfaceOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = securityGroupsOfInterface;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'ensure',
      name: 'groups',
      title: 'the security groups of the port',
      look: (rows, calls) => this.look(rows, calls),
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly client: NetworkInterfaceClient,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly groups: SecurityGroupRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const nic = await this.interfaces.findAny(manager, operation.resourceId);
    if (nic === null) throw new Error(`network interface ${String(operation.resourceId)} has no row`);
    return { nic, input: securityGroupsOfInterfaceInput.parse(operation.input) };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { nic }: Rows): Promise<void> {
    await this.interfaces.setFault(tx, nic.id, null);
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { nic, input }: Rows, fault: Fault): Promise<void> {
    await this.interfaces.setSecurityGroups(tx, nic.id, input.previousIds);
    await this.interfaces.setFault(tx, nic.id, {
      code: fault.code,
      message: `The security groups of the interface could not be changed. ${fault.message}`,
    });
  }

  private async look({ nic, input }: Rows, calls: StepCalls): Promise<Sight> {
    const { projectOpenstackId, portOpenstackId, securityGroupOpenstackIds: wanted } = input;
    const port = await orNull(this.client.get(calls.reading(projectOpenstackId), portOpenstackId));
    if (port === null) return gone(nic);
    if (areSame(port.securityGroupIds, wanted)) return { is: 'reached', writes: (tx) => this.record(tx, nic, port) };
    if (port.portSecurityEnabled === false && wanted.length > 0) return { is: 'failed', fault: disabled(nic, null) };
    return {
      is: 'needed',
      act: async () => {
        await this.client.setSecurityGroups(calls.changing(projectOpenstackId), portOpenstackId, {
          securityGroupIds: wanted,
          revision: port.revision,
        });
      },
      // The port changed between our look and our call: look again.
      passes: (error) => error instanceof OpenStackConflict && error.status === 412,
      explain: (error) => (error.type === 'PortSecurityAndIPRequiredForSecurityGroups' ? disabled(nic, error) : null),
    };
  }

  private async record(tx: EntityManager, nic: NetworkInterfaceEntity, port: ObservedPort): Promise<void> {
    const groups = await this.groups.findByOpenstackIds(tx, nic.projectId, port.securityGroupIds);
    await this.interfaces.setSecurityGroups(
      tx,
      nic.id,
      groups.map((group) => group.id),
    );
    await this.interfaces.setObserved(tx, nic.id, {
      status: port.status,
      macAddress: port.macAddress,
      fixedIps: port.fixedIps.map((ip) => ip.ipAddress),
    });
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((id) => others.includes(id));
}

function disabled(nic: NetworkInterfaceEntity, error: OpenStackError | null): Fault {
  const { code, message } = new PortSecurityDisabled(nic.id);
  const requestId = error?.requestId ?? null;
  return { code, message, openstackRequestIds: requestId === null ? [] : [requestId] };
}

function gone({ id }: NetworkInterfaceEntity): Sight {
  const message = `Network interface ${String(id)} is not in OpenStack any more.`;
  return { is: 'failed', fault: { code: 'NETWORK_INTERFACE_NOT_FOUND', message, openstackRequestIds: [] } };
}
