import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { markerOf } from '../openstack/marker.js';
import { OpenStackConflict } from '../openstack/openstack-errors.js';
import { openstackName } from '../openstack/openstack-name.js';
import { orNull } from '../operation/marked-removal.js';
import type { Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { securityGroupUpdateInput, type SecurityGroupUpdateInput } from './security-group-change-input.js';
import { neutronDescription } from './security-group-description.js';
import { securityGroupUpdate } from './security-group-kinds.js';
import { groupGone, SecurityGroupRuleChange, type RuleTarget } from './security-group-rule-change.js';
import { ruleDifference } from './security-group-rule.js';
import { SecurityGroupRuleRepository } from './security-group-rule.repository.js';
import { SecurityGroupClient } from './security-group.client.js';
import type { SecurityGroupEntity } from './security-group.entity.js';
import { SecurityGroupNameTaken } from './security-group.errors.js';
import { SecurityGroupRepository } from './security-group.repository.js';

const wordsStep = 'words';

interface Rows {
  readonly group: SecurityGroupEntity;
  readonly input: SecurityGroupUpdateInput;
  readonly target: RuleTarget;
  /** What Neutron is to say. */
  readonly description: string;
  /** The same; null for the group `default`, whose name may not be sent. */
  readonly name: string | null;
}

/** Name and description, then the rules, exactly as asked for: by value, so that what stays keeps its ids. Never undone. */
@Injectable()
export class SecurityGroupUpdateOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = securityGroupUpdate;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'ensure',
      name: wordsStep,
      title: 'the name or description of the security group',
      look: (rows, calls) => this.lookAtWords(rows, calls),
    },
    {
      does: 'ensure',
      name: 'rules',
      title: 'a rule of the security group',
      look: ({ target, input }, calls) =>
        this.ruleChange.look(target, (existing) => ruleDifference(input.rules, existing), calls),
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly client: SecurityGroupClient,
    private readonly ruleChange: SecurityGroupRuleChange,
    private readonly groups: SecurityGroupRepository,
    private readonly rules: SecurityGroupRuleRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const group = await this.groups.findAny(manager, operation.resourceId);
    if (typeof group?.openstackId !== 'string') {
      throw new Error(`security group ${String(operation.resourceId)} has no row, or nothing in OpenStack`);
    }
    const input = securityGroupUpdateInput.parse(operation.input);
    const marker = group.managedBy === 'created' ? markerOf(await this.deployment.deploymentId(), group.uuid) : null;
    return {
      group,
      input,
      target: {
        id: group.id,
        openstackId: group.openstackId,
        projectOpenstackId: input.projectOpenstackId,
        recordedRules: await this.rules.idsOf(manager, group.id),
      },
      description: neutronDescription({ description: input.description, marker }),
      name: group.isDefault ? null : openstackName(input.name),
    };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { group }: Rows): Promise<void> {
    await this.groups.setFault(tx, group.id, null);
  }

  async fail(tx: EntityManager, operation: OperationEntity, { group, input }: Rows, fault: Fault): Promise<void> {
    if (operation.step === wordsStep) await this.takeBack(tx, group, input);
    await this.groups.setFault(tx, group.id, {
      code: fault.code,
      message: `The security group could not be changed. ${fault.message}`,
    });
  }

  /** Neutron has the old words still. */
  private async takeBack(
    tx: EntityManager,
    group: SecurityGroupEntity,
    { previous }: SecurityGroupUpdateInput,
  ): Promise<void> {
    try {
      await this.groups.setWords(tx, group, previous);
    } catch (error) {
      // Another group was given the old name meanwhile: this one keeps the new one here.
      if (!(error instanceof SecurityGroupNameTaken)) throw error;
    }
  }

  private async lookAtWords({ group, input, target, name, description }: Rows, calls: StepCalls): Promise<Sight> {
    const seen = await orNull(this.client.get(calls.reading(input.projectOpenstackId), target.openstackId));
    if (seen === null) return groupGone(group.id);
    if ((name === null || seen.name === name) && seen.description === description) return { is: 'reached' };
    const { revision } = seen;
    return {
      is: 'needed',
      act: async () => {
        const call = calls.changing(input.projectOpenstackId);
        await this.client.update(call, target.openstackId, { name, description, revision });
      },
      // The group changed between our look and our call: look again.
      passes: (error) => error instanceof OpenStackConflict && error.status === 412,
    };
  }
}
