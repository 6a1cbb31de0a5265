import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Actor } from '../common/actor.js';
import type { DeletionPreview, ResourceName } from '../common/deletion-preview.js';
import type { Precondition } from '../common/precondition.js';
import type { Principal } from '../common/principal.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import type { EntityManager } from '../database/transaction.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { OperationService } from '../operation/operation.service.js';
import { serverDeletionInput, type ServerDeletionInput } from './server-deletion-input.js';
import { serverDeletion } from './server-deletion.operation.js';
import type { ServerDetails } from './server-details.js';
import { ServerDetailsRepository } from './server-details.repository.js';
import { ServerDeletionDenied, ServerNotFound, ServerProtected } from './server.errors.js';
import { ServerRepository } from './server.repository.js';

/** What is to go with a server besides its ports and its root volume. */
export interface ServerDeletionOptions {
  readonly deletesVolumes: boolean;
  readonly releasesFloatingIps: boolean;
}

export interface DeleteServerCommand extends ServerDeletionOptions {
  readonly id: number;
}

/** What goes with a server, by our ids. */
export interface AcceptedDeletion {
  readonly operation: OperationEntity;
  readonly serverId: number;
  readonly volumeId: number | null;
  readonly networkInterfaceIds: readonly number[];
}

/** Reconciliation acts for nobody. */
const nobody = { requestId: 'reconciliation', address: '', idempotency: null, prefersAsync: true, principal: null };

@Injectable()
export class ServerDeletionService {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly operations: OperationService,
    private readonly operationRows: OperationRepository,
    private readonly servers: ServerRepository,
    private readonly details: ServerDetailsRepository,
  ) {}

  /**
   * Accepts the deletion of a server in any state, and cancels whatever else is under way on it. May be repeated: while the
   * deletion runs, the same one is returned.
   *
   * @throws ServerNotFound, ServerDeletionDenied (another project), PreconditionFailed, ServerProtected, OperationInProgress (on a
   *   volume or an address that is to go too)
   */
  async delete(
    actor: Actor,
    command: DeleteServerCommand,
    ifMatch: Precondition<ServerDetails>,
  ): Promise<AcceptedDeletion> {
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, actor, command, ifMatch));
    const { volumeId, networkInterfaceIds } = serverDeletionInput.parse(operation.input);
    return { operation, serverId: command.id, volumeId, networkInterfaceIds };
  }

  /**
   * What `delete` would do now.
   *
   * @throws ServerNotFound, ServerDeletionDenied, PreconditionFailed
   */
  async preview(
    principal: Principal,
    command: DeleteServerCommand,
    ifMatch: Precondition<ServerDetails>,
  ): Promise<DeletionPreview> {
    const found = await this.database.read((manager) => this.details.find(manager, command.id));
    const server = requireOwn(principal, command.id, found);
    await ifMatch.require(() => Promise.resolve(server));
    return previewOf(server, command);
  }

  /**
   * Begins to look after what a server has left that is gone from OpenStack, as a part of the caller's transaction: its ports go, its
   * volumes stay, and then its row is deleted.
   *
   * @throws OperationInProgress while something else works on it, on its root volume or on one of its interfaces
   */
  async beginDeletedOutside(tx: EntityManager, id: number): Promise<void> {
    await this.servers.findForUpdate(tx, id);
    const server = await this.details.find(tx, id);
    if (server === null) return;
    const input = {
      ...inputOf(server, { deletesVolumes: false, releasesFloatingIps: false }),
      isDeletedOutside: true,
    };
    await this.operations.begin(tx, {
      uuid: randomUUID(),
      kind: serverDeletion,
      resource: { type: 'server', id },
      serverId: id,
      projectId: server.projectId,
      actor: nobody,
      input,
      locks: locksOf(id, input),
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
      mustWait: true,
    });
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    command: DeleteServerCommand,
    ifMatch: Precondition<ServerDetails>,
  ): Promise<OperationEntity> {
    const { id } = command;
    await this.servers.findForUpdate(tx, id);
    const server = requireOwn(actor.principal, id, await this.details.find(tx, id));
    const holder = server.operation === null ? null : await this.operationRows.find(tx, server.operation.id);
    // One that was begun because Nova shows the server no more keeps what a person may want deleted.
    const isGoing = holder?.kind === serverDeletion && !serverDeletionInput.parse(holder.input).isDeletedOutside;
    if (isGoing) return holder;
    await ifMatch.require(() => Promise.resolve(server));
    const [refusal] = previewOf(server, command).refusals;
    if (refusal !== undefined) throw refusal;
    const reason = 'The server was deleted before this was done';
    const cancelled = await this.operationRows.cancelOnServer(tx, id, reason);
    const input = inputOf(server, command);
    const { DEADLINE_DEFAULT_MS, DEADLINE_IMAGE_COPY_MS } = this.config.settings;
    return this.operations.begin(tx, {
      uuid,
      kind: serverDeletion,
      resource: { type: 'server', id },
      serverId: id,
      projectId: server.projectId,
      actor,
      input,
      locks: locksOf(id, input),
      // Cinder deletes no volume that it is still making from an image.
      deadlineMs: cancelled.length > 0 ? Math.max(DEADLINE_DEFAULT_MS, DEADLINE_IMAGE_COPY_MS) : DEADLINE_DEFAULT_MS,
      // A call of what was cancelled may still be on the wire: its lease must be free first.
      mustWait: cancelled.length > 0,
    });
  }
}

/** @throws ServerNotFound, ServerDeletionDenied */
function requireOwn({ projectId }: Principal, id: number, server: ServerDetails | null): ServerDetails {
  if (server === null) throw new ServerNotFound(id);
  if (server.projectId !== projectId) throw new ServerDeletionDenied(id);
  return server;
}

function inputOf(server: ServerDetails, options: ServerDeletionOptions): ServerDeletionInput {
  const { deletesVolumes, releasesFloatingIps } = options;
  return {
    volumeId: server.volumes.find((volume) => volume.isRootVolume)?.id ?? null,
    networkInterfaceIds: server.interfaces.map((nic) => nic.id),
    dataVolumeIds: deletesVolumes ? server.volumes.filter((volume) => !volume.isRootVolume).map(({ id }) => id) : [],
    floatingIpIds: releasesFloatingIps ? floatingIpsOf(server).map(({ id }) => id) : [],
    isDeletedOutside: false,
  };
}

function locksOf(
  id: number,
  input: ServerDeletionInput,
): { readonly type: 'server' | 'volume' | 'network_interface' | 'floating_ip'; readonly id: number }[] {
  const { volumeId, dataVolumeIds, networkInterfaceIds, floatingIpIds } = input;
  const volumeIds = [...(volumeId === null ? [] : [volumeId]), ...dataVolumeIds];
  return [
    { type: 'server', id },
    ...volumeIds.map((volume) => ({ type: 'volume', id: volume }) as const),
    ...networkInterfaceIds.map((nic) => ({ type: 'network_interface', id: nic }) as const),
    ...floatingIpIds.map((floatingIp) => ({ type: 'floating_ip', id: floatingIp }) as const),
  ];
}

/** Pure: what goes, what is let go, what stays, and what forbids it. */
function previewOf(server: ServerDetails, options: ServerDeletionOptions): DeletionPreview {
  const isToGo = ({ isRootVolume }: { readonly isRootVolume: boolean }): boolean =>
    isRootVolume || options.deletesVolumes;
  const going = server.volumes.filter(isToGo);
  const staying = server.volumes.filter((volume) => !isToGo(volume));
  const floatingIps = floatingIpsOf(server);
  const itself: ResourceName = { type: 'server', id: server.id, name: server.name };
  const blockedBy = [
    ...(server.isProtected ? [itself] : []),
    ...going.filter(({ isProtected }) => isProtected).map(volumeName),
  ];
  return {
    delete: [
      itself,
      ...server.interfaces.map(({ id }) => ({ type: 'network_interface', id, name: null })),
      ...going.map(volumeName),
      ...(options.releasesFloatingIps ? floatingIps : []),
    ],
    detach: [...staying.map(volumeName), ...(options.releasesFloatingIps ? [] : floatingIps)],
    keep: server.securityGroups.map(({ id, name }) => ({ type: 'security_group', id, name })),
    blockedBy,
    refusals: blockedBy.length === 0 ? [] : [new ServerProtected(blockedBy)],
  };
}

function volumeName({ id, name }: { readonly id: number; readonly name: string }): ResourceName {
  return { type: 'volume', id, name };
}

function floatingIpsOf({ interfaces }: ServerDetails): readonly ResourceName[] {
  return interfaces.flatMap(({ floatingIp }) =>
    floatingIp === null ? [] : [{ type: 'floating_ip', id: floatingIp.id, name: floatingIp.address }],
  );
}
