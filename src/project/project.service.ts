import { Injectable } from '@nestjs/common';
import { PermissionDenied } from '../common/errors.js';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import type { EntityManager } from '../database/transaction.js';
import type { ProjectDetails } from './project-details.js';
import { ProjectDetailsRepository, type ProjectFilter } from './project-details.repository.js';
import type { ProjectEntity } from './project.entity.js';
import { ProjectAccessDenied, ProjectNotFound } from './project.errors.js';
import { ProjectRepository } from './project.repository.js';

/** Reads of projects, and who may change one. */
@Injectable()
export class ProjectService {
  constructor(
    private readonly database: Database,
    private readonly projects: ProjectRepository,
    private readonly details: ProjectDetailsRepository,
  ) {}

  /** The caller's; an admin sees all. */
  async list(principal: Principal, filter: Omit<ProjectFilter, 'memberId'>): Promise<readonly ProjectDetails[]> {
    const memberId = principal.role === 'admin' ? null : principal.userId;
    return this.database.read((manager) => this.details.list(manager, { ...filter, memberId }));
  }

  /** @throws ProjectNotFound, ProjectAccessDenied */
  async getDetails({ userId, role }: Principal, id: number): Promise<ProjectDetails> {
    return this.database.read(async (manager) => {
      const project = await this.details.find(manager, id);
      if (project === null) throw new ProjectNotFound(id);
      const mayRead = role === 'admin' || (await this.projects.roleIn(manager, userId, id)) !== null;
      if (!mayRead) throw new ProjectAccessDenied(id);
      return project;
    });
  }

  /**
   * Of a project whose row the caller has locked. Its members may change it from whichever project they are working in, an admin after
   * having switched to it.
   *
   * @throws ProjectAccessDenied; PermissionDenied for its readers, and when it is disabled.
   */
  async requireChangeable(tx: EntityManager, principal: Principal, project: ProjectEntity): Promise<void> {
    const isAdminHere = principal.role === 'admin' && principal.projectId === project.id;
    const role = isAdminHere ? 'admin' : await this.projects.roleIn(tx, principal.userId, project.id);
    if (role === null) throw new ProjectAccessDenied(project.id);
    if (role === 'reader') throw new PermissionDenied('This needs the role member; yours in that project is reader');
    if (!project.enabled)
      throw new PermissionDenied('The project is disabled or gone in OpenStack; here it can only be read');
  }
}
