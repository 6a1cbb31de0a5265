import { Injectable } from '@nestjs/common';
import { isIPv4 } from 'node:net';
import type { Actor } from '../common/actor.js';
import { Config } from '../config/config.js';
import type { FloatingIpEntity } from '../floating-ip/floating-ip.entity.js';
import { FloatingIpNotFound, FloatingIpUseDenied } from '../floating-ip/floating-ip.errors.js';
import { FloatingIpRepository } from '../floating-ip/floating-ip.repository.js';
import { FloatingIpService, type ChangingFloatingIp } from '../floating-ip/floating-ip.service.js';
import type { OperationEntity } from '../operation/operation.entity.js';
import { OperationRepository } from '../operation/operation.repository.js';
import { OperationService, type Accepting } from '../operation/operation.service.js';
import type { FloatingIpAssociationInput } from './floating-ip-association-input.js';
import {
  FloatingIpAlreadyAttached,
  FloatingIpNotAttached,
  NetworkInterfaceHasFloatingIp,
  NetworkInterfaceNotMatched,
} from './floating-ip-association.errors.js';
import { floatingIpAssociation, floatingIpDisassociation } from './floating-ip-association.operation.js';
import type { NetworkInterfaceEntity } from './network-interface.entity.js';
import {
  NetworkInterfaceAccessDenied,
  NetworkInterfaceNotFound,
  NetworkInterfaceNotReady,
} from './network-interface.errors.js';
import { NetworkInterfaceRepository } from './network-interface.repository.js';
import type { EntityManager } from '../database/transaction.js';

/** An address and an interface, by our ids. */
export interface AssociationCommand {
  readonly networkInterfaceId: number;
  readonly floatingIpId: number;
}

/** Both, locked against every other change until the transaction ends. */
interface Locked {
  readonly nic: NetworkInterfaceEntity;
  readonly floatingIp: FloatingIpEntity;
}

@Injectable()
export class FloatingIpAssociationService {
  constructor(
    private readonly config: Config,
    private readonly operations: OperationService,
    private readonly operationRows: OperationRepository,
    private readonly interfaces: NetworkInterfaceRepository,
    private readonly floatingIps: FloatingIpRepository,
    private readonly reads: FloatingIpService,
  ) {}

  /**
   * Puts an address on an interface, and waits for it a while. Returns what goes on after that, or null when it is done.
   *
   * @throws NetworkInterfaceNotFound, NetworkInterfaceAccessDenied, FloatingIpNotFound, FloatingIpUseDenied,
   *   FloatingIpAlreadyAttached, NetworkInterfaceHasFloatingIp, NetworkInterfaceNotReady, OperationInProgress
   * @throws OperationFailed when OpenStack refuses in time, e.g. `NETWORK_NOT_ROUTED`.
   */
  async associate(actor: Actor, command: AssociationCommand): Promise<ChangingFloatingIp | null> {
    return this.carryOut(actor, async (tx, uuid) => {
      const { nic, floatingIp } = await this.lock(tx, actor, command);
      if (floatingIp.networkInterfaceId !== null) {
        throw new FloatingIpAlreadyAttached(floatingIp.address, floatingIp.networkInterfaceId);
      }
      const [other] = await this.floatingIps.findOfInterfaces(tx, [nic.id]);
      if (other !== undefined) {
        const holder = { type: 'floating_ip', id: other.id, name: other.address };
        throw new NetworkInterfaceHasFloatingIp(nic.id, other.address, [holder]);
      }
      return this.begin(tx, uuid, floatingIpAssociation, actor, { nic, floatingIp });
    });
  }

  /**
   * Takes an address off an interface; otherwise like `associate`.
   *
   * @throws FloatingIpNotAttached, NetworkInterfaceNotMatched
   */
  async disassociate(actor: Actor, command: AssociationCommand): Promise<ChangingFloatingIp | null> {
    return this.carryOut(actor, async (tx, uuid) => {
      const { nic, floatingIp } = await this.lock(tx, actor, command);
      if (floatingIp.networkInterfaceId === null) throw new FloatingIpNotAttached(floatingIp.address);
      if (floatingIp.networkInterfaceId !== nic.id) {
        throw new NetworkInterfaceNotMatched(floatingIp.address, floatingIp.networkInterfaceId);
      }
      return this.begin(tx, uuid, floatingIpDisassociation, actor, { nic, floatingIp });
    });
  }

  private async carryOut(actor: Actor, begin: Accepting): Promise<ChangingFloatingIp | null> {
    const operation = await this.operations.accept(actor, begin);
    return (await this.operations.settle(actor, operation)) ? null : this.reads.changing(operation);
  }

  /** Server, interface, address: every transaction locks them in this order. */
  private async lock(tx: EntityManager, { principal }: Actor, command: AssociationCommand): Promise<Locked> {
    const { networkInterfaceId, floatingIpId } = command;
    await this.interfaces.lockServerOf(tx, networkInterfaceId);
    const nic = await this.interfaces.findForUpdate(tx, networkInterfaceId);
    if (nic === null) throw new NetworkInterfaceNotFound(networkInterfaceId);
    if (nic.projectId !== principal.projectId) throw new NetworkInterfaceAccessDenied(networkInterfaceId);
    const floatingIp = await this.floatingIps.findForUpdate(tx, floatingIpId);
    if (floatingIp === null) throw new FloatingIpNotFound(floatingIpId);
    if (floatingIp.projectId !== principal.projectId) throw new FloatingIpUseDenied(floatingIpId);
    return { nic, floatingIp };
  }

  private async begin(
    tx: EntityManager,
    uuid: string,
    kind: string,
    actor: Actor,
    { nic, floatingIp }: Locked,
  ): Promise<OperationEntity> {
    const { projectId, projectOpenstackId } = actor.principal;
    const nicLock = { type: 'network_interface', id: nic.id } as const;
    if (nic.openstackId === null) {
      throw new NetworkInterfaceNotReady(nic.id, await this.operationRows.findHolder(tx, nicLock));
    }
    const input: FloatingIpAssociationInput = {
      projectOpenstackId,
      networkInterfaceId: nic.id,
      portOpenstackId: nic.openstackId,
      fixedIpAddress: fixedAddress(nic),
    };
    return this.operations.begin(tx, {
      uuid,
      kind,
      resource: { type: 'floating_ip', id: floatingIp.id },
      serverId: nic.serverId,
      projectId,
      actor,
      input,
      locks: [nicLock, { type: 'floating_ip', id: floatingIp.id }],
      deadlineMs: this.config.settings.DEADLINE_DEFAULT_MS,
    });
  }
}

/** Neutron finds the address itself unless the port has several of IPv4, which is all that floating IPs lead to. */
function fixedAddress({ fixedIps }: NetworkInterfaceEntity): string | null {
  const [first, ...others] = (fixedIps ?? []).filter((address) => isIPv4(address));
  return others.length === 0 ? null : (first ?? null);
}
