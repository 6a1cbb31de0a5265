import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import { ValidationFailed } from '../common/errors.js';
import { Database } from '../database/database.js';
import { Transaction } from '../database/transaction.js';
import { KeptAnswers, type KeptAnswer } from '../operation/kept-answers.service.js';
import type { ResourceType } from '../operation/operation-state.js';
import { Adopters, type Adopted, type Adopter } from './adoption.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import { UnknownProject } from './reconciliation.errors.js';
import {
  UnmanagedResourceRepository,
  type UnmanagedResource,
  type UnmanagedResourceFilter,
} from './unmanaged-resource.repository.js';

export interface AdoptCommand {
  readonly type: ResourceType;
  readonly openstackId: string;
  /** Ours. */
  readonly projectId: number;
}

/** What was not made here: found by reconciliation, and taken over on request. */
@Injectable()
export class AdoptionService {
  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly audit: AuditRepository,
    private readonly answers: KeptAnswers,
    private readonly adopters: Adopters,
    private readonly projects: ManagedProjectRepository,
    private readonly unmanaged: UnmanagedResourceRepository,
  ) {}

  async listUnmanaged(filter: UnmanagedResourceFilter): Promise<readonly UnmanagedResource[]> {
    return this.database.read((manager) => this.unmanaged.list(manager, filter));
  }

  /**
   * What `adopt` would take over; nothing is written.
   *
   * @throws ValidationFailed, UnknownProject, UnmanagedResourceNotFound, AdoptionRefused, OpenStackError
   */
  async preview(command: AdoptCommand): Promise<readonly Adopted[]> {
    return this.carryOut(command, { isDryRun: true });
  }

  /**
   * May be repeated: what has a row already keeps it.
   *
   * @throws ValidationFailed, UnknownProject, UnmanagedResourceNotFound, AdoptionRefused, OpenStackError
   */
  async adopt(
    { principal, requestId, idempotency }: Actor,
    command: AdoptCommand,
    answer: (adopted: readonly Adopted[]) => KeptAnswer,
  ): Promise<readonly Adopted[]> {
    const adopted = await this.carryOut(command, { isDryRun: false });
    await this.transaction.run(async (tx) => {
      await this.answers.take(tx, idempotency);
      for (const { type, id } of adopted.filter(({ isNew }) => isNew)) {
        await this.audit.insert(tx, {
          actorUserId: principal.userId,
          projectId: command.projectId,
          action: 'reconciliation.adopt',
          resourceType: type,
          resourceId: id,
          operationId: null,
          requestId,
        });
      }
      await this.answers.keep(tx, idempotency, answer(adopted));
    });
    return adopted;
  }

  private async carryOut(
    { type, openstackId, projectId }: AdoptCommand,
    { isDryRun }: { readonly isDryRun: boolean },
  ): Promise<readonly Adopted[]> {
    const adopter = this.requireAdopter(type);
    const [project] = await this.database.read((manager) => this.projects.find(manager, [projectId]));
    if (project === undefined) throw new UnknownProject(projectId, 'project_id');
    return adopter.adopt({ openstackId, project, isDryRun });
  }

  /** @throws ValidationFailed */
  private requireAdopter(type: ResourceType): Adopter {
    const adopter = this.adopters.of(type);
    if (adopter !== null) return adopter;
    const message = `a ${type.replaceAll('_', ' ')} is adopted with what it belongs to, not by itself`;
    throw new ValidationFailed([{ field: 'type', message, type: 'not_adoptable' }]);
  }
}
