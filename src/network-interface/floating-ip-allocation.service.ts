import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CatalogService } from '../catalog/catalog.service.js';
import type { Actor } from '../common/actor.js';
import { Config } from '../config/config.js';
import type { FloatingIpDetails } from '../floating-ip/floating-ip-details.js';
import { FloatingIpRepository } from '../floating-ip/floating-ip.repository.js';
import { FloatingIpService } from '../floating-ip/floating-ip.service.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationService } from '../operation/operation.service.js';
import type { FloatingIpAllocationInput } from './floating-ip-allocation-input.js';
import { floatingIpAllocation } from './floating-ip-allocation.operation.js';
import { unusableFloatingNetwork } from './floating-ip-choice.js';
import type { EntityManager } from '../database/transaction.js';

/** An allocation that was accepted. */
export interface AcceptedAllocation {
  readonly floatingIp: FloatingIpDetails;
  /** The operation that goes on after the wait; null when the address is there. */
  readonly operationId: number | null;
}

/** Allocation of addresses. It stands here, above floating-ip, because it needs the catalogue, which is a peer of that. */
@Injectable()
export class FloatingIpAllocationService {
  constructor(
    private readonly config: Config,
    private readonly catalog: CatalogService,
    private readonly operations: OperationService,
    private readonly floatingIps: FloatingIpRepository,
    private readonly reads: FloatingIpService,
  ) {}

  /**
   * Takes an address from an external network, and waits for it a while.
   *
   * @throws NetworkNotFound before anything is made, where the catalogue is known.
   * @throws OperationFailed when OpenStack refuses in time, e.g. `QUOTA_EXCEEDED`; nothing is kept then.
   */
  async allocate(actor: Actor, floatingNetworkId: string): Promise<AcceptedAllocation> {
    const operation = await this.operations.acceptPrepared(
      actor,
      () => this.check(actor, floatingNetworkId),
      (tx, uuid, isChecked) => this.begin(tx, uuid, actor, { floatingNetworkId, isChecked }),
    );
    const isDone = await this.operations.settle(actor, operation);
    const floatingIp = await this.reads.getDetails(actor.principal, operation.resourceId);
    return { floatingIp, operationId: isDone ? null : operation.id };
  }

  /** Whether the network could be looked up in the catalogue. @throws NetworkNotFound */
  private async check({ principal }: Actor, floatingNetworkId: string): Promise<boolean> {
    const catalogue = await this.catalog.known(principal.projectOpenstackId);
    const error = catalogue === null ? null : unusableFloatingNetwork(catalogue, floatingNetworkId);
    if (error !== null) throw error;
    return catalogue !== null;
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    actor: Actor,
    { floatingNetworkId, isChecked }: Omit<FloatingIpAllocationInput, 'projectOpenstackId'>,
  ): Promise<OperationEntity> {
    const { projectId, projectOpenstackId } = actor.principal;
    const id = await this.floatingIps.insert(tx, {
      uuid: randomUUID(),
      projectId,
      floatingNetworkOpenstackId: floatingNetworkId,
    });
    const input: FloatingIpAllocationInput = { projectOpenstackId, floatingNetworkId, isChecked };
    return this.operations.begin(tx, {
      uuid,
      kind: floatingIpAllocation,
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
