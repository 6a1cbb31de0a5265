import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { Precondition } from '../common/precondition.js';
import type { Principal } from '../common/principal.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { OperationService } from '../operation/operation.service.js';
import type { SecurityGroupEntity } from '../security-group/security-group.entity.js';
import { SecurityGroupAccessDenied, SecurityGroupNotFound } from '../security-group/security-group.errors.js';
import { SecurityGroupRepository } from '../security-group/security-group.repository.js';
import {
  NetworkInterfaceDetailsRepository,
  type NetworkInterfaceDetails,
} from './network-interface-details.repository.js';
import type { NetworkInterfaceEntity } from './network-interface.entity.js';
import {
  NetworkInterfaceAccessDenied,
  NetworkInterfaceNotFound,
  NetworkInterfaceNotReady,
} from './network-interface.errors.js';
import { NetworkInterfaceRepository } from './network-interface.repository.js';
import { NetworkInterfaceService } from './network-interface.service.js';
import type { SecurityGroupsOfInterfaceInput } from './security-groups-of-interface-input.js';
import { securityGroupsOfInterface } from './security-groups-of-interface.operation.js';

export interface SetSecurityGroupsCommand {
  readonly networkInterfaceId: number;
  /** Ours; none is allowed. */
  readonly securityGroupIds: readonly number[];
  readonly ifMatch: Precondition<NetworkInterfaceDetails>;
}

/** An interface and what goes on with it after the wait: the operation's id, or null when it is done. */
export interface ChangedInterface {
  readonly nic: NetworkInterfaceDetails;
  readonly operationId: number | null;
}

@Injectable()
export class SecurityGroupsOfInterfaceService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly operationRows: OperationRepository,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly details: NetworkInterfaceDetailsRepository,
    private readonly groups: SecurityGroupRepository,
    private readonly reads: NetworkInterfaceService,
  ) {}

  /**
   * Puts an interface into exactly these groups, and waits for it a while.
   *
   * @throws NetworkInterfaceNotFound, NetworkInterfaceAccessDenied, PreconditionFailed, SecurityGroupNotFound,
   *   SecurityGroupAccessDenied, NetworkInterfaceNotReady, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time, e.g. `PORT_SECURITY_DISABLED`.
   */
  async set(actor: Actor, command: SetSecurityGroupsCommand): Promise<ChangedInterface> {
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, actor, command));
    const isDone = await this.operations.settle(actor, operation);
    const nic = await this.reads.getDetails(actor.principal, operation.resourceId);
    return { nic, operationId: isDone ? null : operation.id };
  }

  /** Server, groups, interface: every transaction locks them in this order. */
  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    { networkInterfaceId: id, securityGroupIds, ifMatch }: SetSecurityGroupsCommand,
  ): Promise<OperationEntity> {
    const { principal } = actor;
    requireOwn(principal, id, await this.interfaces.findAny(tx, id));
    await this.interfaces.lockServerOf(tx, id);
    const found = await this.groups.find(tx, securityGroupIds);
    const areUsable = areOwn(principal, securityGroupIds, found);
    const groups = areUsable ? await this.groups.findForShare(tx, securityGroupIds) : found;
    const nic = requireOwn(principal, id, await this.interfaces.findForUpdate(tx, id));
    await ifMatch.require(() => this.details.find(tx, id));
    requireOwnGroups(principal, securityGroupIds, groups);
    const nicLock = { type: 'network_interface', id } as const;
    if (nic.openstackId === null) {
      throw new NetworkInterfaceNotReady(id, await this.operationRows.findHolder(tx, nicLock));
    }
    const previousIds = await this.interfaces.securityGroupIdsOf(tx, id);
    const input: SecurityGroupsOfInterfaceInput = {
      projectOpenstackId: principal.projectOpenstackId,
      portOpenstackId: nic.openstackId,
      securityGroupOpenstackIds: groups.map((group) => group.openstackId).filter((one) => one !== null),
      previousIds: [...previousIds],
    };
    const operation = await this.operations.begin(tx, {
      uuid,
      kind: securityGroupsOfInterface,
      resource: nicLock,
      serverId: nic.serverId,
      projectId: principal.projectId,
      actor,
      input,
      locks: [nicLock],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
    // In both until Neutron has it: neither the old nor the new ones may be deleted under it.
    await this.interfaces.setSecurityGroups(tx, id, [...new Set([...previousIds, ...securityGroupIds])]);
    return operation;
  }
}

/** @throws NetworkInterfaceNotFound, NetworkInterfaceAccessDenied */
function requireOwn(principal: Principal, id: number, nic: NetworkInterfaceEntity | null): NetworkInterfaceEntity {
  if (nic?.deletedAt !== null) throw new NetworkInterfaceNotFound(id);
  if (nic.projectId !== principal.projectId) throw new NetworkInterfaceAccessDenied(id);
  return nic;
}

function areOwn({ projectId }: Principal, ids: readonly number[], found: readonly SecurityGroupEntity[]): boolean {
  return found.length === ids.length && found.every((group) => group.projectId === projectId);
}

/** @throws SecurityGroupNotFound, SecurityGroupAccessDenied */
function requireOwnGroups(principal: Principal, ids: readonly number[], found: readonly SecurityGroupEntity[]): void {
  for (const [index, id] of ids.entries()) {
    const group = found.find((candidate) => candidate.id === id);
    const field = `security_group_ids.${String(index)}`;
    if (group === undefined) throw new SecurityGroupNotFound(id, field);
    if (group.projectId !== principal.projectId) throw new SecurityGroupAccessDenied(id, field);
  }
}
