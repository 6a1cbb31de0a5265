import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NetworkQuotaClient } from '../catalog/network-quota.client.js';
import { DeploymentService } from '../database/deployment.service.js';
import type { EntityManager } from '../database/transaction.js';
import { markerOf } from '../openstack/marker.js';
import { OpenStackNotFound, OpenStackQuotaExceeded, type OpenStackError } from '../openstack/openstack-errors.js';
import type { RemovalTarget } from '../operation/marked-removal.js';
import { networkQuotaFault } from '../operation/operation-fault.js';
import type { CreatedObject, Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { securityGroupCreationInput, type SecurityGroupCreationInput } from './security-group-change-input.js';
import { neutronDescription } from './security-group-description.js';
import { securityGroupCreation } from './security-group-kinds.js';
import { SecurityGroupRemoval } from './security-group-removal.js';
import { SecurityGroupRuleChange } from './security-group-rule-change.js';
import { missingRules } from './security-group-rule.js';
import { SecurityGroupRuleRepository } from './security-group-rule.repository.js';
import { SecurityGroupClient, type ObservedSecurityGroup } from './security-group.client.js';
import type { SecurityGroupEntity } from './security-group.entity.js';
import { SecurityGroupRepository } from './security-group.repository.js';

interface Rows {
  readonly group: SecurityGroupEntity;
  readonly input: SecurityGroupCreationInput;
  readonly target: RemovalTarget;
  readonly recordedRules: readonly string[];
}

/** A group, then its rules beside those that Neutron gives each group; taken back when anything fails. */
@Injectable()
export class SecurityGroupCreationOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = securityGroupCreation;
  readonly effect = 'create';
  readonly steps: readonly Step<Rows>[] = [
    {
      does: 'create',
      name: 'security-group',
      title: 'the security group',
      recorded: ({ group }) => group.openstackId,
      find: (rows, calls) => this.find(rows, calls),
      create: (rows, calls) => this.create(rows, calls),
      explain: (error, rows, calls) => this.explain(error, rows, calls),
      undo: { look: (rows, calls) => this.removal.look(rows.target, describedAs(rows), calls) },
    },
    {
      does: 'ensure',
      name: 'rules',
      title: 'a rule of the security group',
      look: (rows, calls) => this.lookAtRules(rows, calls),
    },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly deployment: DeploymentService,
    private readonly client: SecurityGroupClient,
    private readonly quotas: NetworkQuotaClient,
    private readonly removal: SecurityGroupRemoval,
    private readonly ruleChange: SecurityGroupRuleChange,
    private readonly groups: SecurityGroupRepository,
    private readonly rules: SecurityGroupRuleRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const group = await this.groups.findAny(manager, operation.resourceId);
    if (group === null) throw new Error(`security group ${String(operation.resourceId)} has no row`);
    const input = securityGroupCreationInput.parse(operation.input);
    const { uuid, openstackId } = group;
    const deploymentId = await this.deployment.deploymentId();
    return {
      group,
      input,
      target: { projectOpenstackId: input.projectOpenstackId, deploymentId, uuid, openstackId },
      recordedRules: await this.rules.idsOf(manager, group.id),
    };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { group }: Rows): Promise<void> {
    await this.groups.setFault(tx, group.id, null);
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { group }: Rows, fault: Fault): Promise<void> {
    await this.groups.setFault(tx, group.id, fault);
    await this.rules.deleteOf(tx, group.id);
    await this.groups.tombstone(tx, group.id, 'compensation');
  }

  private async find(rows: Rows, calls: StepCalls): Promise<readonly CreatedObject[]> {
    const call = calls.reading(rows.input.projectOpenstackId);
    const found = await this.client.findByDescription(call, describedAs(rows));
    return found.map((group) => this.created(rows, group));
  }

  private async create(rows: Rows, calls: StepCalls): Promise<CreatedObject> {
    const { projectOpenstackId, name } = rows.input;
    const command = { name, description: describedAs(rows) };
    return this.created(rows, await this.client.create(calls.changing(projectOpenstackId), command));
  }

  private created({ group }: Rows, seen: ObservedSecurityGroup): CreatedObject {
    return {
      openstackId: seen.openstackId,
      createdAt: seen.createdAt,
      isInUse: false,
      differs: null,
      writes: async (tx) => {
        await this.groups.setOpenstackId(tx, group.id, seen.openstackId);
        await this.ruleChange.record(tx, group.id, seen);
      },
    };
  }

  private async explain(error: OpenStackError, { input }: Rows, calls: StepCalls): Promise<Fault | null> {
    if (!(error instanceof OpenStackQuotaExceeded)) return null;
    // The two rules that a group comes with count too.
    const [resource, what] = error.text.includes('security_group_rule')
      ? (['security_group_rule', 'the rules that a security group comes with'] as const)
      : (['security_group', 'the security group'] as const);
    const quota = await this.quotas.get(calls.reading(input.projectOpenstackId), input.projectOpenstackId, resource);
    return quota === null ? null : networkQuotaFault(error, what, quota);
  }

  private async lookAtRules({ group, input, recordedRules }: Rows, calls: StepCalls): Promise<Sight> {
    const { openstackId } = group;
    if (openstackId === null)
      throw new Error(`security group ${String(group.id)} has no recorded id after its creation`);
    const target = { id: group.id, openstackId, projectOpenstackId: input.projectOpenstackId, recordedRules };
    const sight = await this.ruleChange.look(
      target,
      (existing) => ({ replace: [], add: missingRules(input.rules, existing), remove: [] }),
      calls,
    );
    // A group that is new is not known to all of Neutron's API workers at once.
    if (sight.is === 'failed') return { ...sight, doubtful: true };
    if (sight.is !== 'needed') return sight;
    return {
      ...sight,
      passes: (error) => error instanceof OpenStackNotFound && error.text.includes(openstackId),
    };
  }
}

/** What the group is described by in Neutron, and found again by. */
function describedAs({ input, target }: Rows): string {
  return neutronDescription({
    description: input.description,
    marker: markerOf(target.deploymentId, target.uuid),
  });
}
