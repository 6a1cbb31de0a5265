import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { Precondition } from '../common/precondition.js';
import { Config } from '../config/config.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { ServerDetails } from './server-details.js';
import { ServerDetailsRepository } from './server-details.repository.js';
import type { ServerRenameInput } from './server-rename-input.js';
import { serverRename } from './server-rename.operation.js';
import { ServerNotFound, ServerUpdateDenied } from './server.errors.js';
import { ServerRepository } from './server.repository.js';
import { ServerService } from './server.service.js';

/** What a person calls a server; undefined stays as it is. */
export interface RenameServerCommand {
  readonly name: string;
  readonly description: string | null | undefined;
  readonly isProtected: boolean | undefined;
}

/** A server, and the operation that still works on it after the wait; null when it is done. */
export interface RenamedServer {
  readonly server: ServerDetails;
  readonly operationId: number | null;
}

@Injectable()
export class ServerRenameService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly servers: ServerRepository,
    private readonly details: ServerDetailsRepository,
    private readonly reads: ServerService,
  ) {}

  /**
   * Renames, describes and protects a server, and waits a while for Nova to know the name too. The root volume's name stays.
   *
   * @throws ServerNotFound, ServerUpdateDenied (another project), PreconditionFailed, ServerNameTaken, OperationInProgress
   * @throws OperationFailed when Nova refuses in time; then everything is as it was.
   */
  async rename(
    actor: Actor,
    id: number,
    command: RenameServerCommand,
    ifMatch: Precondition<ServerDetails>,
  ): Promise<RenamedServer> {
    const operation = await this.operations.accept(actor, (tx, uuid) =>
      this.begin(tx, { uuid, actor, id, command, ifMatch }),
    );
    const isDone = await this.operations.settle(actor, operation);
    return {
      server: await this.reads.getDetails(actor.principal, id),
      operationId: isDone ? null : operation.id,
    };
  }

  private async begin(
    tx: EntityManager,
    asked: {
      readonly uuid: string;
      readonly actor: Actor;
      readonly id: number;
      readonly command: RenameServerCommand;
      readonly ifMatch: Precondition<ServerDetails>;
    },
  ): Promise<OperationEntity> {
    const { uuid, actor, id, command, ifMatch } = asked;
    const server = await this.servers.findForUpdate(tx, id);
    if (server === null) throw new ServerNotFound(id);
    if (server.projectId !== actor.principal.projectId) throw new ServerUpdateDenied(id);
    await ifMatch.require(() => this.details.find(tx, id));
    const { name, description, isProtected, openstackId } = server;
    const input: ServerRenameInput = {
      before: { name, description, isProtected },
      after: {
        name: command.name,
        description: command.description === undefined ? description : command.description,
        isProtected: command.isProtected ?? isProtected,
      },
      openstackId,
    };
    await this.servers.rename(tx, server, input.after);
    return this.operations.begin(tx, {
      uuid,
      kind: serverRename,
      resource: { type: 'server', id },
      serverId: id,
      projectId: server.projectId,
      actor,
      input,
      locks: [{ type: 'server', id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }
}
