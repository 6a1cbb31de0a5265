import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { DeletionPreview, ResourceName } from '../common/deletion-preview.js';
import type { DomainError } from '../common/errors.js';
import type { Precondition } from '../common/precondition.js';
import type { Principal } from '../common/principal.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import { ProjectRepository } from '../project/project.repository.js';
import type { UserDetails } from '../user/user-details.js';
import { UserDetailsRepository } from '../user/user-details.repository.js';
import type { UserEntity } from '../user/user.entity.js';
import { UserNotFound } from '../user/user.errors.js';
import { UserRepository } from '../user/user.repository.js';
import { ImportedUserDeletion, LastProjectMember, LastUser, UserDeletionDenied } from './auth.errors.js';
import { ProjectResourcesRepository } from './project-resources.repository.js';
import { userDeletion } from './user-deletion.operation.js';

/** A reason not to delete a user, and what it is about. */
interface Obstacle {
  readonly error: DomainError;
  readonly blockedBy: readonly ResourceName[];
}

@Injectable()
export class UserDeletionService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly operations: OperationService,
    private readonly projects: ProjectRepository,
    private readonly users: UserRepository,
    private readonly details: UserDetailsRepository,
    private readonly resources: ProjectResourcesRepository,
  ) {}

  /**
   * Deletes the caller's own account, or for an administrator one that is in no project, and waits for it a while. Returns the operation that goes on after that, or null when it is done;
   * the sessions end with the account.
   *
   * @throws UserNotFound, UserDeletionDenied (somebody else's), PreconditionFailed, LastUser, LastProjectMember, ImportedUserDeletion
   * @throws OperationInProgress; OperationFailed when OpenStack refuses in time.
   */
  async delete(actor: Actor, id: number, ifMatch: Precondition<UserDetails>): Promise<OperationEntity | null> {
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, { actor, id, ifMatch }));
    return (await this.operations.settle(actor, operation)) ? null : operation;
  }

  /** What the deletion would do now. @throws UserNotFound, UserDeletionDenied, PreconditionFailed */
  async preview(principal: Principal, id: number, ifMatch: Precondition<UserDetails>): Promise<DeletionPreview> {
    return this.database.read(async (manager) => {
      const user = await this.requireDeletable(manager, principal, { id, ifMatch });
      const obstacles = await this.obstacles(manager, user);
      const joined = await this.projects.memberships(manager, id);
      const projects = await Promise.all(joined.map(({ projectId }) => this.projects.find(manager, projectId)));
      return {
        delete: [{ type: 'user', id, name: user.accountId }],
        detach: projects.flatMap((project) =>
          project === null ? [] : [{ type: 'project', id: project.id, name: project.name }],
        ),
        keep: [],
        blockedBy: obstacles.flatMap(({ blockedBy }) => blockedBy),
        refusals: obstacles.map(({ error }) => error),
      };
    });
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    { actor, id, ifMatch }: { readonly actor: Actor; readonly id: number; readonly ifMatch: Precondition<UserDetails> },
  ): Promise<OperationEntity> {
    await this.lock(tx, id);
    const user = await this.requireDeletable(tx, actor.principal, { id, ifMatch });
    const [obstacle] = await this.obstacles(tx, user);
    if (obstacle !== undefined) throw obstacle.error;
    return this.operations.begin(tx, {
      uuid,
      kind: userDeletion,
      resource: { type: 'user', id },
      serverId: null,
      projectId: null,
      actor,
      input: {},
      locks: [{ type: 'user', id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }

  /** What is counted is locked first: the domain, the user's projects in their order, the user. */
  private async lock(tx: EntityManager, id: number): Promise<void> {
    const user = await this.users.find(tx, id);
    if (user === null) return;
    await this.projects.lockDomain(tx, user.domainId);
    const joined = await this.projects.memberships(tx, id);
    for (const projectId of joined.map((membership) => membership.projectId).sort((a, b) => a - b))
      await this.projects.findForUpdate(tx, projectId);
    await this.users.findForUpdate(tx, id);
  }

  private async requireDeletable(
    manager: EntityManager,
    { userId, role }: Principal,
    { id, ifMatch }: { readonly id: number; readonly ifMatch: Precondition<UserDetails> },
  ): Promise<UserEntity> {
    const shown = await this.details.findFor(manager, { userId, isAdmin: role === 'admin' }, id);
    const user = await this.users.find(manager, id);
    if (shown === null || user === null) throw new UserNotFound(id);
    const isForAdmin = role === 'admin' && (await this.isInNoProject(manager, id));
    if (id !== userId && !isForAdmin) throw new UserDeletionDenied();
    await ifMatch.require(() => Promise.resolve(shown));
    return user;
  }

  /** Who cannot log in to delete the account oneself, since a session is for a project. Who is just being added to one is not alone. */
  private async isInNoProject(manager: EntityManager, userId: number): Promise<boolean> {
    for (const { projectId } of await this.projects.findPlaces(manager, userId)) {
      if ((await this.projects.find(manager, projectId)) !== null) return false;
    }
    return true;
  }

  /** In the order in which they are told. */
  private async obstacles(manager: EntityManager, user: UserEntity): Promise<readonly Obstacle[]> {
    const obstacles: Obstacle[] = [];
    const self = { type: 'user', id: user.id, name: user.accountId };
    if ((await this.users.countOthers(manager, user)) === 0)
      obstacles.push({ error: new LastUser(), blockedBy: [self] });
    for (const { projectId } of await this.projects.memberships(manager, user.id)) {
      const project = await this.projects.find(manager, projectId);
      if (project === null || (await this.projects.countOthers(manager, { userId: user.id, projectId })) > 0) continue;
      const left = await this.resources.find(manager, projectId);
      if (left.length === 0) continue;
      const blockedBy = [{ type: 'project', id: projectId, name: project.name }, ...left];
      obstacles.push({ error: new LastProjectMember(project.name, blockedBy), blockedBy });
    }
    if (user.managedBy === 'imported') obstacles.push({ error: new ImportedUserDeletion(), blockedBy: [self] });
    return obstacles;
  }
}
