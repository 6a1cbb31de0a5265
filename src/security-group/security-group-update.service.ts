import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { Precondition } from '../common/precondition.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { OperationService } from '../operation/operation.service.js';
import type { SecurityGroupUpdateInput } from './security-group-change-input.js';
import { SecurityGroupDetailsRepository, type SecurityGroupDetails } from './security-group-details.repository.js';
import { securityGroupUpdate } from './security-group-kinds.js';
import { isDefaultName } from './security-group-name.js';
import { remoteGroupsOf, withOpenstackIds } from './security-group-remote-groups.js';
import { requestedRules, type RuleValue } from './security-group-rule.js';
import type { SecurityGroupEntity } from './security-group.entity.js';
import {
  DefaultSecurityGroupRename,
  SecurityGroupChanging,
  SecurityGroupNameTaken,
  SecurityGroupNotFound,
  SecurityGroupUpdateDenied,
} from './security-group.errors.js';
import { SecurityGroupRepository, type SecurityGroupWords } from './security-group.repository.js';
import { SecurityGroupService, type ChangedSecurityGroup } from './security-group.service.js';

export interface UpdateSecurityGroupCommand {
  readonly id: number;
  readonly name: string;
  /** Undefined: stays as it is. */
  readonly description: string | null | undefined;
  /** As they were given; other groups by our ids. The group has exactly these afterwards. */
  readonly rules: readonly RuleValue<number>[];
  readonly ifMatch: Precondition<SecurityGroupDetails>;
}

@Injectable()
export class SecurityGroupUpdateService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly operationRows: OperationRepository,
    private readonly groups: SecurityGroupRepository,
    private readonly details: SecurityGroupDetailsRepository,
    private readonly reads: SecurityGroupService,
  ) {}

  /**
   * Makes a group's name, description and rules what was asked for, and waits for it a while. Of two at once one wins.
   *
   * @throws ValidationFailed, SecurityGroupNotFound, SecurityGroupUpdateDenied, PreconditionFailed, DefaultSecurityGroupRename,
   *   SecurityGroupAccessDenied (of a rule's group), SecurityGroupNameTaken, SecurityGroupChanging, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time.
   */
  async update(actor: Actor, command: UpdateSecurityGroupCommand): Promise<ChangedSecurityGroup> {
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
    command: UpdateSecurityGroupCommand,
    rules: readonly RuleValue<number>[],
  ): Promise<OperationEntity> {
    const { id, ifMatch, description } = command;
    const { principal } = actor;
    const remoteIds = rules.flatMap(({ remoteGroup }) => (remoteGroup === null ? [] : [remoteGroup]));
    const locked = await this.groups.findForUpdate(tx, [id, ...remoteIds]);
    const group = locked.find((candidate) => candidate.id === id);
    if (group === undefined) throw new SecurityGroupNotFound(id);
    if (group.projectId !== principal.projectId) throw new SecurityGroupUpdateDenied(id);
    await ifMatch.require(() => this.details.find(tx, id));
    const remoteGroups = remoteGroupsOf(principal, command.rules, locked);
    const words = { name: command.name, description: description === undefined ? group.description : description };
    await this.rename(tx, group, words);
    await this.requireUnchanging(tx, id);
    await this.groups.requireStanding(tx, locked);
    const input: SecurityGroupUpdateInput = {
      projectOpenstackId: principal.projectOpenstackId,
      ...words,
      rules: withOpenstackIds(rules, remoteGroups),
      previous: { name: group.name, description: group.description },
    };
    return this.operations.begin(tx, {
      uuid,
      kind: securityGroupUpdate,
      resource: { type: 'security_group', id },
      serverId: null,
      projectId: principal.projectId,
      actor,
      input,
      locks: [{ type: 'security_group', id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }

  /** @throws DefaultSecurityGroupRename, SecurityGroupNameTaken */
  private async rename(tx: EntityManager, group: SecurityGroupEntity, words: SecurityGroupWords): Promise<void> {
    const isRenamed = words.name !== group.name;
    if (isRenamed && group.isDefault) throw new DefaultSecurityGroupRename(group.name);
    if (isRenamed && isDefaultName(words.name)) {
      const holder = await this.groups.findDefault(tx, group.projectId);
      throw new SecurityGroupNameTaken(
        words.name,
        holder === null ? null : { type: 'security_group', id: holder.id, name: holder.name },
      );
    }
    if (isRenamed || words.description !== group.description) await this.groups.setWords(tx, group, words);
  }

  /** @throws SecurityGroupChanging when another change of the group is under way. */
  private async requireUnchanging(tx: EntityManager, id: number): Promise<void> {
    const holderId = await this.operationRows.findHolder(tx, { type: 'security_group', id });
    const holder = holderId === null ? null : await this.operationRows.find(tx, holderId);
    if (holder?.kind === securityGroupUpdate) throw new SecurityGroupChanging(id, holder.id);
  }
}
