import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PlannedProject } from './reconciler.js';

@Injectable()
export class ManagedProjectRepository {
  /** Live projects, of these ids of ours or all. */
  async find(manager: EntityManager, ids: readonly number[] | null): Promise<readonly PlannedProject[]> {
    const rows: PlannedProject[] = await manager.query(
      `SELECT id, openstack_id AS openstackId, enabled AS isEnabled FROM project
        WHERE deleted_at IS NULL AND (? OR id IN (?)) ORDER BY id`,
      [ids === null ? 1 : 0, ids === null || ids.length === 0 ? [0] : ids],
    );
    return rows;
  }

  /** Whether something new may come under it; it stays so until the caller's transaction ends. */
  async isOpen(tx: EntityManager, id: number): Promise<boolean> {
    const rows: unknown[] = await tx.query(
      'SELECT id FROM project WHERE id = ? AND deleted_at IS NULL AND enabled = 1 FOR SHARE',
      [id],
    );
    return rows.length > 0;
  }
}
