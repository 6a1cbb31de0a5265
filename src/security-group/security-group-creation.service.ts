import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Actor } from '../common/actor.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { SecurityGroupCreationInput } from './security-group-change-input.js';
import { securityGroupCreation } from './security-group-kinds.js';
import { isDefaultName } from './security-group-name.js';
import { remoteGroupsOf, withOpenstackIds } from './security-group-remote-groups.js';
import { requestedRules, type RuleValue } from './security-group-rule.js';
import { SecurityGroupNameTaken } from './security-group.errors.js';
import { SecurityGroupRepository } from './security-group.repository.js';
import { SecurityGroupService, type ChangedSecurityGroup } from './security-group.service.js';

export interface CreateSecurityGroupCommand {
  readonly name: string;
  readonly description: string | null;
  /** As they were given; other groups by our ids. */
  readonly rules: readonly RuleValue<number>[];
}

@Injectable()
export class SecurityGroupCreationService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly groups: SecurityGroupRepository,
    private readonly reads: SecurityGroupService,
  ) {}

  /**
   * Makes a group with these rules beside those that let everything out, and waits for it a while.
   *
   * @throws ValidationFailed, SecurityGroupNotFound and SecurityGroupAccessDenied (of a rule), OperationInProgress,
   *   SecurityGroupNameTaken; nothing is kept then.
   * @throws OperationFailed when OpenStack refuses in time, e.g. `QUOTA_EXCEEDED`; nothing is kept then.
   */
  async create(actor: Actor, command: CreateSecurityGroupCommand): Promise<ChangedSecurityGroup> {
    const rules = requestedRules(command.rules);
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, actor, command, rules));
    const isDone = await this.operations.settle(actor, operation);
    const group = await this.reads.getDetails(actor.principal, operation.resourceId);
    return { group, operationId: isDone ? null : operation.id };
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    { name, description, rules: given }: CreateSecurityGroupCommand,
    rules: readonly RuleValue<number>[],
  ): Promise<OperationEntity> {
    const { projectId, projectOpenstackId } = actor.principal;
    const ids = rules.flatMap(({ remoteGroup }) => (remoteGroup === null ? [] : [remoteGroup]));
    const remoteGroups = remoteGroupsOf(actor.principal, given, await this.groups.find(tx, ids));
    await this.groups.findForShare(tx, ids);
    if (isDefaultName(name)) {
      const holder = await this.groups.findDefault(tx, projectId);
      throw new SecurityGroupNameTaken(
        name,
        holder === null ? null : { type: 'security_group', id: holder.id, name: holder.name },
      );
    }
    const id = await this.groups.insert(tx, { uuid: randomUUID(), projectId, name, description });
    const input: SecurityGroupCreationInput = {
      projectOpenstackId,
      name,
      description,
      rules: withOpenstackIds(rules, remoteGroups),
    };
    return this.operations.begin(tx, {
      uuid,
      kind: securityGroupCreation,
      resource: { type: 'security_group', id },
      serverId: null,
      projectId,
      actor,
      input,
      locks: [{ type: 'security_group', id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }
}
