import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import type { DeletedReason } from '../database/managed-columns.js';
import { NetworkInterfaceEntity } from './network-interface.entity.js';

export interface NewNetworkInterface {
  readonly uuid: string;
  readonly projectId: number;
  readonly serverId: number;
  readonly networkOpenstackId: string;
}

/** What Neutron showed of a port. */
export interface NetworkInterfaceObservation {
  readonly status: string;
  readonly macAddress: string;
  readonly fixedIps: readonly string[];
}

@Injectable()
export class NetworkInterfaceRepository {
  async insert(tx: EntityManager, nic: NewNetworkInterface): Promise<number> {
    const result: { insertId: number } = await tx.query(
      'INSERT INTO network_interface (project_id, server_id, network_openstack_id, uuid) VALUES (?, ?, ?, ?)',
      [nic.projectId, nic.serverId, nic.networkOpenstackId, nic.uuid],
    );
    return result.insertId;
  }

  /**
   * Keeps the server of an interface, if it has one, from being deleted until the caller's transaction ends; to be called
   * before the interface itself is locked.
   */
  async lockServerOf(tx: EntityManager, id: number): Promise<void> {
    const rows: { serverId: number | null }[] = await tx.query(
      'SELECT server_id AS serverId FROM network_interface WHERE id = ?',
      [id],
    );
    const serverId = rows[0]?.serverId ?? null;
    if (serverId !== null) await tx.query('SELECT id FROM server WHERE id = ? FOR SHARE', [serverId]);
  }

  /** A row by its id, deleted or not. */
  async findAny(manager: EntityManager, id: number): Promise<NetworkInterfaceEntity | null> {
    return manager.findOneBy(NetworkInterfaceEntity, { id });
  }

  /** A live row; nobody else changes or references it until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, id: number): Promise<NetworkInterfaceEntity | null> {
    return tx.findOne(NetworkInterfaceEntity, {
      where: { id, deletedAt: IsNull() },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /** The status of a server as Nova said last; null without one. */
  async serverStatus(manager: EntityManager, serverId: number | null): Promise<string | null> {
    const rows: { status: string }[] = await manager.query('SELECT status FROM server WHERE id = ?', [serverId]);
    return rows[0]?.status ?? null;
  }

  async findOfServer(manager: EntityManager, serverId: number): Promise<readonly NetworkInterfaceEntity[]> {
    return manager.find(NetworkInterfaceEntity, { where: { serverId, deletedAt: IsNull() }, order: { id: 'ASC' } });
  }

  /** Those of a server, and those that were taken off it and are on none: all that go with it. */
  async findGoingWith(manager: EntityManager, serverId: number): Promise<readonly NetworkInterfaceEntity[]> {
    return manager.find(NetworkInterfaceEntity, {
      where: [
        { serverId, deletedAt: IsNull() },
        { serverId: IsNull(), formerServerId: serverId, deletedAt: IsNull() },
      ],
      order: { id: 'ASC' },
    });
  }

  async setOpenstackId(tx: EntityManager, id: number, openstackId: string): Promise<void> {
    await tx.query('UPDATE network_interface SET openstack_id = ? WHERE id = ?', [openstackId, id]);
  }

  /** Takes over what Neutron showed; `observed_at` is the database's now. */
  async setObserved(tx: EntityManager, id: number, observed: NetworkInterfaceObservation): Promise<void> {
    await tx.query(
      `UPDATE network_interface
          SET openstack_status = ?, mac_address = ?, fixed_ip_address = ?, fixed_ips = ?, observed_at = NOW(3), missing_since = NULL
        WHERE id = ?`,
      [observed.status, observed.macAddress, observed.fixedIps[0] ?? null, JSON.stringify(observed.fixedIps), id],
    );
  }

  /** It is on no server any more, and goes with none. */
  async setUnused(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE network_interface SET server_id = NULL, former_server_id = NULL WHERE id = ?', [id]);
  }

  /** Makes the interface's groups exactly these (ids of ours). */
  async setSecurityGroups(tx: EntityManager, id: number, securityGroupIds: readonly number[]): Promise<void> {
    await tx.query('DELETE FROM network_interface_security_group WHERE network_interface_id = ?', [id]);
    for (const securityGroupId of [...securityGroupIds].sort((a, b) => a - b)) {
      await tx.query(
        'INSERT INTO network_interface_security_group (network_interface_id, security_group_id) VALUES (?, ?)',
        [id, securityGroupId],
      );
    }
  }

  /** Our ids. */
  async securityGroupIdsOf(manager: EntityManager, id: number): Promise<readonly number[]> {
    const rows: { securityGroupId: number }[] = await manager.query(
      `SELECT security_group_id AS securityGroupId FROM network_interface_security_group
        WHERE network_interface_id = ? ORDER BY security_group_id`,
      [id],
    );
    return rows.map((row) => row.securityGroupId);
  }

  /** Why the last thing that was asked for was not done; null once something was. */
  async setFault(
    tx: EntityManager,
    id: number,
    fault: { readonly code: string; readonly message: string } | null,
  ): Promise<void> {
    await tx.query(
      'UPDATE network_interface SET fault_code = ?, fault_message = ?, version = version + 1 WHERE id = ?',
      [fault?.code ?? null, fault?.message.slice(0, 500) ?? null, id],
    );
  }

  async tombstone(tx: EntityManager, id: number, reason: DeletedReason): Promise<void> {
    await tx.query('DELETE FROM network_interface_security_group WHERE network_interface_id = ?', [id]);
    await tx.query(
      `UPDATE network_interface SET deleted_at = NOW(3), deleted_reason = ?, version = version + 1
        WHERE id = ? AND deleted_at IS NULL`,
      [reason, id],
    );
  }
}
