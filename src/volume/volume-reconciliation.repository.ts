import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { withFreeName } from '../reconciliation/free-name.js';
import { lockJoin, reconciledColumns, selectedRows, type RowSelection } from '../reconciliation/marked-resource.js';
import { descriptionHere, type KnownServers, type Place, type ReconciledVolume } from './volume-comparison.js';
import { volumeStatusFrom } from './volume-status.js';

/** What a row takes over from Cinder. */
export interface FollowedVolume extends Place {
  readonly status: string;
  readonly size: number;
  readonly volumeTypeOpenstackId: string | null;
  readonly availabilityZone: string | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
}

export interface AdoptedVolumeRow extends FollowedVolume {
  readonly openstackId: string;
  readonly uuid: string;
  readonly projectId: number;
  readonly name: string;
  readonly description: string | null;
  readonly imageOpenstackId: string | null;
}

const uniqueName = 'uq_volume_live_name';

/** Rows of volumes beside what Cinder shows. */
@Injectable()
export class VolumeReconciliationRepository {
  async rows(manager: EntityManager, selection: RowSelection): Promise<readonly ReconciledVolume[]> {
    const [where, parameters] = selectedRows('v', selection);
    return manager.query(
      `SELECT ${reconciledColumns('v')}, v.name, v.description, v.status, v.openstack_status AS openstackStatus, v.size,
              v.volume_type_openstack_id AS volumeTypeOpenstackId, v.availability_zone AS availabilityZone, v.server_id AS serverId,
              v.device, v.is_root_volume AS isRootVolume, v.fault_code AS faultCode, v.fault_message AS faultMessage
         FROM volume v ${lockJoin('v', 'volume')} WHERE ${where}`,
      [...parameters],
    );
  }

  /** Those of the servers that are ours and live. */
  async knownServers(manager: EntityManager, openstackIds: readonly string[]): Promise<KnownServers> {
    if (openstackIds.length === 0) return new Map();
    const rows: { id: number; openstackId: string }[] = await manager.query(
      'SELECT id, openstack_id AS openstackId FROM server WHERE openstack_id IN (?) AND deleted_at IS NULL',
      [openstackIds],
    );
    return new Map(rows.map(({ id, openstackId }) => [openstackId, id]));
  }

  async follow(tx: EntityManager, id: number, seen: FollowedVolume): Promise<void> {
    await tx.query(
      `UPDATE volume
          SET status = ?, openstack_status = ?, size = ?, volume_type_openstack_id = ?, availability_zone = ?, server_id = ?,
              device = ?, is_root_volume = ?, fault_code = ?, fault_message = ?
        WHERE id = ?`,
      [...columnsOf(seen), id],
    );
  }

  /** Takes name and description from OpenStack, the name with `-2`, `-3` … where it is taken here. */
  async setName(
    tx: EntityManager,
    id: number,
    { name, description }: { readonly name: string; readonly description: string | null },
  ): Promise<void> {
    await withFreeName(name, uniqueName, (free) =>
      tx.query('UPDATE volume SET name = ?, description = ? WHERE id = ?', [
        free,
        description === null ? null : descriptionHere(description),
        id,
      ]),
    );
  }

  async insertAdopted(tx: EntityManager, volume: AdoptedVolumeRow): Promise<number> {
    return withFreeName(volume.name, uniqueName, async (name) => {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO volume
           (status, openstack_status, size, volume_type_openstack_id, availability_zone, server_id, device, is_root_volume, fault_code,
            fault_message, openstack_id, uuid, project_id, name, description, image_openstack_id, managed_by, observed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'adopted', NOW(3))`,
        [
          ...columnsOf(volume),
          volume.openstackId,
          volume.uuid,
          volume.projectId,
          name,
          volume.description === null ? null : descriptionHere(volume.description),
          volume.imageOpenstackId,
        ],
      );
      return result.insertId;
    });
  }

  /** Puts a volume on the server that was adopted with it. */
  async setPlace(tx: EntityManager, id: number, { serverId, device, isRootVolume }: Place): Promise<void> {
    await tx.query('UPDATE volume SET server_id = ?, device = ?, is_root_volume = ? WHERE id = ?', [
      serverId,
      device,
      isRootVolume ? 1 : 0,
      id,
    ]);
  }
}

function columnsOf(seen: FollowedVolume): readonly unknown[] {
  return [
    volumeStatusFrom(seen.status),
    seen.status,
    seen.size,
    seen.volumeTypeOpenstackId,
    seen.availabilityZone,
    seen.serverId,
    seen.device,
    seen.isRootVolume ? 1 : 0,
    seen.fault?.code ?? null,
    seen.fault?.message ?? null,
  ];
}
