import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { Precondition } from '../common/precondition.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { ServerRebootInput } from './server-action-input.js';
import { rebootableFrom, serverReboot, serverStart, serverStop } from './server-action.operation.js';
import type { ServerDetails } from './server-details.js';
import { ServerDetailsRepository } from './server-details.repository.js';
import type { ServerStatus } from './server-status.js';
import type { ServerEntity } from './server.entity.js';
import {
  InvalidServerStatusUpdate,
  ServerNotFound,
  ServerNotRebootable,
  ServerNotStartable,
  ServerNotStoppable,
  ServerUpdateDenied,
} from './server.errors.js';
import { ServerRepository } from './server.repository.js';

/** What is to be begun on a server once it may be. */
interface Change {
  readonly kind: string;
  readonly input: unknown;
  /** Whether its status lets it be done, else the error. */
  readonly check: (server: ServerEntity) => void;
  readonly ifMatch: Precondition<ServerDetails> | null;
}

/** Starts, stops and reboots servers. Each returns the operation, whose resource is the server. */
@Injectable()
export class ServerActionService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly servers: ServerRepository,
    private readonly details: ServerDetailsRepository,
  ) {}

  /**
   * ACTIVE starts a server, SHUTOFF stops it.
   *
   * @throws InvalidServerStatusUpdate for another status; ServerNotFound, ServerUpdateDenied (another project),
   *   PreconditionFailed, ServerNotStartable, ServerNotStoppable, OperationInProgress
   */
  async setStatus(
    actor: Actor,
    id: number,
    status: ServerStatus,
    ifMatch: Precondition<ServerDetails>,
  ): Promise<OperationEntity> {
    if (status === 'ACTIVE') return this.begin(actor, id, { kind: serverStart, input: {}, check: mayStart, ifMatch });
    if (status === 'SHUTOFF') return this.begin(actor, id, { kind: serverStop, input: {}, check: mayStop, ifMatch });
    throw new InvalidServerStatusUpdate(status);
  }

  /** @throws ServerNotFound, ServerUpdateDenied, ServerNotRebootable, OperationInProgress */
  async reboot(actor: Actor, id: number, type: ServerRebootInput['type']): Promise<OperationEntity> {
    const input: ServerRebootInput = { type };
    const check = (server: ServerEntity): void => {
      mayReboot(server, type);
    };
    return this.begin(actor, id, { kind: serverReboot, input, check, ifMatch: null });
  }

  private begin(actor: Actor, id: number, { kind, input, check, ifMatch }: Change): Promise<OperationEntity> {
    return this.operations.accept(actor, async (tx: EntityManager, uuid) => {
      const server = await this.servers.findForUpdate(tx, id);
      if (server === null) throw new ServerNotFound(id);
      if (server.projectId !== actor.principal.projectId) throw new ServerUpdateDenied(id);
      await ifMatch?.require(() => this.details.find(tx, id));
      check(server);
      return this.operations.begin(tx, {
        uuid,
        kind,
        resource: { type: 'server', id },
        serverId: id,
        projectId: server.projectId,
        actor,
        input,
        locks: [{ type: 'server', id }],
        deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
      });
    });
  }
}

/** @throws ServerNotStartable */
function mayStart({ id, status, openstackId }: ServerEntity): void {
  if (status !== 'SHUTOFF' || openstackId === null) throw new ServerNotStartable(id, status);
}

/** @throws ServerNotStoppable. A server that failed before Nova had it is in ERROR too, but nothing of it runs. */
function mayStop({ id, status, openstackId }: ServerEntity): void {
  const isStoppable = status === 'ACTIVE' || status === 'ERROR';
  if (!isStoppable || openstackId === null) throw new ServerNotStoppable(id, status);
}

/** @throws ServerNotRebootable */
function mayReboot({ id, status, openstackId }: ServerEntity, type: ServerRebootInput['type']): void {
  const statuses: readonly string[] = rebootableFrom[type];
  if (!statuses.includes(status) || openstackId === null) throw new ServerNotRebootable(id, status, statuses);
}
