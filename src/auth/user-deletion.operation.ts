import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { ifThere, orNull } from '../operation/marked-removal.js';
import type { OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { ProjectRepository } from '../project/project.repository.js';
import { UserClient } from '../user/user.client.js';
import type { UserEntity } from '../user/user.entity.js';
import { UserRepository } from '../user/user.repository.js';
import { SessionRepository } from './session.repository.js';

export const userDeletion = 'user.delete';

interface Rows {
  readonly user: UserEntity;
}

/** An account goes from Keystone, with its roles, and then from the record, with its sessions. Only goes forward. */
@Injectable()
export class UserDeletionOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = userDeletion;
  readonly effect = 'destroy';
  readonly steps: readonly Step<Rows>[] = [
    { does: 'ensure', name: 'user-gone', title: 'the deletion', look: (rows, calls) => this.look(rows, calls) },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly client: UserClient,
    private readonly users: UserRepository,
    private readonly projects: ProjectRepository,
    private readonly sessions: SessionRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const user = await this.users.findAny(manager, operation.resourceId);
    if (user === null) throw new Error(`user ${String(operation.resourceId)} has no row`);
    return { user };
  }

  async succeed(tx: EntityManager, _operation: OperationEntity, { user }: Rows): Promise<void> {
    await this.users.tombstone(tx, user.id);
    await this.projects.removePlacesOf(tx, user.id);
    await this.sessions.endAllOf(tx, { userId: user.id, exceptId: null }, 'user-deleted');
  }

  async fail(): Promise<void> {
    // Keystone still has the account, and so have we.
  }

  private async look({ user }: Rows, calls: StepCalls): Promise<Sight> {
    const { openstackId } = user;
    if (openstackId === null) return { is: 'reached' };
    const seen = await orNull(this.client.get(calls.readingAsAdmin(), openstackId));
    if (seen === null) return { is: 'reached' };
    return { is: 'needed', act: () => ifThere(this.client.delete(calls.changingAsAdmin(), openstackId)) };
  }
}
