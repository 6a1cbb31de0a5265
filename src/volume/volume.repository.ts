import { Injectable } from '@nestjs/common';
import { In, IsNull, type EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import type { DeletedReason } from '../database/managed-columns.js';
import { volumeStatusFrom } from './volume-status.js';
import { VolumeEntity } from './volume.entity.js';

/** A root volume that is about to be made with its server. */
export interface NewRootVolume {
  readonly uuid: string;
  readonly projectId: number;
  readonly serverId: number;
  readonly serverName: string;
  readonly imageOpenstackId: string;
  readonly size: number;
}

/** What Cinder showed of a volume. */
export interface VolumeObservation {
  readonly status: string;
  readonly size: number;
}

const maxNameLength = 255;

@Injectable()
export class VolumeRepository {
  /** Named `<server>-root`, or with `-2`, `-3` … where that is taken. Returns id and name. */
  async insertRoot(tx: EntityManager, volume: NewRootVolume): Promise<{ id: number; name: string }> {
    for (let copy = 1; ; copy += 1) {
      const name = rootVolumeName(volume.serverName, copy);
      try {
        const result: { insertId: number } = await tx.query(
          `INSERT INTO volume (project_id, server_id, image_openstack_id, name, status, size, is_root_volume, uuid)
           VALUES (?, ?, ?, ?, 'CREATING', ?, 1, ?)`,
          [volume.projectId, volume.serverId, volume.imageOpenstackId, name, volume.size, volume.uuid],
        );
        return { id: result.insertId, name };
      } catch (error) {
        if (duplicateKey(error) !== 'uq_volume_live_name') throw error;
      }
    }
  }

  async findOfServer(manager: EntityManager, serverId: number): Promise<readonly VolumeEntity[]> {
    return manager.find(VolumeEntity, { where: { serverId, deletedAt: IsNull() }, order: { id: 'ASC' } });
  }

  /** The live volumes of several servers, for lists. */
  async findOfServers(manager: EntityManager, serverIds: readonly number[]): Promise<readonly VolumeEntity[]> {
    if (serverIds.length === 0) return [];
    return manager.find(VolumeEntity, {
      where: { serverId: In([...serverIds]), deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
  }

  async setOpenstackId(tx: EntityManager, id: number, openstackId: string): Promise<void> {
    await tx.query('UPDATE volume SET openstack_id = ? WHERE id = ?', [openstackId, id]);
  }

  /** Takes over what Cinder showed; `observed_at` is the database's now. */
  async setObserved(tx: EntityManager, id: number, observed: VolumeObservation): Promise<void> {
    await tx.query(
      'UPDATE volume SET status = ?, openstack_status = ?, size = ?, observed_at = NOW(3), missing_since = NULL WHERE id = ?',
      [volumeStatusFrom(observed.status), observed.status, observed.size, id],
    );
  }

  /** The volume is on no server any more. */
  async setDetached(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE volume SET server_id = NULL, device = NULL WHERE id = ?', [id]);
  }

  /** Keeps a root volume that could not go with its server as an ordinary one, with the reason. */
  async keepRoot(tx: EntityManager, id: number, note: string): Promise<void> {
    await tx.query(
      `UPDATE volume SET server_id = NULL, device = NULL, is_root_volume = 0, fault_code = 'ROOT_VOLUME_KEPT', fault_message = ? WHERE id = ?`,
      [note, id],
    );
  }

  async setFault(tx: EntityManager, id: number, code: string, message: string): Promise<void> {
    await tx.query('UPDATE volume SET fault_code = ?, fault_message = ? WHERE id = ?', [code, message, id]);
  }

  async tombstone(tx: EntityManager, id: number, reason: DeletedReason): Promise<void> {
    await tx.query(
      `UPDATE volume SET deleted_at = NOW(3), deleted_reason = ?, version = version + 1 WHERE id = ? AND deleted_at IS NULL`,
      [reason, id],
    );
  }
}

/** `<server name>-root`, cut to what fits, in code points. */
export function rootVolumeName(serverName: string, copy: number): string {
  const ending = copy === 1 ? '-root' : `-root-${String(copy)}`;
  return [...serverName].slice(0, maxNameLength - ending.length).join('') + ending;
}
