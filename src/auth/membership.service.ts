import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { DeletionPreview } from '../common/deletion-preview.js';
import { OperationInProgress, PermissionDenied } from '../common/errors.js';
import { Config } from '../config/config.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { ProjectEntity } from '../project/project.entity.js';
import { ProjectNotFound } from '../project/project.errors.js';
import { ProjectRepository } from '../project/project.repository.js';
import { ProjectService } from '../project/project.service.js';
import type { UserEntity } from '../user/user.entity.js';
import { MemberNotFound } from '../user/user.errors.js';
import { UserRepository } from '../user/user.repository.js';
import { AlreadyInProject, LastProjectMember, NotInProject } from './auth.errors.js';
import { memberAddition } from './member-addition.operation.js';
import { memberRemoval } from './member-removal.operation.js';
import type { MembershipInput } from './membership-input.js';

/** Somebody, and the project that they come into or leave. */
export interface MembershipCommand {
  readonly projectId: number;
  readonly userId: number;
}

interface Leaving {
  readonly project: ProjectEntity;
  readonly user: UserEntity & { readonly openstackId: string };
  readonly placeId: number;
  readonly isLast: boolean;
}

/**
 * Who is in which project. A change locks the place; of somebody who is to come the place is written at once, and counts only when
 * Keystone has given the role: so the index on it decides between those who add the same person.
 */
@Injectable()
export class MembershipService {
  constructor(
    private readonly config: Config,
    private readonly transaction: Transaction,
    private readonly operations: OperationService,
    private readonly reads: ProjectService,
    private readonly projects: ProjectRepository,
    private readonly users: UserRepository,
  ) {}

  /**
   * Returns the operation that goes on after the wait, or null when it is done.
   *
   * @throws PermissionDenied, ProjectNotFound, ProjectAccessDenied, MemberNotFound, AlreadyInProject, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time.
   */
  async add(
    actor: Actor,
    command: MembershipCommand & { readonly role: 'member' | 'reader' },
  ): Promise<OperationEntity | null> {
    this.requireManager(actor);
    const operation = await this.operations.accept(actor, (tx, uuid) => this.beginAddition(tx, uuid, actor, command));
    return (await this.operations.settle(actor, operation)) ? null : operation;
  }

  /**
   * The person's sessions in the project end with it. Returns the operation that goes on after the wait, or null when it is done.
   *
   * @throws PermissionDenied, ProjectNotFound, ProjectAccessDenied, MemberNotFound, NotInProject, LastProjectMember, OperationInProgress
   * @throws OperationFailed, with `ROLE_INHERITED` when the role comes by another way.
   */
  async remove(actor: Actor, command: MembershipCommand): Promise<OperationEntity | null> {
    this.requireManager(actor);
    const operation = await this.operations.accept(actor, (tx, uuid) => this.beginRemoval(tx, uuid, actor, command));
    return (await this.operations.settle(actor, operation)) ? null : operation;
  }

  /** What the removal would do now. */
  async previewRemoval(actor: Actor, command: MembershipCommand): Promise<DeletionPreview> {
    this.requireManager(actor);
    return this.transaction.run(async (tx) => {
      const { project, user, placeId, isLast } = await this.leaving(tx, actor, command);
      const named = { type: 'project', id: project.id, name: project.name };
      const refusals = isLast ? [new LastProjectMember(project.name, [named])] : [];
      return {
        delete: [{ type: 'project_user', id: placeId, name: null }],
        detach: [],
        keep: [named, { type: 'user', id: user.id, name: user.accountId }],
        blockedBy: isLast ? [named] : [],
        refusals,
      };
    });
  }

  private async beginAddition(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    { projectId, userId, role }: MembershipCommand & { readonly role: 'member' | 'reader' },
  ): Promise<OperationEntity> {
    const project = await this.projects.findForShare(tx, projectId);
    if (project === null) throw new ProjectNotFound(projectId);
    await this.reads.requireChangeable(tx, actor.principal, project);
    const user = inOpenStack(await this.users.findForShare(tx, userId));
    if (user === null) throw new MemberNotFound(userId);
    const placeId = await this.projects.insertPendingPlace(tx, { userId, projectId, role });
    if (placeId === null) {
      const place = await this.projects.findPlace(tx, { userId, projectId });
      throw place?.isPending === true ? comingAlready(place.operationId) : new AlreadyInProject(userId, projectId);
    }
    await this.users.requireUnlocked(tx, userId);
    return this.begin(tx, { uuid, kind: memberAddition, actor, project, user, placeId, role });
  }

  private async beginRemoval(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    command: MembershipCommand,
  ): Promise<OperationEntity> {
    const { project, user, placeId, isLast } = await this.leaving(tx, actor, command);
    if (isLast) throw new LastProjectMember(project.name, [{ type: 'project', id: project.id, name: project.name }]);
    return this.begin(tx, { uuid, kind: memberRemoval, actor, project, user, placeId, role: 'member' });
  }

  /** Counts the others under the project's lock. */
  private async leaving(tx: EntityManager, actor: Actor, { projectId, userId }: MembershipCommand): Promise<Leaving> {
    const project = await this.projects.findForUpdate(tx, projectId);
    if (project === null) throw new ProjectNotFound(projectId);
    await this.reads.requireChangeable(tx, actor.principal, project);
    const user = inOpenStack(await this.users.findForShare(tx, userId));
    if (user === null) throw new MemberNotFound(userId);
    const place = await this.projects.findPlaceForUpdate(tx, { userId, projectId });
    if (place?.isPending === true) throw comingAlready(place.operationId);
    if (place === null) throw new NotInProject(userId, projectId);
    const isLast = (await this.projects.countOthers(tx, { userId, projectId })) === 0;
    return { project, user, placeId: place.id, isLast };
  }

  private begin(
    tx: EntityManager,
    change: {
      readonly uuid: string;
      readonly kind: string;
      readonly actor: Actor;
      readonly project: ProjectEntity;
      readonly user: UserEntity & { readonly openstackId: string };
      readonly placeId: number;
      readonly role: 'member' | 'reader';
    },
  ): Promise<OperationEntity> {
    const { uuid, kind, actor, project, user, placeId, role } = change;
    const input: MembershipInput = {
      userId: user.id,
      userOpenstackId: user.openstackId,
      projectOpenstackId: project.openstackId,
      role,
    };
    return this.operations.begin(tx, {
      uuid,
      kind,
      resource: { type: 'project_user', id: placeId },
      serverId: null,
      projectId: project.id,
      actor,
      input,
      locks: [{ type: 'project_user', id: placeId }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }

  /** @throws PermissionDenied */
  private requireManager({ principal }: Actor): void {
    if (this.config.settings.MEMBER_MANAGEMENT === 'admin' && principal.role !== 'admin')
      throw new PermissionDenied('Here only an admin brings people into a project or takes them out of it');
  }
}

/** Null also for one who is only signing up. */
function inOpenStack(user: UserEntity | null): (UserEntity & { readonly openstackId: string }) | null {
  if (user === null) return null;
  const { openstackId } = user;
  return openstackId === null ? null : Object.assign(user, { openstackId });
}

function comingAlready(operationId: number | null): OperationInProgress {
  return new OperationInProgress('The user is just being added to this project; wait for that to end', {
    ...(operationId === null ? {} : { operationId }),
  });
}
