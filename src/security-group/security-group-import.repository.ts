import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import { importedName, keepsName } from './security-group-name.js';

/** A project that this installation manages. */
export interface ManagedProject {
  readonly id: number;
  readonly openstackId: string;
}

export interface ImportedRule {
  readonly openstackId: string;
  readonly protocol: string | null;
  readonly etherType: string;
  readonly direction: string;
  readonly portRangeMin: number | null;
  readonly portRangeMax: number | null;
  readonly remoteIpPrefix: string | null;
  readonly remoteGroupOpenstackId: string | null;
  readonly description: string | null;
}

/** A group of a managed project as Neutron showed it; `projectId` is ours. */
export interface ImportedGroup {
  readonly openstackId: string;
  readonly projectId: number;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly ImportedRule[];
}

interface KnownGroup {
  readonly id: number;
  readonly openstackId: string;
  readonly name: string;
  readonly description: string | null;
  readonly observedAt: Date | null;
  readonly isDeleted: number;
  readonly isLocked: number;
}

/** Rows of security groups as they are found in OpenStack. Everything may be repeated. */
@Injectable()
export class SecurityGroupImportRepository {
  async managedProjects(manager: EntityManager): Promise<readonly ManagedProject[]> {
    return manager.query(
      'SELECT id, openstack_id AS openstackId FROM project WHERE deleted_at IS NULL AND enabled = 1 ORDER BY id',
    );
  }

  async projectsWithoutDefaultGroup(manager: EntityManager): Promise<readonly ManagedProject[]> {
    return manager.query(
      `SELECT p.id, p.openstack_id AS openstackId FROM project p
        WHERE p.deleted_at IS NULL AND p.enabled = 1 AND NOT EXISTS (
          SELECT 1 FROM security_group g WHERE g.project_id = p.id AND g.is_default = 1 AND g.deleted_at IS NULL)
        ORDER BY p.id`,
    );
  }

  /** The database's clock, to be read before the list is asked for. */
  async now(manager: EntityManager): Promise<Date> {
    const rows: { now: Date }[] = await manager.query('SELECT NOW(3) AS now');
    return rows[0]?.now ?? new Date();
  }

  /**
   * Writes a page of groups with their rules. What a later look has written already, what an operation holds, and what is
   * deleted here stay as they are.
   */
  async store(tx: EntityManager, groups: readonly ImportedGroup[], askedAt: Date): Promise<void> {
    if (groups.length === 0) return;
    const known = await this.known(
      tx,
      groups.map((group) => group.openstackId),
    );
    const ids = new Map<string, number>();
    const confirmed: number[] = [];
    for (const group of groups) {
      const row = known.get(group.openstackId);
      if (row === undefined) {
        const id = await this.insert(tx, group, askedAt);
        if (id !== null) ids.set(group.openstackId, id);
        continue;
      }
      const isStale = row.observedAt !== null && row.observedAt >= askedAt;
      if (isStale || row.isDeleted === 1 || row.isLocked === 1) continue;
      ids.set(group.openstackId, row.id);
      confirmed.push(row.id);
      await this.update(tx, row, group);
    }
    await this.confirm(tx, confirmed, askedAt);
    await this.storeRules(tx, groups, ids);
  }

  private async known(tx: EntityManager, openstackIds: readonly string[]): Promise<ReadonlyMap<string, KnownGroup>> {
    const rows: KnownGroup[] = await tx.query(
      `SELECT g.id, g.openstack_id AS openstackId, g.name, g.description, g.observed_at AS observedAt,
              g.deleted_at IS NOT NULL AS isDeleted, l.operation_id IS NOT NULL AS isLocked
         FROM security_group g
         LEFT JOIN operation_lock l ON l.resource_type = 'security_group' AND l.resource_id = g.id
        WHERE g.openstack_id IN (?) ORDER BY g.id FOR UPDATE OF g`,
      [openstackIds],
    );
    return new Map(rows.map((row) => [row.openstackId, row]));
  }

  /** Null when another replica has just inserted it. */
  private async insert(tx: EntityManager, group: ImportedGroup, askedAt: Date): Promise<number | null> {
    return withFreeName(group.name, async (name) => {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO security_group (openstack_id, project_id, name, description, is_default, uuid, managed_by, observed_at)
         VALUES (?, ?, ?, ?, ?, ?, 'adopted', ?)`,
        [
          group.openstackId,
          group.projectId,
          name,
          descriptionOf(group),
          // Neutron makes one group of this name for each project and lets nobody make another.
          group.name === 'default' ? 1 : 0,
          randomUUID(),
          askedAt,
        ],
      );
      return result.insertId;
    });
  }

  private async update(tx: EntityManager, row: KnownGroup, group: ImportedGroup): Promise<void> {
    const description = descriptionOf(group);
    if (keepsName(row.name, group.name) && row.description === description) return;
    const setName = (name: string): Promise<unknown> =>
      tx.query('UPDATE security_group SET name = ?, description = ?, version = version + 1 WHERE id = ?', [
        name,
        description,
        row.id,
      ]);
    if (keepsName(row.name, group.name)) await setName(row.name);
    else await withFreeName(group.name, setName);
  }

  /** Seen again; nothing of it that a user can see has changed by that. */
  private async confirm(tx: EntityManager, ids: readonly number[], askedAt: Date): Promise<void> {
    if (ids.length === 0) return;
    await tx.query(
      'UPDATE security_group SET observed_at = ?, missing_since = NULL, updated_at = updated_at WHERE id IN (?)',
      [askedAt, ids],
    );
  }

  /** Rules never change in Neutron but for their description: what is not there any more goes, what is new comes. */
  private async storeRules(
    tx: EntityManager,
    groups: readonly ImportedGroup[],
    ids: ReadonlyMap<string, number>,
  ): Promise<void> {
    if (ids.size === 0) return;
    const rows: { id: number; openstackId: string; groupId: number; description: string | null }[] = await tx.query(
      `SELECT id, openstack_id AS openstackId, security_group_id AS groupId, description FROM security_group_rule
        WHERE security_group_id IN (?) AND openstack_id IS NOT NULL`,
      [[...ids.values()]],
    );
    const known = new Map(rows.map((row) => [row.openstackId, row]));
    const inserts: unknown[][] = [];
    for (const group of groups) {
      const groupId = ids.get(group.openstackId);
      if (groupId === undefined) continue;
      for (const rule of group.rules) {
        const row = known.get(rule.openstackId);
        known.delete(rule.openstackId);
        if (row === undefined) inserts.push(ruleValues(groupId, rule));
        else if (row.description !== rule.description) {
          await tx.query('UPDATE security_group_rule SET description = ? WHERE id = ?', [rule.description, row.id]);
        }
      }
    }
    const gone = [...known.values()].map((row) => row.id);
    if (gone.length > 0) await tx.query('DELETE FROM security_group_rule WHERE id IN (?)', [gone]);
    if (inserts.length === 0) return;
    await tx.query(
      `INSERT INTO security_group_rule
         (security_group_id, openstack_id, protocol, ether_type, direction, port_range_min, port_range_max, remote_ip_prefix,
          remote_group_openstack_id, description)
       VALUES ?`,
      [inserts],
    );
  }
}

function ruleValues(groupId: number, rule: ImportedRule): unknown[] {
  return [
    groupId,
    rule.openstackId,
    rule.protocol,
    rule.etherType,
    rule.direction,
    rule.portRangeMin,
    rule.portRangeMax,
    rule.remoteIpPrefix,
    rule.remoteGroupOpenstackId,
    rule.description,
  ];
}

function descriptionOf({ description }: ImportedGroup): string | null {
  return description === '' ? null : description;
}

/** Names repeat in OpenStack, not here: one that is taken gets `-2`, `-3` … Null when the group itself is there already. */
async function withFreeName<T>(name: string, write: (name: string) => Promise<T>): Promise<T | null> {
  for (let copy = 1; ; copy += 1) {
    try {
      return await write(importedName(name, copy));
    } catch (error) {
      const key = duplicateKey(error);
      if (key === 'uq_security_group_openstack_id') return null;
      if (key !== 'uq_security_group_live_name') throw error;
    }
  }
}
