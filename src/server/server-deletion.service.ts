import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { Precondition } from '../common/precondition.js';
import { Config } from '../config/config.js';
import { NetworkInterfaceRepository } from '../network-interface/network-interface.repository.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { OperationService } from '../operation/operation.service.js';
import { VolumeRepository } from '../volume/volume.repository.js';
import { serverDeletionInput, type ServerDeletionInput } from './server-deletion-input.js';
import { serverDeletion } from './server-deletion.operation.js';
import { ServerDetailsRepository, type ServerDetails } from './server-details.repository.js';
import { ServerDeletionDenied, ServerNotFound, ServerProtected } from './server.errors.js';
import { ServerRepository } from './server.repository.js';
import type { EntityManager } from '../database/transaction.js';

/** What goes with a server, by our ids. */
export interface AcceptedDeletion {
  readonly operation: OperationEntity;
  readonly serverId: number;
  readonly volumeId: number | null;
  readonly networkInterfaceIds: readonly number[];
}

@Injectable()
export class ServerDeletionService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly operationRows: OperationRepository,
    private readonly servers: ServerRepository,
    private readonly volumes: VolumeRepository,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly details: ServerDetailsRepository,
  ) {}

  /**
   * Accepts the deletion of a server in any state, and cancels whatever else is under way on it. May be repeated: while the
   * deletion runs, the same one is returned.
   *
   * @throws ServerNotFound, ServerDeletionDenied (another project), PreconditionFailed, ServerProtected
   */
  async delete(actor: Actor, serverId: number, ifMatch: Precondition<ServerDetails>): Promise<AcceptedDeletion> {
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, actor, serverId, ifMatch));
    return { operation, serverId, ...serverDeletionInput.parse(operation.input) };
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    serverId: number,
    ifMatch: Precondition<ServerDetails>,
  ): Promise<OperationEntity> {
    const server = await this.servers.findForUpdate(tx, serverId);
    if (server === null) throw new ServerNotFound(serverId);
    if (server.projectId !== actor.principal.projectId) throw new ServerDeletionDenied(serverId);
    const holderId = await this.operationRows.findHolder(tx, { type: 'server', id: serverId });
    const holder = holderId === null ? null : await this.operationRows.find(tx, holderId);
    if (holder?.kind === serverDeletion) return holder;
    await ifMatch.require(() => this.details.find(tx, serverId));
    if (server.isProtected) throw new ServerProtected(serverId, server.name);
    const cancelled = await this.operationRows.cancelOnServer(
      tx,
      serverId,
      'The server was deleted before this was done',
    );
    const input = await this.children(tx, serverId);
    const { volumeId, networkInterfaceIds } = input;
    return this.operations.begin(tx, {
      uuid,
      kind: serverDeletion,
      resource: { type: 'server', id: serverId },
      serverId,
      projectId: server.projectId,
      actor,
      input,
      locks: [
        { type: 'server', id: serverId },
        ...(volumeId === null ? [] : [{ type: 'volume', id: volumeId } as const]),
        ...networkInterfaceIds.map((id) => ({ type: 'network_interface', id }) as const),
      ],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
      // A call of what was cancelled may still be on the wire: its lease must be free first.
      mustWait: cancelled.length > 0,
    });
  }

  private async children(manager: EntityManager, serverId: number): Promise<ServerDeletionInput> {
    const volumes = await this.volumes.findOfServer(manager, serverId);
    const interfaces = await this.interfaces.findOfServer(manager, serverId);
    return {
      volumeId: volumes.find((volume) => volume.isRootVolume)?.id ?? null,
      networkInterfaceIds: interfaces.map((nic) => nic.id),
    };
  }
}
