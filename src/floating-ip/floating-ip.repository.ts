import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { In, IsNull } from 'typeorm';
import type { DeletedReason } from '../database/managed-columns.js';
import { FloatingIpEntity } from './floating-ip.entity.js';

/** What Neutron showed of a floating IP; `networkInterfaceId` is ours, null when it is on no interface that we know. */
export interface FloatingIpObservation {
  readonly status: string;
  readonly address: string;
  readonly fixedIpAddress: string | null;
  readonly networkInterfaceId: number | null;
}

@Injectable()
export class FloatingIpRepository {
  async findOfInterfaces(
    manager: EntityManager,
    networkInterfaceIds: readonly number[],
  ): Promise<readonly FloatingIpEntity[]> {
    if (networkInterfaceIds.length === 0) return [];
    return manager.find(FloatingIpEntity, {
      where: { networkInterfaceId: In([...networkInterfaceIds]), deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
  }

  /** Takes over what Neutron showed; `observed_at` is the database's now. */
  async setObserved(tx: EntityManager, id: number, observed: FloatingIpObservation): Promise<void> {
    await tx.query(
      `UPDATE floating_ip
          SET status = ?, openstack_status = ?, address = ?, fixed_ip_address = ?, network_interface_id = ?, observed_at = NOW(3),
              missing_since = NULL
        WHERE id = ?`,
      [
        floatingIpStatusFrom(observed.status),
        observed.status,
        observed.address,
        observed.fixedIpAddress,
        observed.networkInterfaceId,
        id,
      ],
    );
  }

  async tombstone(tx: EntityManager, id: number, reason: DeletedReason): Promise<void> {
    await tx.query(
      `UPDATE floating_ip SET deleted_at = NOW(3), deleted_reason = ?, network_interface_id = NULL, version = version + 1
        WHERE id = ? AND deleted_at IS NULL`,
      [reason, id],
    );
  }
}

/** Neutron's word as the contract has it: ACTIVE, DOWN or ERROR. */
export function floatingIpStatusFrom(openstackStatus: string): 'ACTIVE' | 'DOWN' | 'ERROR' {
  const word = openstackStatus.toUpperCase();
  return word === 'ACTIVE' || word === 'DOWN' ? word : 'ERROR';
}
