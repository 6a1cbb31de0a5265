import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { ifThere, orNull } from '../operation/marked-removal.js';
import type { OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { ProjectClient } from '../project/project.client.js';
import { ProjectRepository } from '../project/project.repository.js';
import { RoleInherited } from './auth.errors.js';
import { isGivenHere, placeOf } from './identity.js';
import { membershipInput, type MembershipInput } from './membership-input.js';
import { ServiceAccountClient } from './service-account.client.js';
import { SessionRepository } from './session.repository.js';

export const memberRemoval = 'project.remove-member';

interface Rows {
  readonly placeId: number;
  readonly input: MembershipInput;
}

/** Takes the roles away that were given to the user in the project. Whoever is still in it then is so by another way. */
@Injectable()
export class MemberRemovalOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = memberRemoval;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    { does: 'ensure', name: 'roles-gone', title: 'the removal', look: (rows, calls) => this.look(rows, calls) },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly account: ServiceAccountClient,
    private readonly client: ProjectClient,
    private readonly projects: ProjectRepository,
    private readonly sessions: SessionRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  load(_manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    return Promise.resolve({ placeId: operation.resourceId, input: membershipInput.parse(operation.input) });
  }

  async succeed(tx: EntityManager, { projectId }: OperationEntity, { placeId, input }: Rows): Promise<void> {
    if (projectId === null) throw new Error('a removal from no project');
    await this.projects.removePlaces(tx, [placeId]);
    await this.sessions.endInProject(tx, { userId: input.userId, projectId }, 'left-project');
  }

  async fail(): Promise<void> {
    // Still in it; the import follows what is left of the role.
  }

  private async look({ input }: Rows, calls: StepCalls): Promise<Sight> {
    const place = { projectId: input.projectOpenstackId, userId: input.userOpenstackId };
    // Without its own role in the project nothing could be done there any more.
    if (place.userId === (await this.account.account()).userId) return { is: 'failed', fault: inherited() };
    const given = await orNull(this.client.assignedRoles(calls.readingAsAdmin(), place));
    if (given === null) return { is: 'reached' };
    const ours = given.filter(({ name }) => isGivenHere(name));
    if (ours.length > 0) {
      return {
        is: 'needed',
        act: async () => {
          for (const { id: roleId } of ours)
            await ifThere(this.client.unassignRole(calls.changingAsAdmin(), { ...place, roleId }));
        },
      };
    }
    const left = (await orNull(this.client.roleAssignments(calls.readingAsAdmin(), place))) ?? [];
    return left.some(({ roleName }) => placeOf(roleName) !== null)
      ? { is: 'failed', fault: inherited() }
      : { is: 'reached' };
  }
}

function inherited(): {
  readonly code: string;
  readonly message: string;
  readonly openstackRequestIds: readonly string[];
} {
  const { code, message } = new RoleInherited();
  return { code, message, openstackRequestIds: [] };
}
