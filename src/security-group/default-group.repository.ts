import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ManagedProject } from '../reconciliation/reconciler.js';

/** Which projects' groups `default` are in the record. */
@Injectable()
export class DefaultGroupRepository {
  async projectsWithout(manager: EntityManager): Promise<readonly ManagedProject[]> {
    return manager.query(
      `SELECT p.id, p.openstack_id AS openstackId FROM project p
        WHERE p.deleted_at IS NULL AND p.enabled = 1 AND NOT EXISTS (
          SELECT 1 FROM security_group g WHERE g.project_id = p.id AND g.is_default = 1 AND g.deleted_at IS NULL)
        ORDER BY p.id`,
    );
  }

  async isKnown(manager: EntityManager, projectId: number): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      'SELECT 1 FROM security_group WHERE project_id = ? AND is_default = 1 AND deleted_at IS NULL LIMIT 1',
      [projectId],
    );
    return rows.length > 0;
  }
}
