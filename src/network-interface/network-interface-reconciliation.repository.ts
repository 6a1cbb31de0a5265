import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lockJoin, reconciledColumns, selectedRows, type RowSelection } from '../reconciliation/marked-resource.js';
import type { FollowedPort, PortContext, ReconciledNetworkInterface } from './network-interface-comparison.js';

export interface AdoptedPortRow extends FollowedPort {
  readonly openstackId: string;
  readonly uuid: string;
  readonly projectId: number;
  readonly networkOpenstackId: string;
}

/** Rows of network interfaces beside what Neutron shows. */
@Injectable()
export class NetworkInterfaceReconciliationRepository {
  async rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledNetworkInterface[]> {
    const [where, parameters] = selectedRows('n', selection);
    return manager.query(
      `SELECT ${reconciledColumns('n')}, NULL AS name, n.server_id AS serverId, n.openstack_status AS openstackStatus,
              n.mac_address AS macAddress, n.fixed_ip_address AS fixedIpAddress, n.fixed_ips AS fixedIps,
              (SELECT JSON_ARRAYAGG(g.id) FROM network_interface_security_group ng
                 JOIN security_group g ON g.id = ng.security_group_id AND g.deleted_at IS NULL
                WHERE ng.network_interface_id = n.id) AS securityGroupIds
         FROM network_interface n ${lockJoin('n', 'network_interface')} WHERE ${where}`,
      [...parameters],
    );
  }

  /** The live servers and groups of ours among these of OpenStack's. */
  async context(
    manager: EntityManager,
    serverOpenstackIds: readonly string[],
    groupOpenstackIds: readonly string[],
  ): Promise<PortContext> {
    const rows: { isServer: number; id: number; openstackId: string }[] = await manager.query(
      `SELECT 1 AS isServer, id, openstack_id AS openstackId FROM server WHERE openstack_id IN (?) AND deleted_at IS NULL
       UNION ALL
       SELECT 0, id, openstack_id FROM security_group WHERE openstack_id IN (?) AND deleted_at IS NULL`,
      [orNone(serverOpenstackIds), orNone(groupOpenstackIds)],
    );
    const known = (isServer: number): ReadonlyMap<string, number> =>
      new Map(rows.filter((row) => row.isServer === isServer).map(({ id, openstackId }) => [openstackId, id]));
    return { servers: known(1), securityGroups: known(0) };
  }

  /** A port that is on no server any more remembers the one that it was on. */
  async follow(tx: EntityManager, id: number, seen: FollowedPort): Promise<void> {
    await tx.query(
      `UPDATE network_interface
          SET openstack_status = ?, mac_address = ?, fixed_ip_address = ?, fixed_ips = ?,
              former_server_id = IF(? IS NULL, COALESCE(server_id, former_server_id), NULL), server_id = ?
        WHERE id = ?`,
      [
        seen.status,
        seen.macAddress,
        seen.fixedIps[0] ?? null,
        JSON.stringify(seen.fixedIps),
        seen.serverId,
        seen.serverId,
        id,
      ],
    );
    await this.setSecurityGroups(tx, id, seen.securityGroupIds);
  }

  async insertAdopted(tx: EntityManager, port: AdoptedPortRow): Promise<number> {
    const result: { insertId: number } = await tx.query(
      `INSERT INTO network_interface
         (openstack_id, uuid, project_id, server_id, network_openstack_id, openstack_status, mac_address, fixed_ip_address,
          fixed_ips, managed_by, observed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'adopted', NOW(3))`,
      [
        port.openstackId,
        port.uuid,
        port.projectId,
        port.serverId,
        port.networkOpenstackId,
        port.status,
        port.macAddress,
        port.fixedIps[0] ?? null,
        JSON.stringify(port.fixedIps),
      ],
    );
    await this.setSecurityGroups(tx, result.insertId, port.securityGroupIds);
    return result.insertId;
  }

  private async setSecurityGroups(tx: EntityManager, id: number, securityGroupIds: readonly number[]): Promise<void> {
    const groups = securityGroupIds.length === 0 ? [0] : securityGroupIds;
    await tx.query(
      'DELETE FROM network_interface_security_group WHERE network_interface_id = ? AND security_group_id NOT IN (?)',
      [id, groups],
    );
    if (securityGroupIds.length === 0) return;
    await tx.query(
      'INSERT IGNORE INTO network_interface_security_group (network_interface_id, security_group_id) VALUES ?',
      [securityGroupIds.map((securityGroupId) => [id, securityGroupId])],
    );
  }
}

function orNone(ids: readonly string[]): readonly string[] {
  return ids.length === 0 ? [''] : ids;
}
