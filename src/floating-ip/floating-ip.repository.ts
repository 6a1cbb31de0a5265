import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { In, IsNull } from 'typeorm';
import type { DeletedReason } from '../database/managed-columns.js';
import { floatingIpStatusFrom } from './floating-ip-status.js';
import { FloatingIpEntity } from './floating-ip.entity.js';

export interface NewFloatingIp {
  readonly uuid: string;
  readonly projectId: number;
  readonly floatingNetworkOpenstackId: string;
}

/** What Neutron showed of a floating IP; `networkInterfaceId` is ours, null when it is on no interface that we know. */
export interface FloatingIpObservation {
  readonly status: string;
  readonly address: string;
  readonly fixedIpAddress: string | null;
  readonly networkInterfaceId: number | null;
}

/** The same with Neutron's id of the port. */
export interface FloatingIpPortObservation extends Omit<FloatingIpObservation, 'networkInterfaceId'> {
  readonly portId: string | null;
}

@Injectable()
export class FloatingIpRepository {
  /** Inserts an address that is about to be allocated; returns its id. */
  async insert(tx: EntityManager, floatingIp: NewFloatingIp): Promise<number> {
    const result: { insertId: number } = await tx.query(
      `INSERT INTO floating_ip (project_id, floating_network_openstack_id, status, uuid) VALUES (?, ?, 'DOWN', ?)`,
      [floatingIp.projectId, floatingIp.floatingNetworkOpenstackId, floatingIp.uuid],
    );
    return result.insertId;
  }

  /** A row by its id, deleted or not. */
  async findAny(manager: EntityManager, id: number): Promise<FloatingIpEntity | null> {
    return manager.findOneBy(FloatingIpEntity, { id });
  }

  /** A live row; nobody else changes or references it until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, id: number): Promise<FloatingIpEntity | null> {
    return tx.findOne(FloatingIpEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_write' } });
  }

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

  async setOpenstackId(tx: EntityManager, id: number, openstackId: string): Promise<void> {
    await tx.query('UPDATE floating_ip SET openstack_id = ? WHERE id = ?', [openstackId, id]);
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

  /** Like `setObserved`, with the interface found by its port; a port that is not ours leaves none. */
  async setObservedOnPort(tx: EntityManager, id: number, observed: FloatingIpPortObservation): Promise<void> {
    const rows: { id: number }[] = await tx.query(
      'SELECT id FROM network_interface WHERE openstack_id = ? AND deleted_at IS NULL',
      [observed.portId],
    );
    await this.setObserved(tx, id, { ...observed, networkInterfaceId: rows[0]?.id ?? null });
  }

  /** It is on no interface any more, and Neutron has nothing to say of it. */
  async setDetached(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE floating_ip SET network_interface_id = NULL, fixed_ip_address = NULL WHERE id = ?', [id]);
  }

  /** Neutron frees the address of a port that is deleted, and calls it DOWN. */
  async setFreed(tx: EntityManager, id: number): Promise<void> {
    await tx.query(
      `UPDATE floating_ip SET network_interface_id = NULL, fixed_ip_address = NULL, status = 'DOWN', openstack_status = 'DOWN',
              version = version + 1 WHERE id = ?`,
      [id],
    );
  }

  /** Why the last thing that was asked for was not done; null once something was. */
  async setFault(
    tx: EntityManager,
    id: number,
    fault: { readonly code: string; readonly message: string } | null,
  ): Promise<void> {
    await tx.query('UPDATE floating_ip SET fault_code = ?, fault_message = ?, version = version + 1 WHERE id = ?', [
      fault?.code ?? null,
      fault?.message.slice(0, 500) ?? null,
      id,
    ]);
  }

  async tombstone(tx: EntityManager, id: number, reason: DeletedReason): Promise<void> {
    await tx.query(
      `UPDATE floating_ip SET deleted_at = NOW(3), deleted_reason = ?, network_interface_id = NULL, version = version + 1
        WHERE id = ? AND deleted_at IS NULL`,
      [reason, id],
    );
  }
}
