import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import type { DeletedReason } from '../database/managed-columns.js';
import { serverStatusFrom } from './server-status.js';
import { ServerEntity } from './server.entity.js';
import { ServerNameTaken } from './server.errors.js';

export interface NewServerRow {
  readonly uuid: string;
  readonly projectId: number;
  readonly flavorOpenstackId: string;
  readonly imageOpenstackId: string;
  readonly name: string;
  readonly description: string | null;
  /** What was asked for; Nova's word follows. */
  readonly availabilityZone: string | null;
  readonly keyName: string | null;
  readonly isProtected: boolean;
}

/** What a person decides of a server that is there. */
export interface ServerFacts {
  readonly name: string;
  readonly description: string | null;
  readonly isProtected: boolean;
}

@Injectable()
export class ServerRepository {
  /**
   * Inserts a server in BUILD.
   *
   * @throws ServerNameTaken naming the live server that has the name.
   */
  async insertBuilding(tx: EntityManager, server: NewServerRow): Promise<number> {
    try {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO server
           (uuid, project_id, flavor_openstack_id, image_openstack_id, name, description, availability_zone, key_name, protected, status)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'BUILD')`,
        [
          server.uuid,
          server.projectId,
          server.flavorOpenstackId,
          server.imageOpenstackId,
          server.name,
          server.description,
          server.availabilityZone,
          server.keyName,
          server.isProtected,
        ],
      );
      return result.insertId;
    } catch (error) {
      throw await this.nameTaken(tx, error, server);
    }
  }

  /**
   * What a person calls it, and whether it is protected.
   *
   * @throws ServerNameTaken naming the live server that has the name.
   */
  async rename(tx: EntityManager, { id, projectId }: ServerEntity, facts: ServerFacts): Promise<void> {
    try {
      await this.setFacts(tx, id, facts);
    } catch (error) {
      throw await this.nameTaken(tx, error, { projectId, name: facts.name });
    }
  }

  /** Takes a renaming back; the new name stays when another server has the old one meanwhile. */
  async restore(tx: EntityManager, id: number, facts: ServerFacts): Promise<void> {
    try {
      await this.setFacts(tx, id, facts);
    } catch (error) {
      if (duplicateKey(error) !== 'uq_server_live_name') throw error;
    }
  }

  private async setFacts(
    tx: EntityManager,
    id: number,
    { name, description, isProtected }: ServerFacts,
  ): Promise<void> {
    await tx.query('UPDATE server SET name = ?, description = ?, protected = ?, version = version + 1 WHERE id = ?', [
      name,
      description,
      isProtected,
      id,
    ]);
  }

  private async nameTaken(
    tx: EntityManager,
    error: unknown,
    { projectId, name }: { readonly projectId: number; readonly name: string },
  ): Promise<unknown> {
    if (duplicateKey(error) !== 'uq_server_live_name') return error;
    const rows: { id: number; name: string }[] = await tx.query(
      'SELECT id, name FROM server WHERE project_id = ? AND live_name = ?',
      [projectId, name],
    );
    const holder = rows[0];
    return new ServerNameTaken(name, holder === undefined ? null : { type: 'server', ...holder });
  }

  async find(manager: EntityManager, id: number): Promise<ServerEntity | null> {
    return manager.findOneBy(ServerEntity, { id, deletedAt: IsNull() });
  }

  /** Like `find`, and nobody else changes or references the row until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, id: number): Promise<ServerEntity | null> {
    return tx.findOne(ServerEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_write' } });
  }

  /** Like `find`, and nobody changes or deletes the row until the caller's transaction ends; several may read it so at once. */
  async findForShare(tx: EntityManager, id: number): Promise<ServerEntity | null> {
    return tx.findOne(ServerEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_read' } });
  }

  async setOpenstackId(tx: EntityManager, id: number, openstackId: string | null): Promise<void> {
    await tx.query('UPDATE server SET openstack_id = ? WHERE id = ?', [openstackId, id]);
  }

  /** Takes over what Nova showed; `observed_at` is the database's now. */
  async setObserved(
    tx: EntityManager,
    id: number,
    observed: { readonly status: string; readonly availabilityZone: string | null },
  ): Promise<void> {
    await tx.query(
      `UPDATE server SET status = ?, openstack_status = ?, availability_zone = ?, observed_at = NOW(3), missing_since = NULL
        WHERE id = ?`,
      [serverStatusFrom(observed.status), observed.status, observed.availabilityZone, id],
    );
  }

  /** Why it could not be made, changed or deleted; null once something was done. */
  async setFault(
    tx: EntityManager,
    id: number,
    fault: { readonly code: string; readonly message: string } | null,
  ): Promise<void> {
    await tx.query('UPDATE server SET fault_code = ?, fault_message = ?, version = version + 1 WHERE id = ?', [
      fault?.code ?? null,
      fault?.message.slice(0, 500) ?? null,
      id,
    ]);
  }

  /** Everything was undone: the row tells why, and OpenStack holds nothing of it. */
  async setFailed(tx: EntityManager, id: number): Promise<void> {
    await tx.query(`UPDATE server SET status = 'ERROR', openstack_id = NULL, observed_at = NOW(3) WHERE id = ?`, [id]);
  }

  /** A deletion that OpenStack refused: nothing builds any more, and what is there is for an observation to say. */
  async setUndeleted(tx: EntityManager, id: number): Promise<void> {
    await tx.query(`UPDATE server SET status = 'UNKNOWN' WHERE id = ? AND status = 'BUILD'`, [id]);
  }

  async tombstone(tx: EntityManager, id: number, reason: DeletedReason): Promise<void> {
    await tx.query(
      `UPDATE server SET deleted_at = NOW(3), deleted_reason = ?, status = 'DELETED', version = version + 1
        WHERE id = ? AND deleted_at IS NULL`,
      [reason, id],
    );
  }
}
