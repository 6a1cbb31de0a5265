import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import type { DeletedReason } from '../database/managed-columns.js';
import { volumeStatusFrom } from './volume-status.js';
import { VolumeEntity } from './volume.entity.js';
import { VolumeNameTaken } from './volume.errors.js';

/** A root volume that is about to be made with its server. */
export interface NewRootVolume {
  readonly uuid: string;
  readonly projectId: number;
  readonly serverId: number;
  readonly serverName: string;
  readonly imageOpenstackId: string;
  readonly size: number;
}

/** A volume that is about to be made for itself. */
export interface NewVolume {
  readonly uuid: string;
  readonly projectId: number;
  readonly name: string;
  readonly description: string | null;
  /** GiB. */
  readonly size: number;
  /** Null where it is not known yet which type it is. */
  readonly volumeTypeOpenstackId: string | null;
  readonly imageOpenstackId: string | null;
  readonly isProtected: boolean;
}

/** What Cinder showed of a volume. What is left out or null is not known, and leaves the row as it is. */
export interface VolumeObservation {
  readonly status: string;
  /** GiB. */
  readonly size: number;
  /** The type's id; Cinder itself tells its name: see VolumeTypes. */
  readonly volumeTypeId?: string | null;
  readonly availabilityZone?: string | null;
}

/** The same with the servers that it is on. */
export interface AttachmentObservation extends VolumeObservation {
  readonly attachments: readonly { readonly serverId: string; readonly device: string | null }[];
  /** OpenStack's id of the server that it is being attached to; counts where Cinder lists no attachment yet. */
  readonly expectedServerId?: string;
}

/** What a server shows of a volume that it has. */
export interface VolumeOfServer {
  readonly id: number;
  readonly serverId: number;
  readonly name: string;
  readonly volumeTypeOpenstackId: string | null;
  /** GiB. */
  readonly size: number;
  readonly isRootVolume: boolean;
  readonly isProtected: boolean;
}

/** What a person may change of a volume without Cinder's help. */
export interface VolumeInfo {
  readonly name: string;
  readonly description: string | null;
  readonly isProtected: boolean;
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

  /**
   * Inserts a volume in CREATING; returns its id.
   *
   * @throws VolumeNameTaken naming the live volume that has the name.
   */
  async insertCreating(tx: EntityManager, volume: NewVolume): Promise<number> {
    const { projectId, name } = volume;
    return this.claimingName(tx, { projectId, name }, async () => {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO volume
           (project_id, image_openstack_id, volume_type_openstack_id, name, description, status, size, protected, uuid)
         VALUES (?, ?, ?, ?, ?, 'CREATING', ?, ?, ?)`,
        [
          projectId,
          volume.imageOpenstackId,
          volume.volumeTypeOpenstackId,
          name,
          volume.description,
          volume.size,
          volume.isProtected ? 1 : 0,
          volume.uuid,
        ],
      );
      return result.insertId;
    });
  }

  /** A row by its id, deleted or not. */
  async findAny(manager: EntityManager, id: number): Promise<VolumeEntity | null> {
    return manager.findOneBy(VolumeEntity, { id });
  }

  /** A live row; nobody else changes or references it until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, id: number): Promise<VolumeEntity | null> {
    return tx.findOne(VolumeEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_write' } });
  }

  /** @throws VolumeNameTaken naming the live volume that has the name. */
  async setInfo(
    tx: EntityManager,
    { id, projectId }: { readonly id: number; readonly projectId: number },
    { name, description, isProtected }: VolumeInfo,
  ): Promise<void> {
    await this.claimingName(tx, { projectId, name }, () =>
      tx.query('UPDATE volume SET name = ?, description = ?, protected = ?, version = version + 1 WHERE id = ?', [
        name,
        description,
        isProtected ? 1 : 0,
        id,
      ]),
    );
  }

  private async claimingName<T>(
    tx: EntityManager,
    { projectId, name }: { readonly projectId: number; readonly name: string },
    write: () => Promise<T>,
  ): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (duplicateKey(error) !== 'uq_volume_live_name') throw error;
      const rows: { id: number; name: string }[] = await tx.query(
        'SELECT id, name FROM volume WHERE project_id = ? AND live_name = ?',
        [projectId, name],
      );
      const holder = rows[0];
      throw new VolumeNameTaken(name, holder === undefined ? null : { type: 'volume', ...holder });
    }
  }

  async findOfServer(manager: EntityManager, serverId: number): Promise<readonly VolumeEntity[]> {
    return manager.find(VolumeEntity, { where: { serverId, deletedAt: IsNull() }, order: { id: 'ASC' } });
  }

  /** The live volumes of several servers as lists show them; without entities, which take longer to make than to read. */
  async findOfServers(manager: EntityManager, serverIds: readonly number[]): Promise<readonly VolumeOfServer[]> {
    if (serverIds.length === 0) return [];
    const rows: (Omit<VolumeOfServer, 'isRootVolume' | 'isProtected'> & {
      readonly isRootVolume: number;
      readonly isProtected: number;
    })[] = await manager.query(
      `SELECT id, server_id AS serverId, name, volume_type_openstack_id AS volumeTypeOpenstackId, size,
              is_root_volume AS isRootVolume, protected AS isProtected
         FROM volume WHERE server_id IN (?) AND deleted_at IS NULL ORDER BY id`,
      [serverIds],
    );
    return rows.map((row) => ({ ...row, isRootVolume: row.isRootVolume === 1, isProtected: row.isProtected === 1 }));
  }

  async setOpenstackId(tx: EntityManager, id: number, openstackId: string): Promise<void> {
    await tx.query('UPDATE volume SET openstack_id = ? WHERE id = ?', [openstackId, id]);
  }

  /** Takes over what Cinder showed; `observed_at` is the database's now. */
  async setObserved(tx: EntityManager, id: number, observed: VolumeObservation): Promise<void> {
    await tx.query(
      `UPDATE volume
          SET status = ?, openstack_status = ?, size = ?, volume_type_openstack_id = COALESCE(?, volume_type_openstack_id),
              availability_zone = COALESCE(?, availability_zone), observed_at = NOW(3), missing_since = NULL
        WHERE id = ?`,
      [
        volumeStatusFrom(observed.status),
        observed.status,
        observed.size,
        observed.volumeTypeId ?? null,
        observed.availabilityZone ?? null,
        id,
      ],
    );
  }

  /**
   * Like `setObserved`, and the server follows too; one that is not ours leaves none. A root volume stays with its server, whose
   * deletion looks after it.
   */
  async setObservedOnServer(tx: EntityManager, id: number, observed: AttachmentObservation): Promise<void> {
    await this.setObserved(tx, id, observed);
    const [attachment] = observed.attachments;
    const openstackId = attachment?.serverId ?? expectedServer(observed);
    const rows: { id: number }[] = await tx.query(
      'SELECT id FROM server WHERE openstack_id = ? AND deleted_at IS NULL',
      [openstackId],
    );
    const serverId = rows[0]?.id ?? null;
    await tx.query(
      'UPDATE volume SET server_id = ?, device = ? WHERE id = ? AND (is_root_volume = 0 OR ? IS NOT NULL)',
      [serverId, attachment?.device ?? null, id, serverId],
    );
  }

  /** A root volume whose server was seen running from it. */
  async setAttachedRoot(tx: EntityManager, id: number, device: string): Promise<void> {
    await tx.query(
      `UPDATE volume SET status = 'IN_USE', openstack_status = 'in-use', device = ?, observed_at = NOW(3), missing_since = NULL WHERE id = ?`,
      [device, id],
    );
  }

  /** Nothing of it is in OpenStack: the row tells why. */
  async setFailed(tx: EntityManager, id: number): Promise<void> {
    await tx.query(
      `UPDATE volume SET status = 'ERROR', openstack_id = NULL, openstack_status = NULL, server_id = NULL, observed_at = NOW(3)
        WHERE id = ?`,
      [id],
    );
  }

  /** The volume is on no server any more. */
  async setDetached(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE volume SET server_id = NULL, device = NULL WHERE id = ?', [id]);
  }

  /** Keeps a volume that could not go with its server as an ordinary one, with the reason. */
  async keep(tx: EntityManager, id: number, note: string): Promise<void> {
    await tx.query(
      `UPDATE volume SET server_id = NULL, device = NULL, is_root_volume = 0, fault_code = 'VOLUME_KEPT', fault_message = ?
        WHERE id = ? AND deleted_at IS NULL`,
      [note, id],
    );
  }

  /** Why the last thing that was asked for was not done; null once something was. */
  async setFault(
    tx: EntityManager,
    id: number,
    fault: { readonly code: string; readonly message: string } | null,
  ): Promise<void> {
    await tx.query('UPDATE volume SET fault_code = ?, fault_message = ?, version = version + 1 WHERE id = ?', [
      fault?.code ?? null,
      fault?.message.slice(0, 500) ?? null,
      id,
    ]);
  }

  async tombstone(tx: EntityManager, id: number, reason: DeletedReason): Promise<void> {
    await tx.query(
      `UPDATE volume SET deleted_at = NOW(3), deleted_reason = ?, version = version + 1 WHERE id = ? AND deleted_at IS NULL`,
      [reason, id],
    );
  }
}

function expectedServer({ status, expectedServerId }: AttachmentObservation): string | null {
  return status === 'reserved' || status === 'attaching' ? (expectedServerId ?? null) : null;
}

/** `<server name>-root`, cut to what fits, in code points. */
export function rootVolumeName(serverName: string, copy: number): string {
  const ending = copy === 1 ? '-root' : `-root-${String(copy)}`;
  return [...serverName].slice(0, maxNameLength - ending.length).join('') + ending;
}
