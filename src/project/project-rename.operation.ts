import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { OpenStackConflict } from '../openstack/openstack-errors.js';
import { openstackName } from '../openstack/openstack-name.js';
import type { Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { projectRenameInput, type ProjectRenameInput } from './project-rename-input.js';
import { ProjectClient } from './project.client.js';
import type { ProjectEntity } from './project.entity.js';
import { ProjectNameTaken } from './project.errors.js';
import { ProjectRepository } from './project.repository.js';

export const projectRename = 'project.rename';

interface Rows {
  readonly project: ProjectEntity;
  readonly input: ProjectRenameInput;
}

/** A new name in Keystone, and only then in the record. */
@Injectable()
export class ProjectRenameOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = projectRename;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    { does: 'ensure', name: 'project-name', title: 'the new name', look: (rows, calls) => this.look(rows, calls) },
  ];
  private readonly logger = new Logger(ProjectRenameOperation.name);

  constructor(
    private readonly registry: OperationRegistry,
    private readonly client: ProjectClient,
    private readonly projects: ProjectRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const project = await this.projects.findAny(manager, operation.resourceId);
    if (project === null) throw new Error(`project ${String(operation.resourceId)} has no row`);
    return { project, input: projectRenameInput.parse(operation.input) };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { project, input }: Rows): Promise<void> {
    if (await this.projects.rename(tx, project.id, input.name)) return;
    // Keystone let us have the name, so whichever row has it is out of date; the next import sets both right.
    this.logger.warn({ projectId: project.id }, 'another project of the record still has the new name');
  }

  async fail(): Promise<void> {
    // The row still has the old name, and so has Keystone.
  }

  private async look({ project, input }: Rows, calls: StepCalls): Promise<Sight> {
    const name = openstackName(input.name);
    const seen = await this.client.get(calls.readingAsAdmin(), project.openstackId);
    if (seen.name === name) return { is: 'reached' };
    // Keystone may answer nothing at all when the name is taken.
    const holders = await this.client.findByName(calls.readingAsAdmin(), { name, domainId: input.domainOpenstackId });
    if (holders.some(({ openstackId }) => openstackId !== project.openstackId)) {
      return { is: 'failed', fault: nameTaken(input.name) };
    }
    return {
      is: 'needed',
      act: async () => {
        await this.client.rename(calls.changingAsAdmin(), project.openstackId, name);
      },
      explain: (error) => (error instanceof OpenStackConflict ? nameTaken(input.name) : null),
    };
  }
}

function nameTaken(name: string): Fault {
  const { code, message } = new ProjectNameTaken(name);
  return { code, message, openstackRequestIds: [] };
}
