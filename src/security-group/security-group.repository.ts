import { Injectable } from '@nestjs/common';
import { In, IsNull, type EntityManager } from 'typeorm';
import { OperationInProgress, type BlockedBy } from '../common/errors.js';
import { duplicateKey } from '../database/database-errors.js';
import type { DeletedReason } from '../database/managed-columns.js';
import { securityGroupUpdate } from './security-group-kinds.js';
import { SecurityGroupEntity } from './security-group.entity.js';
import { SecurityGroupNameTaken } from './security-group.errors.js';

export interface NewSecurityGroup {
  readonly uuid: string;
  readonly projectId: number;
  readonly name: string;
  readonly description: string | null;
}

/** What people call a group. */
export interface SecurityGroupWords {
  readonly name: string;
  readonly description: string | null;
}

@Injectable()
export class SecurityGroupRepository {
  /**
   * Inserts a group that is about to be made; returns its id.
   *
   * @throws SecurityGroupNameTaken naming the live group that has the name.
   */
  async insert(tx: EntityManager, group: NewSecurityGroup): Promise<number> {
    const { uuid, projectId, name, description } = group;
    return this.withName(tx, projectId, name, async () => {
      const result: { insertId: number } = await tx.query(
        'INSERT INTO security_group (uuid, project_id, name, description) VALUES (?, ?, ?, ?)',
        [uuid, projectId, name, description],
      );
      return result.insertId;
    });
  }

  /** @throws SecurityGroupNameTaken naming the live group that has the name. */
  async setWords(
    tx: EntityManager,
    { id, projectId }: Pick<SecurityGroupEntity, 'id' | 'projectId'>,
    { name, description }: SecurityGroupWords,
  ): Promise<void> {
    await this.withName(tx, projectId, name, () =>
      tx.query('UPDATE security_group SET name = ?, description = ?, version = version + 1 WHERE id = ?', [
        name,
        description,
        id,
      ]),
    );
  }

  private async withName<T>(tx: EntityManager, projectId: number, name: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (duplicateKey(error) !== 'uq_security_group_live_name') throw error;
      const rows: { id: number; name: string }[] = await tx.query(
        'SELECT id, name FROM security_group WHERE project_id = ? AND live_name = ?',
        [projectId, name],
      );
      throw new SecurityGroupNameTaken(name, rows[0] === undefined ? null : { type: 'security_group', ...rows[0] });
    }
  }

  /** The live group that Neutron made for the project by itself; null where it is not known yet. */
  async findDefault(manager: EntityManager, projectId: number): Promise<SecurityGroupEntity | null> {
    return manager.findOneBy(SecurityGroupEntity, { projectId, isDefault: true, deletedAt: IsNull() });
  }

  /** A row by its id, deleted or not. */
  async findAny(manager: EntityManager, id: number): Promise<SecurityGroupEntity | null> {
    return manager.findOneBy(SecurityGroupEntity, { id });
  }

  /** Live groups by our ids, in any project. */
  async find(manager: EntityManager, ids: readonly number[]): Promise<readonly SecurityGroupEntity[]> {
    if (ids.length === 0) return [];
    return manager.find(SecurityGroupEntity, {
      where: { id: In([...ids]), deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
  }

  /** Like `find`, and nobody else changes or references the rows until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, ids: readonly number[]): Promise<readonly SecurityGroupEntity[]> {
    return tx.find(SecurityGroupEntity, {
      where: { id: In([...ids]), deletedAt: IsNull() },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /**
   * Live groups by our ids, in any project, that something is about to refer to; locked against deletion while the caller's
   * transaction lasts.
   *
   * @throws OperationInProgress when one of them is being made or deleted: nothing may refer to it.
   */
  async findForShare(tx: EntityManager, ids: readonly number[]): Promise<readonly SecurityGroupEntity[]> {
    if (ids.length === 0) return [];
    const groups = await tx.find(SecurityGroupEntity, {
      where: { id: In([...ids]), deletedAt: IsNull() },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_read' },
    });
    await this.requireStanding(tx, groups);
    return groups;
  }

  /**
   * For rows that the caller's transaction has locked.
   *
   * @throws OperationInProgress when one of them is being made or deleted.
   */
  async requireStanding(tx: EntityManager, groups: readonly SecurityGroupEntity[]): Promise<void> {
    if (groups.length === 0) return;
    const rows: { id: number; operationId: number }[] = await tx.query(
      `SELECT l.resource_id AS id, o.id AS operationId FROM operation_lock l JOIN operation o ON o.id = l.operation_id
        WHERE l.resource_type = 'security_group' AND l.resource_id IN (?) AND o.kind <> ? ORDER BY l.resource_id LIMIT 1`,
      [groups.map((group) => group.id), securityGroupUpdate],
    );
    const first = rows[0];
    if (first === undefined) return;
    throw new OperationInProgress(
      `Security group ${String(first.id)} is being made or deleted; wait for that to end, then try again`,
      { operationId: first.operationId },
    );
  }

  /** Live groups of a project by OpenStack's ids. */
  async findByOpenstackIds(
    manager: EntityManager,
    projectId: number,
    openstackIds: readonly string[],
  ): Promise<readonly SecurityGroupEntity[]> {
    if (openstackIds.length === 0) return [];
    return manager.find(SecurityGroupEntity, {
      where: { projectId, openstackId: In([...openstackIds]), deletedAt: IsNull() },
      order: { id: 'ASC' },
    });
  }

  /** The live interfaces that a group is on, and their servers. */
  async findHolders(manager: EntityManager, id: number): Promise<readonly BlockedBy[]> {
    const rows: { id: number; serverId: number | null; serverName: string | null }[] = await manager.query(
      `SELECT n.id, s.id AS serverId, s.name AS serverName
         FROM network_interface_security_group ng
         JOIN network_interface n ON n.id = ng.network_interface_id AND n.deleted_at IS NULL
         LEFT JOIN server s ON s.id = n.server_id AND s.deleted_at IS NULL
        WHERE ng.security_group_id = ? ORDER BY n.id LIMIT 100`,
      [id],
    );
    const servers = new Map(rows.map(({ serverId, serverName }) => [serverId, serverName]));
    return [
      ...rows.map((row) => ({ type: 'network_interface', id: row.id, name: null })),
      ...[...servers].flatMap(([serverId, name]) =>
        serverId === null ? [] : [{ type: 'server', id: serverId, name }],
      ),
    ];
  }

  /** Other live groups with rules that let this group's members in. */
  async findReferrers(manager: EntityManager, group: SecurityGroupEntity): Promise<readonly BlockedBy[]> {
    const rows: { id: number; name: string }[] = await manager.query(
      `SELECT DISTINCT g.id, g.name FROM security_group_rule r JOIN security_group g ON g.id = r.security_group_id
        WHERE r.remote_group_openstack_id = ? AND g.id <> ? AND g.deleted_at IS NULL ORDER BY g.id`,
      [group.openstackId, group.id],
    );
    return rows.map((row) => ({ type: 'security_group', ...row }));
  }

  async setOpenstackId(tx: EntityManager, id: number, openstackId: string): Promise<void> {
    await tx.query('UPDATE security_group SET openstack_id = ? WHERE id = ?', [openstackId, id]);
  }

  /** Seen just now; nothing of it that a user can see has changed by that. */
  async setObserved(tx: EntityManager, id: number): Promise<void> {
    await tx.query(
      'UPDATE security_group SET observed_at = NOW(3), missing_since = NULL, updated_at = updated_at WHERE id = ?',
      [id],
    );
  }

  /** Why the last thing that was asked for was not done; null once something was. */
  async setFault(
    tx: EntityManager,
    id: number,
    fault: { readonly code: string; readonly message: string } | null,
  ): Promise<void> {
    await tx.query(
      `UPDATE security_group SET fault_code = ?, fault_message = ?, version = version + 1
        WHERE id = ? AND NOT (fault_code <=> ? AND fault_message <=> ?)`,
      [fault?.code ?? null, cut(fault), id, fault?.code ?? null, cut(fault)],
    );
  }

  async tombstone(tx: EntityManager, id: number, reason: DeletedReason): Promise<void> {
    await tx.query('DELETE FROM network_interface_security_group WHERE security_group_id = ?', [id]);
    await tx.query(
      'UPDATE security_group SET deleted_at = NOW(3), deleted_reason = ?, version = version + 1 WHERE id = ? AND deleted_at IS NULL',
      [reason, id],
    );
  }
}

function cut(fault: { readonly message: string } | null): string | null {
  return fault?.message.slice(0, 500) ?? null;
}
