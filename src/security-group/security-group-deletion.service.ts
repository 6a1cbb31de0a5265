import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { DeletionPreview } from '../common/deletion-preview.js';
import type { BlockedBy, DomainError } from '../common/errors.js';
import type { Precondition } from '../common/precondition.js';
import type { Principal } from '../common/principal.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { SecurityGroupDeletionInput } from './security-group-change-input.js';
import { SecurityGroupDetailsRepository, type SecurityGroupDetails } from './security-group-details.repository.js';
import { securityGroupDeletion } from './security-group-kinds.js';
import type { SecurityGroupEntity } from './security-group.entity.js';
import {
  DefaultSecurityGroupDeletion,
  SecurityGroupAttached,
  SecurityGroupDeletionDenied,
  SecurityGroupNotFound,
} from './security-group.errors.js';
import { SecurityGroupRepository } from './security-group.repository.js';
import { SecurityGroupService } from './security-group.service.js';

/** A deletion that goes on after the wait. */
export interface SecurityGroupGoing {
  readonly group: SecurityGroupDetails;
  readonly operationId: number;
}

@Injectable()
export class SecurityGroupDeletionService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly operations: OperationService,
    private readonly groups: SecurityGroupRepository,
    private readonly details: SecurityGroupDetailsRepository,
    private readonly reads: SecurityGroupService,
  ) {}

  /**
   * Deletes a group, and waits for it a while. Returns what goes on after that, or null when it is done. Rules of other groups
   * that let its members in go with it, as Neutron has it.
   *
   * @throws SecurityGroupNotFound, SecurityGroupDeletionDenied, PreconditionFailed, SecurityGroupAttached,
   *   DefaultSecurityGroupDeletion, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time.
   */
  async delete(
    actor: Actor,
    id: number,
    ifMatch: Precondition<SecurityGroupDetails>,
  ): Promise<SecurityGroupGoing | null> {
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, actor, id, ifMatch));
    if (await this.operations.settle(actor, operation)) return null;
    const group = await this.reads.find(operation.resourceId);
    return group?.deletedAt === null ? { group, operationId: operation.id } : null;
  }

  /**
   * What `delete` would do now; nothing is written.
   *
   * @throws SecurityGroupNotFound, SecurityGroupDeletionDenied, PreconditionFailed
   */
  async preview(
    { principal }: Actor,
    id: number,
    ifMatch: Precondition<SecurityGroupDetails>,
  ): Promise<DeletionPreview> {
    return this.database.read(async (manager) => {
      const group = requireOwn(principal, id, await this.groups.find(manager, [id]));
      await ifMatch.require(() => this.details.find(manager, id));
      const self = { type: 'security_group', id, name: group.name };
      const holders = await this.groups.findHolders(manager, id);
      return {
        delete: [self],
        detach: await this.groups.findReferrers(manager, group),
        keep: [],
        blockedBy: group.isDefault ? [self, ...holders] : holders,
        refusals: refusalsOf(group, holders),
      };
    });
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    id: number,
    ifMatch: Precondition<SecurityGroupDetails>,
  ): Promise<OperationEntity> {
    const { projectId, projectOpenstackId } = actor.principal;
    const group = requireOwn(actor.principal, id, await this.groups.findForUpdate(tx, [id]));
    await ifMatch.require(() => this.details.find(tx, id));
    const holders = await this.groups.findHolders(tx, id);
    const [refusal] = refusalsOf(group, holders);
    if (refusal !== undefined) throw refusal;
    const input: SecurityGroupDeletionInput = { projectOpenstackId };
    return this.operations.begin(tx, {
      uuid,
      kind: securityGroupDeletion,
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

/** In the order in which they are told. */
function refusalsOf({ name, isDefault }: SecurityGroupEntity, holders: readonly BlockedBy[]): readonly DomainError[] {
  return [
    ...(holders.length === 0 ? [] : [new SecurityGroupAttached(name, holders)]),
    ...(isDefault ? [new DefaultSecurityGroupDeletion()] : []),
  ];
}

/** @throws SecurityGroupNotFound, SecurityGroupDeletionDenied */
function requireOwn(principal: Principal, id: number, [group]: readonly SecurityGroupEntity[]): SecurityGroupEntity {
  if (group === undefined) throw new SecurityGroupNotFound(id);
  if (group.projectId !== principal.projectId) throw new SecurityGroupDeletionDenied(id);
  return group;
}
