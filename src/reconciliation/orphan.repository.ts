import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ResourceType } from '../operation/operation-state.js';
import type { MarkedObject } from './orphan-source.js';

/** When orphans were seen first: they are deleted on second sight only. Times are the database's. */
@Injectable()
export class OrphanRepository {
  /** Notes a sight of each object. */
  async see(manager: EntityManager, resourceType: ResourceType, objects: readonly MarkedObject[]): Promise<void> {
    for (const object of objects) {
      await manager.query(
        `INSERT INTO orphan (resource_type, openstack_id, project_openstack_id, uuid, first_seen_at, last_seen_at)
         VALUES (?, ?, ?, ?, NOW(3), NOW(3)) ON DUPLICATE KEY UPDATE last_seen_at = NOW(3)`,
        [resourceType, object.openstackId, object.projectOpenstackId, object.uuid],
      );
    }
  }

  /** Those of the objects that were first seen at least `ageMs` ago. */
  async seenSince(
    manager: EntityManager,
    resourceType: ResourceType,
    objects: readonly MarkedObject[],
    ageMs: number,
  ): Promise<readonly MarkedObject[]> {
    if (objects.length === 0) return [];
    const rows: { openstackId: string }[] = await manager.query(
      `SELECT openstack_id AS openstackId FROM orphan
        WHERE resource_type = ? AND openstack_id IN (?) AND first_seen_at <= NOW(3) - INTERVAL ? MICROSECOND`,
      [resourceType, objects.map((object) => object.openstackId), ageMs * 1000],
    );
    const old = new Set(rows.map((row) => row.openstackId));
    return objects.filter((object) => old.has(object.openstackId));
  }

  /** The object was what it seemed no more, or is gone: its next sight is a first one. */
  async forget(manager: EntityManager, resourceType: ResourceType, openstackId: string): Promise<void> {
    await manager.query('DELETE FROM orphan WHERE resource_type = ? AND openstack_id = ? AND deleted_at IS NULL', [
      resourceType,
      openstackId,
    ]);
  }

  async setDeleted(manager: EntityManager, resourceType: ResourceType, openstackId: string): Promise<void> {
    await manager.query('UPDATE orphan SET deleted_at = NOW(3) WHERE resource_type = ? AND openstack_id = ?', [
      resourceType,
      openstackId,
    ]);
  }

  /** Which of these rows an operation holds. */
  async lockedIds(
    manager: EntityManager,
    resourceType: ResourceType,
    ids: readonly number[],
  ): Promise<ReadonlySet<number>> {
    if (ids.length === 0) return new Set();
    const rows: { id: number }[] = await manager.query(
      'SELECT resource_id AS id FROM operation_lock WHERE resource_type = ? AND resource_id IN (?)',
      [resourceType, ids],
    );
    return new Set(rows.map((row) => row.id));
  }
}
