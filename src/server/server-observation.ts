import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import { orNull } from '../operation/marked-removal.js';
import type { RowWrites, Sight, StepCalls } from '../operation/operation-kind.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { projectOpenstackId } from './server-rows.js';
import type { ServerEntity } from './server.entity.js';
import { ServerClient, type ObservedServer } from './server.client.js';
import { ServerRepository } from './server.repository.js';

/** A server that is in Nova, and how far the call of the step at hand has come. */
export interface ChangingServer {
  readonly server: ServerEntity;
  readonly openstackId: string;
  readonly projectOpenstackId: string;
  /** The step's call may still take effect. */
  readonly isSettling: boolean;
}

/** What the changes of one server have in common: they look at it in Nova, and its row follows. */
@Injectable()
export class ServerObservation {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationRepository,
    private readonly servers: ServerRepository,
    private readonly client: ServerClient,
  ) {}

  async load(manager: EntityManager, operation: OperationEntity): Promise<ChangingServer> {
    const server = await this.servers.find(manager, operation.resourceId);
    if (server?.openstackId === undefined || server.openstackId === null) {
      throw new Error(`server ${String(operation.resourceId)} has no row, or nothing in OpenStack`);
    }
    return {
      server,
      openstackId: server.openstackId,
      projectOpenstackId: await projectOpenstackId(manager, server.projectId),
      isSettling: await this.isSettling(manager, operation),
    };
  }

  /** Null when Nova does not know it. */
  see(
    { openstackId, projectOpenstackId: projectId }: ChangingServer,
    calls: StepCalls,
  ): Promise<ObservedServer | null> {
    return orNull(this.client.get(calls.reading(projectId), openstackId));
  }

  follow({ server }: ChangingServer, seen: ObservedServer): RowWrites {
    return (tx) => this.servers.setObserved(tx, server.id, seen);
  }

  /** Nova shows the server in a status in which it cannot be done: the record follows before the operation ends. */
  impossible(rows: ChangingServer, seen: ObservedServer, doing: string): Sight {
    if (rows.server.openstackStatus !== seen.status) return { is: 'passing', writes: this.follow(rows, seen) };
    const message = `Nova shows the server as ${seen.status}; ${doing} is not possible then.`;
    return { is: 'failed', fault: { code: 'OPENSTACK_CONFLICT', message, openstackRequestIds: [] } };
  }

  private async isSettling(manager: EntityManager, { step, sentStep, sentAt }: OperationEntity): Promise<boolean> {
    if (sentStep !== step || sentAt === null) return false;
    const now = await this.operations.now(manager);
    return sentAt.getTime() + this.config.settings.SETTLING_MS > now.getTime();
  }
}

export function serverGone(): Sight {
  return {
    is: 'failed',
    fault: { code: 'DELETED_OUTSIDE', message: 'The server is not in OpenStack any more.', openstackRequestIds: [] },
  };
}
