import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { markerOf } from '../openstack/marker.js';
import type { RemovalTarget } from '../operation/marked-removal.js';
import type { Fault, OperationKind, Step } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { securityGroupDeletionInput } from './security-group-change-input.js';
import { neutronDescription } from './security-group-description.js';
import { securityGroupDeletion } from './security-group-kinds.js';
import { SecurityGroupRemoval } from './security-group-removal.js';
import { SecurityGroupRuleRepository } from './security-group-rule.repository.js';
import type { SecurityGroupEntity } from './security-group.entity.js';
import { SecurityGroupRepository } from './security-group.repository.js';

interface Rows {
  readonly group: SecurityGroupEntity;
  readonly target: RemovalTarget;
  readonly description: string;
}

/** A group goes, and with it the rules of others that let its members in. Only goes forward. */
@Injectable()
export class SecurityGroupDeletionOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = securityGroupDeletion;
  readonly effect = 'destroy';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'ensure',
      name: 'security-group-gone',
      title: 'the deletion of the security group',
      look: ({ target, description }, calls) => this.removal.look(target, description, calls),
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly removal: SecurityGroupRemoval,
    private readonly groups: SecurityGroupRepository,
    private readonly rules: SecurityGroupRuleRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const group = await this.groups.findAny(manager, operation.resourceId);
    if (group === null) throw new Error(`security group ${String(operation.resourceId)} has no row`);
    const { projectOpenstackId } = securityGroupDeletionInput.parse(operation.input);
    const deploymentId = await this.deployment.deploymentId();
    const { uuid, openstackId } = group;
    const marker = group.managedBy === 'created' ? markerOf(deploymentId, uuid) : null;
    return {
      group,
      target: { projectOpenstackId, deploymentId, uuid, openstackId },
      description: neutronDescription({ description: group.description, marker }),
    };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { group }: Rows): Promise<void> {
    if (group.openstackId !== null) await this.rules.deleteReferencesTo(tx, group.openstackId);
    await this.rules.deleteOf(tx, group.id);
    await this.groups.tombstone(tx, group.id, 'user');
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { group }: Rows, fault: Fault): Promise<void> {
    await this.groups.setFault(tx, group.id, {
      code: fault.code,
      message: `The security group could not be deleted. ${fault.message}`,
    });
  }
}
