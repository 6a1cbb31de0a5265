import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DeploymentService } from '../database/deployment.service.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import { PolicyRepository } from './policy.repository.js';
import type { PlanContext } from './reconciler.js';

/** What a comparison of record and OpenStack is made with, as it is now. */
@Injectable()
export class PlanContexts {
  constructor(
    private readonly database: Database,
    private readonly deployment: DeploymentService,
    private readonly projects: ManagedProjectRepository,
    private readonly policies: PolicyRepository,
  ) {}

  /** `projectIds`: ours; null: every managed project. @throws DatabaseUnavailable */
  async of(projectIds: readonly number[] | null): Promise<PlanContext> {
    const deploymentId = await this.deployment.deploymentId();
    return this.database.read(async (manager) => {
      const projects = await this.projects.find(manager, projectIds);
      const { value } = await this.policies.policies(manager);
      return {
        projects: new Map(projects.map((project) => [project.openstackId, project])),
        isEverything: projectIds === null,
        policies: value,
        deploymentId,
      };
    });
  }

  /** The same with the policies as they are by now. */
  async withPolicies<Context extends PlanContext>(context: Context): Promise<Context> {
    const { value: policies } = await this.database.read((manager) => this.policies.policies(manager));
    return { ...context, policies };
  }
}
