import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { Precondition } from '../common/precondition.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationFailed } from '../operation/operation.errors.js';
import { OperationService } from '../operation/operation.service.js';
import type { ProjectDetails } from './project-details.js';
import { ProjectDetailsRepository } from './project-details.repository.js';
import type { ProjectRenameInput } from './project-rename-input.js';
import { projectRename } from './project-rename.operation.js';
import { ProjectNameTaken, ProjectNotFound } from './project.errors.js';
import { ProjectRepository } from './project.repository.js';
import { ProjectService } from './project.service.js';

/** A rename that was accepted: what it came to, or the operation that goes on. */
export type RenamedProject =
  | { readonly project: ProjectDetails; readonly operation: null }
  | { readonly project: null; readonly operation: OperationEntity };

@Injectable()
export class ProjectRenameService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly projects: ProjectRepository,
    private readonly details: ProjectDetailsRepository,
    private readonly reads: ProjectService,
  ) {}

  /**
   * Renames a project, in Keystone too, and waits for it a while.
   *
   * @throws ProjectNotFound, ProjectAccessDenied, PreconditionFailed, ProjectNameTaken, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time.
   */
  async rename(actor: Actor, id: number, name: string, ifMatch: Precondition<ProjectDetails>): Promise<RenamedProject> {
    const operation = await this.operations.accept(actor, (tx, uuid) =>
      this.begin(tx, uuid, { actor, id, name, ifMatch }),
    );
    try {
      if (!(await this.operations.settle(actor, operation))) return { project: null, operation };
    } catch (error) {
      if (error instanceof OperationFailed && error.code === ProjectNameTaken.code) throw new ProjectNameTaken(name);
      throw error;
    }
    return { project: await this.reads.getDetails(actor.principal, id), operation: null };
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    command: {
      readonly actor: Actor;
      readonly id: number;
      readonly name: string;
      readonly ifMatch: Precondition<ProjectDetails>;
    },
  ): Promise<OperationEntity> {
    const { actor, id, name, ifMatch } = command;
    const project = await this.projects.findForUpdate(tx, id);
    if (project === null) throw new ProjectNotFound(id);
    await this.reads.requireChangeable(tx, actor.principal, project);
    const details = await this.details.find(tx, id);
    if (details === null) throw new ProjectNotFound(id);
    await ifMatch.require(() => Promise.resolve(details));
    if (await this.projects.isNameTaken(tx, project, name)) throw new ProjectNameTaken(name);
    const input: ProjectRenameInput = { name, domainOpenstackId: details.domain.openstackId };
    return this.operations.begin(tx, {
      uuid,
      kind: projectRename,
      resource: { type: 'project', id },
      serverId: null,
      projectId: id,
      actor,
      input,
      locks: [{ type: 'project', id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }
}
