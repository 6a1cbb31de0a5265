import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ManagedProject } from './reconciler.js';

@Injectable()
export class ManagedProjectRepository {
  /** Live projects, of these ids of ours or all. */
  async find(manager: EntityManager, ids: readonly number[] | null): Promise<readonly ManagedProject[]> {
    const rows: ManagedProject[] = await manager.query(
      `SELECT id, openstack_id AS openstackId FROM project WHERE deleted_at IS NULL AND (? OR id IN (?)) ORDER BY id`,
      [ids === null ? 1 : 0, ids === null || ids.length === 0 ? [0] : ids],
    );
    return rows;
  }
}
