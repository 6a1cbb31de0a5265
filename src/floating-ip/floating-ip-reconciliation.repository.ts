import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lockJoin, reconciledColumns, selectedRows, type RowSelection } from '../reconciliation/marked-resource.js';
import type { KnownInterfaces, ReconciledFloatingIp } from './floating-ip-comparison.js';
import { floatingIpStatusFrom } from './floating-ip-status.js';

/** What a row takes over from Neutron. */
export interface FollowedFloatingIp {
  readonly status: string;
  readonly address: string;
  readonly fixedIpAddress: string | null;
  readonly networkInterfaceId: number | null;
}

export interface AdoptedFloatingIpRow extends FollowedFloatingIp {
  readonly openstackId: string;
  readonly uuid: string;
  readonly projectId: number;
  readonly floatingNetworkOpenstackId: string;
}

/** Rows of floating IPs beside what Neutron shows. */
@Injectable()
export class FloatingIpReconciliationRepository {
  async rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledFloatingIp[]> {
    const [where, parameters] = selectedRows('f', selection);
    return manager.query(
      `SELECT ${reconciledColumns('f')}, NULL AS name, f.status, f.openstack_status AS openstackStatus, f.address,
              f.fixed_ip_address AS fixedIpAddress, f.network_interface_id AS networkInterfaceId
         FROM floating_ip f ${lockJoin('f', 'floating_ip')} WHERE ${where}`,
      [...parameters],
    );
  }

  async knownInterfaces(manager: EntityManager, portIds: readonly string[]): Promise<KnownInterfaces> {
    if (portIds.length === 0) return new Map();
    const rows: { id: number; openstackId: string }[] = await manager.query(
      'SELECT id, openstack_id AS openstackId FROM network_interface WHERE openstack_id IN (?) AND deleted_at IS NULL',
      [portIds],
    );
    return new Map(rows.map(({ id, openstackId }) => [openstackId, id]));
  }

  async follow(tx: EntityManager, id: number, seen: FollowedFloatingIp): Promise<void> {
    await tx.query(
      `UPDATE floating_ip
          SET status = ?, openstack_status = ?, address = ?, fixed_ip_address = ?, network_interface_id = ? WHERE id = ?`,
      [floatingIpStatusFrom(seen.status), seen.status, seen.address, seen.fixedIpAddress, seen.networkInterfaceId, id],
    );
  }

  async insertAdopted(tx: EntityManager, floatingIp: AdoptedFloatingIpRow): Promise<number> {
    const result: { insertId: number } = await tx.query(
      `INSERT INTO floating_ip
         (openstack_id, uuid, project_id, floating_network_openstack_id, status, openstack_status, address, fixed_ip_address,
          network_interface_id, managed_by, observed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'adopted', NOW(3))`,
      [
        floatingIp.openstackId,
        floatingIp.uuid,
        floatingIp.projectId,
        floatingIp.floatingNetworkOpenstackId,
        floatingIpStatusFrom(floatingIp.status),
        floatingIp.status,
        floatingIp.address,
        floatingIp.fixedIpAddress,
        floatingIp.networkInterfaceId,
      ],
    );
    return result.insertId;
  }
}
