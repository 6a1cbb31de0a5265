import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from '../database/transaction.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import { openstackName } from '../openstack/openstack-name.js';
import type { Fault, OperationKind, Sight, Step, StepCalls } from '../operation/operation-kind.js';
import { OperationRegistry } from '../operation/operation-registry.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { ServerActionClient } from './server-action.client.js';
import { serverGone } from './server-observation.js';
import { serverRenameInput, type ServerRenameInput } from './server-rename-input.js';
import { projectOpenstackId } from './server-rows.js';
import { ServerClient } from './server.client.js';
import { ServerRepository } from './server.repository.js';

export const serverRename = 'server.rename';

interface Rows {
  readonly serverId: number;
  readonly projectOpenstackId: string;
  readonly input: ServerRenameInput;
}

/** Carries a server's new name to Nova. Our record has it already; when Nova refuses it gets the old one back. */
@Injectable()
export class ServerRenameOperation implements OperationKind<Rows>, OnModuleInit {
  readonly kind = serverRename;
  readonly effect = 'change';
  readonly steps: readonly Step<Rows>[] = [
    { does: 'ensure', name: 'renamed', title: 'the new name', look: (rows, calls) => this.look(rows, calls) },
  ];

  constructor(
    private readonly registry: OperationRegistry,
    private readonly client: ServerClient,
    private readonly actions: ServerActionClient,
    private readonly servers: ServerRepository,
  ) {}

  onModuleInit(): void {
    this.registry.register(this);
  }

  async load(manager: EntityManager, operation: OperationEntity): Promise<Rows> {
    const server = await this.servers.find(manager, operation.resourceId);
    if (server === null) throw new Error(`server ${String(operation.resourceId)} is deleted while it is renamed`);
    return {
      serverId: server.id,
      projectOpenstackId: await projectOpenstackId(manager, server.projectId),
      input: serverRenameInput.parse(operation.input),
    };
  }

  async succeed(): Promise<void> {
    // The row was written when the change was accepted.
  }

  async fail(tx: EntityManager, _operation: OperationEntity, { serverId, input }: Rows, fault: Fault): Promise<void> {
    await this.servers.restore(tx, serverId, input.before);
    await this.servers.setFault(tx, serverId, {
      code: fault.code,
      message: `The server could not be renamed. ${fault.message}`,
    });
  }

  private async look({ input, projectOpenstackId: projectId }: Rows, calls: StepCalls): Promise<Sight> {
    const { before, after, openstackId } = input;
    const name = openstackName(after.name);
    if (openstackId === null || name === openstackName(before.name)) return { is: 'reached' };
    try {
      const seen = await this.client.get(calls.reading(projectId), openstackId);
      if (seen.name === name) return { is: 'reached' };
    } catch (error) {
      if (error instanceof OpenStackNotFound) return serverGone();
      throw error;
    }
    return {
      is: 'needed',
      act: () => this.actions.rename(calls.changing(projectId), openstackId, after.name),
    };
  }
}
