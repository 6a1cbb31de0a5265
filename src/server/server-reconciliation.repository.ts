import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { withFreeName } from '../reconciliation/free-name.js';
import { lockJoin, reconciledColumns, selectedRows, type RowSelection } from '../reconciliation/marked-resource.js';
import type { ReconciledServer } from './server-comparison.js';
import { serverStatusFrom } from './server-status.js';

/** What a row takes over from Nova. */
export interface FollowedServer {
  readonly status: string;
  readonly flavorOpenstackId: string;
  readonly availabilityZone: string | null;
  readonly keyName: string | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
}

export interface AdoptedServerRow extends FollowedServer {
  readonly openstackId: string;
  readonly uuid: string;
  readonly projectId: number;
  readonly name: string;
  readonly imageOpenstackId: string | null;
}

const uniqueName = 'uq_server_live_name';

/** Rows of servers beside what Nova shows. */
@Injectable()
export class ServerReconciliationRepository {
  async rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledServer[]> {
    const [where, parameters] = selectedRows('s', selection);
    return manager.query(
      `SELECT ${reconciledColumns('s')}, s.name, s.status, s.openstack_status AS openstackStatus,
              s.flavor_openstack_id AS flavorOpenstackId, s.availability_zone AS availabilityZone, s.key_name AS keyName,
              s.fault_code AS faultCode, s.fault_message AS faultMessage, s.managed_by AS managedBy
         FROM server s ${lockJoin('s', 'server')} WHERE ${where}`,
      [...parameters],
    );
  }

  async follow(tx: EntityManager, id: number, seen: FollowedServer): Promise<void> {
    await tx.query(
      `UPDATE server
          SET status = ?, openstack_status = ?, flavor_openstack_id = ?, availability_zone = ?, key_name = ?, fault_code = ?,
              fault_message = ?
        WHERE id = ?`,
      [
        serverStatusFrom(seen.status),
        seen.status,
        seen.flavorOpenstackId,
        seen.availabilityZone,
        seen.keyName,
        seen.fault?.code ?? null,
        seen.fault?.message ?? null,
        id,
      ],
    );
  }

  /** Takes a name from OpenStack, with `-2`, `-3` … where it is taken here. */
  async setName(tx: EntityManager, id: number, name: string): Promise<void> {
    await withFreeName(name, uniqueName, (free) => tx.query('UPDATE server SET name = ? WHERE id = ?', [free, id]));
  }

  async insertAdopted(tx: EntityManager, server: AdoptedServerRow): Promise<number> {
    return withFreeName(server.name, uniqueName, async (name) => {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO server
           (openstack_id, uuid, project_id, name, flavor_openstack_id, image_openstack_id, status, openstack_status, availability_zone,
            key_name, fault_code, fault_message, managed_by, observed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'adopted', NOW(3))`,
        [
          server.openstackId,
          server.uuid,
          server.projectId,
          name,
          server.flavorOpenstackId,
          server.imageOpenstackId,
          serverStatusFrom(server.status),
          server.status,
          server.availabilityZone,
          server.keyName,
          server.fault?.code ?? null,
          server.fault?.message ?? null,
        ],
      );
      return result.insertId;
    });
  }
}
