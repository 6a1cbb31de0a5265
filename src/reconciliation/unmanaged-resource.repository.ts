import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Facts } from './finding-kind.js';
import type { MarkedTable } from './marked-rows.js';

export const unmanagedTypes = [
  'server',
  'volume',
  'network_interface',
  'floating_ip',
  'security_group',
] as const satisfies readonly MarkedTable[];

/** An object of OpenStack's in a project of ours that was not made here. */
export interface UnmanagedResource {
  /** Of the finding. */
  readonly id: number;
  readonly type: MarkedTable;
  readonly openstackId: string;
  readonly projectId: number;
  readonly name: string | null;
  readonly reconciliationId: number;
  readonly firstSeenAt: Date;
  readonly seenAt: Date;
}

export interface UnmanagedResourceFilter {
  readonly type: MarkedTable | null;
  readonly projectId: number | null;
  /** The finding of the last row of the page before. */
  readonly after: number | null;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

interface Row extends Omit<UnmanagedResource, 'name'> {
  readonly after: Facts | null;
}

/** What the newest complete comparisons found of that kind, as far as it has no row by now. */
@Injectable()
export class UnmanagedResourceRepository {
  async list(manager: EntityManager, filter: UnmanagedResourceFilter): Promise<readonly UnmanagedResource[]> {
    const types = filter.type === null ? unmanagedTypes : [filter.type];
    const runs = await Promise.all(
      types.map(async (type) => ({ type, runId: await this.newestRun(manager, type, filter.projectId) })),
    );
    const covered = runs.filter((run) => run.runId !== null);
    if (covered.length === 0) return [];
    const conditions = covered.map(
      ({ type }) => `(f.resource_type = ? AND f.run_id = ?
        AND NOT EXISTS (SELECT 1 FROM ${type} r WHERE r.openstack_id = f.openstack_id AND r.deleted_at IS NULL))`,
    );
    const rows: Row[] = await manager.query(
      `SELECT f.id, f.resource_type AS type, f.openstack_id AS openstackId, f.project_id AS projectId, f.after_facts AS after,
              f.run_id AS reconciliationId, f.first_seen_at AS firstSeenAt, f.created_at AS seenAt
         FROM reconciliation_finding f
        WHERE f.run_id IN (?) AND f.type = 'UNMANAGED' AND f.openstack_id IS NOT NULL AND f.project_id IS NOT NULL AND (${conditions.join(' OR ')})
          AND (? OR f.project_id = ?) AND (? OR f.id ${filter.order === 'asc' ? '>' : '<'} ?)
        ORDER BY f.id ${filter.order === 'asc' ? 'ASC' : 'DESC'} LIMIT ?`,
      [
        covered.map(({ runId }) => runId),
        ...covered.flatMap(({ type, runId }) => [type, runId]),
        ...[filter.projectId === null ? 1 : 0, filter.projectId ?? 0],
        ...[filter.after === null ? 1 : 0, filter.after ?? 0],
        filter.limit,
      ],
    );
    return rows.map(({ after, ...row }) => ({
      ...row,
      name: typeof after?.['name'] === 'string' ? after['name'] : null,
    }));
  }

  /** The newest plan that read all of the lists of a type, over every project or at least the one that is asked about. */
  private async newestRun(manager: EntityManager, type: MarkedTable, projectId: number | null): Promise<number | null> {
    const rows: { id: number }[] = await manager.query(
      `SELECT id FROM reconciliation_run
        WHERE planned_at IS NOT NULL AND is_complete = 1 AND JSON_CONTAINS(resource_types, JSON_QUOTE(?))
          AND (project_ids IS NULL OR JSON_CONTAINS(project_ids, CAST(? AS JSON)))
        ORDER BY id DESC LIMIT 1`,
      [type, JSON.stringify(projectId ?? -1)],
    );
    return rows[0]?.id ?? null;
  }
}
