import { Injectable } from '@nestjs/common';
import type { Actor } from '../common/actor.js';
import type { DeletionPreview } from '../common/deletion-preview.js';
import { OperationInProgress, type BlockedBy } from '../common/errors.js';
import type { Precondition } from '../common/precondition.js';
import { Config } from '../config/config.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { FloatingIpDetails } from './floating-ip-details.js';
import { FloatingIpDetailsRepository } from './floating-ip-details.repository.js';
import type { FloatingIpReleaseInput } from './floating-ip-release-input.js';
import { floatingIpRelease } from './floating-ip-release.operation.js';
import { FloatingIpAttached, FloatingIpNotFound, FloatingIpReleaseDenied } from './floating-ip.errors.js';
import { FloatingIpRepository } from './floating-ip.repository.js';
import { FloatingIpService, type ChangingFloatingIp } from './floating-ip.service.js';
import type { EntityManager } from '../database/transaction.js';

@Injectable()
export class FloatingIpReleaseService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly floatingIps: FloatingIpRepository,
    private readonly details: FloatingIpDetailsRepository,
    private readonly reads: FloatingIpService,
  ) {}

  /**
   * Gives an address back, and waits for it a while. Returns what goes on after that, or null when it is done.
   *
   * @throws FloatingIpNotFound, FloatingIpReleaseDenied (another project), PreconditionFailed, FloatingIpAttached,
   *   OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time.
   */
  async release(
    actor: Actor,
    id: number,
    ifMatch: Precondition<FloatingIpDetails>,
  ): Promise<ChangingFloatingIp | null> {
    const operation = await this.operations.accept(actor, (tx, uuid) => this.begin(tx, uuid, actor, id, ifMatch));
    return (await this.operations.settle(actor, operation)) ? null : this.reads.changing(operation);
  }

  /**
   * What `release` would do.
   *
   * @throws FloatingIpNotFound, FloatingIpReleaseDenied, PreconditionFailed
   */
  async preview({ principal }: Actor, id: number, ifMatch: Precondition<FloatingIpDetails>): Promise<DeletionPreview> {
    const floatingIp = await this.reads.find(id);
    if (floatingIp?.deletedAt !== null) throw new FloatingIpNotFound(id);
    if (floatingIp.projectId !== principal.projectId) throw new FloatingIpReleaseDenied(id);
    await ifMatch.require(() => Promise.resolve(floatingIp));
    const { address, networkInterfaceId, server, operation } = floatingIp;
    const holders = networkInterfaceId === null ? [] : holdersOf(networkInterfaceId, server);
    return {
      delete: [{ type: 'floating_ip', id, name: address }],
      detach: [],
      keep: [],
      blockedBy: [
        ...holders,
        ...(operation === null ? [] : [{ type: 'operation', id: operation.id, name: operation.kind }]),
      ],
      refusals: [
        ...(holders.length === 0 ? [] : [new FloatingIpAttached(address, holders)]),
        ...(operation === null ? [] : [OperationInProgress.on('floating_ip', operation.id)]),
      ],
    };
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    id: number,
    ifMatch: Precondition<FloatingIpDetails>,
  ): Promise<OperationEntity> {
    const floatingIp = await this.floatingIps.findForUpdate(tx, id);
    if (floatingIp === null) throw new FloatingIpNotFound(id);
    const { projectId, projectOpenstackId } = actor.principal;
    if (floatingIp.projectId !== projectId) throw new FloatingIpReleaseDenied(id);
    await ifMatch.require(() => this.details.find(tx, id));
    if (floatingIp.networkInterfaceId !== null) {
      const server = (await this.details.find(tx, id))?.server ?? null;
      throw new FloatingIpAttached(floatingIp.address, holdersOf(floatingIp.networkInterfaceId, server));
    }
    const input: FloatingIpReleaseInput = { projectOpenstackId };
    return this.operations.begin(tx, {
      uuid,
      kind: floatingIpRelease,
      resource: { type: 'floating_ip', id },
      serverId: null,
      projectId,
      actor,
      input,
      locks: [{ type: 'floating_ip', id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }
}

/** The interface has no name; the server that it belongs to has. */
function holdersOf(
  networkInterfaceId: number,
  server: { readonly id: number; readonly name: string } | null,
): readonly BlockedBy[] {
  const nic = { type: 'network_interface', id: networkInterfaceId, name: null };
  return server === null ? [nic] : [nic, { type: 'server', id: server.id, name: server.name }];
}
