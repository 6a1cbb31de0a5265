import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import { followedDescription, type DescribedGroup } from './security-group-description.js';
import { importedName, keepsName } from './security-group-name.js';
import { SecurityGroupRuleRepository } from './security-group-rule.repository.js';
import type { ExistingRule } from './security-group-rule.js';

/** A project that this installation manages. */
export interface ManagedProject {
  readonly id: number;
  readonly openstackId: string;
}

/** A group of a managed project as Neutron showed it; `projectId` is ours. */
export interface ImportedGroup {
  readonly openstackId: string;
  readonly projectId: number;
  readonly name: string;
  /** With whatever marker stands in it. */
  readonly description: string;
  /** The marker of this deployment that it carries, and the row's uuid in that; null without one. */
  readonly marker: { readonly text: string; readonly uuid: string } | null;
  readonly rules: readonly ExistingRule[];
}

interface KnownGroup {
  readonly id: number;
  readonly uuid: string;
  readonly openstackId: string | null;
  readonly name: string;
  readonly description: string | null;
  readonly observedAt: Date | null;
  readonly isDeleted: number;
  readonly isLocked: number;
}

/** Rows of security groups as they are found in OpenStack. Everything may be repeated. */
@Injectable()
export class SecurityGroupImportRepository {
  constructor(private readonly rules: SecurityGroupRuleRepository) {}

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

  async hasDefaultGroup(manager: EntityManager, projectId: number): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      'SELECT 1 FROM security_group WHERE project_id = ? AND is_default = 1 AND deleted_at IS NULL LIMIT 1',
      [projectId],
    );
    return rows.length > 0;
  }

  /** The database's clock, to be read before the list is asked for. */
  async now(manager: EntityManager): Promise<Date> {
    const rows: { now: Date }[] = await manager.query('SELECT NOW(3) AS now');
    return rows[0]?.now ?? new Date();
  }

  /**
   * Writes a page of groups with their rules. What a later look has written already, what an operation holds, and what is
   * deleted here stay as they are; so does what we made for a row that records another group, or none yet.
   */
  async store(tx: EntityManager, groups: readonly ImportedGroup[], askedAt: Date): Promise<void> {
    if (groups.length === 0) return;
    const known = await this.known(tx, groups);
    const rulesOf = new Map<number, readonly ExistingRule[]>();
    const confirmed: number[] = [];
    for (const group of groups) {
      const row = known.find(({ openstackId }) => openstackId === group.openstackId);
      if (row === undefined) {
        const isOurs = known.some(({ uuid }) => uuid === group.marker?.uuid);
        const id = isOurs ? null : await this.insert(tx, group, askedAt);
        if (id !== null) rulesOf.set(id, group.rules);
        continue;
      }
      const isStale = row.observedAt !== null && row.observedAt >= askedAt;
      if (isStale || row.isDeleted === 1 || row.isLocked === 1) continue;
      rulesOf.set(row.id, group.rules);
      confirmed.push(row.id);
      await this.update(tx, row, group);
    }
    await this.confirm(tx, confirmed, askedAt);
    await this.rules.mirror(tx, rulesOf);
  }

  private async known(tx: EntityManager, groups: readonly ImportedGroup[]): Promise<readonly KnownGroup[]> {
    const uuids = groups.flatMap(({ marker }) => (marker === null ? [] : [marker.uuid]));
    const named = [groups.map((group) => group.openstackId), uuids.length === 0 ? [''] : uuids];
    await tx.query(
      'SELECT id FROM security_group WHERE openstack_id IN (?) OR uuid IN (?) ORDER BY id FOR UPDATE',
      named,
    );
    // A statement of its own: one that waited for a row would see the operations of before its wait.
    return tx.query(
      `SELECT g.id, g.uuid, g.openstack_id AS openstackId, g.name, g.description, g.observed_at AS observedAt,
              g.deleted_at IS NOT NULL AS isDeleted, l.operation_id IS NOT NULL AS isLocked
         FROM security_group g
         LEFT JOIN operation_lock l ON l.resource_type = 'security_group' AND l.resource_id = g.id
        WHERE g.openstack_id IN (?) OR g.uuid IN (?) ORDER BY g.id`,
      named,
    );
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
          followedDescription({ description: null, marker: null }, group.description),
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
    const ours: DescribedGroup = { description: row.description, marker: markerOf(row, group) };
    const description = followedDescription(ours, group.description);
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
}

/** The marker that the row's group was made with, where it still carries it. */
function markerOf({ uuid }: KnownGroup, { marker }: ImportedGroup): string | null {
  return marker?.uuid === uuid ? marker.text : null;
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
