import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import type { OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { ProjectClient } from '../project/project.client.js';
import { ProjectRepository } from '../project/project.repository.js';
import { membershipInput, type MembershipInput } from './membership-input.js';

export const memberAddition = 'project.add-member';

interface Rows {
  readonly placeId: number;
  readonly input: MembershipInput;
}

/** A role in Keystone; with it the place counts that was kept for the user in the record. */
@Injectable()
export class MemberAdditionOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = memberAddition;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    { does: 'ensure', name: 'role', title: 'the role', look: (rows, calls) => this.look(rows, calls) },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly client: ProjectClient,
    private readonly projects: ProjectRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  load(_manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    return Promise.resolve({ placeId: operation.resourceId, input: membershipInput.parse(operation.input) });
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { placeId }: Rows): Promise<void> {
    await this.projects.confirmPlace(tx, placeId);
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { placeId }: Rows): Promise<void> {
    await this.projects.removePlaces(tx, [placeId]);
  }

  private async look({ input }: Rows, calls: StepCalls): Promise<Sight> {
    const place = { projectId: input.projectOpenstackId, userId: input.userOpenstackId };
    const given = await this.client.assignedRoles(calls.readingAsAdmin(), place);
    if (given.some(({ name }) => name.toLowerCase() === input.role)) return { is: 'reached' };
    const roles = await this.client.roles(calls.readingAsAdmin());
    const role = roles.find(({ name }) => name.toLowerCase() === input.role);
    if (role === undefined) {
      const message = `Keystone has no role "${input.role}"; ask the cloud's operators to make it`;
      return { is: 'failed', fault: { code: 'OPENSTACK_REFUSED', message, openstackRequestIds: [] } };
    }
    return {
      is: 'needed',
      act: () => this.client.assignRole(calls.changingAsAdmin(), { ...place, roleId: role.id }),
    };
  }
}
