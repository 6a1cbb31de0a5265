import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export interface OpenOperations {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
  /** Since the oldest of them was asked for. */
  readonly oldestSeconds: number;
}

export interface LeaseEpoch {
  readonly name: string;
  readonly epoch: number;
  readonly isHeld: boolean;
}

export interface NewestSweep {
  readonly resourceTypes: readonly string[];
  readonly isComplete: boolean;
  readonly seconds: number;
  readonly ageSeconds: number;
}

const observedTables = ['server', 'volume', 'network_interface', 'floating_ip', 'security_group'] as const;

/** What only the tables know. Few rows come back, whatever the number of resources. */
@Injectable()
export class MetricsRepository {
  /** Those that are not final: by the index on state. */
  async openOperations(manager: EntityManager): Promise<readonly OpenOperations[]> {
    const rows: { kind: string; state: string; count: string | number; oldestSeconds: string | number }[] =
      await manager.query(
        `SELECT kind, state, COUNT(*) AS count, TIMESTAMPDIFF(MICROSECOND, MIN(created_at), NOW(3)) / 1000000 AS oldestSeconds
         FROM operation WHERE state IN ('QUEUED', 'RUNNING', 'NEEDS_ATTENTION') GROUP BY kind, state`,
      );
    return rows.map((row) => ({ ...row, count: Number(row.count), oldestSeconds: Number(row.oldestSeconds) }));
  }

  async orphans(manager: EntityManager): Promise<readonly { readonly type: string; readonly count: number }[]> {
    const rows: { type: string; count: string | number }[] = await manager.query(
      'SELECT resource_type AS type, COUNT(*) AS count FROM orphan WHERE deleted_at IS NULL GROUP BY resource_type',
    );
    return rows.map(({ type, count }) => ({ type, count: Number(count) }));
  }

  async leases(manager: EntityManager): Promise<readonly LeaseEpoch[]> {
    const rows: { name: string; epoch: number; isHeld: number }[] = await manager.query(
      'SELECT name, epoch, lease_until >= NOW(3) AS isHeld FROM lease',
    );
    return rows.map((row) => ({ ...row, isHeld: row.isHeld === 1 }));
  }

  /** How long ago the live row that was seen longest ago was seen in OpenStack, by type; types without such a row are left out. */
  async observedAges(manager: EntityManager): Promise<readonly { readonly type: string; readonly seconds: number }[]> {
    const parts = observedTables.map(
      (table) => `SELECT '${table}' AS type, MIN(observed_at) AS oldest FROM ${table} WHERE deleted_at IS NULL`,
    );
    const rows: { type: string; seconds: string | number | null }[] = await manager.query(
      `SELECT type, TIMESTAMPDIFF(MICROSECOND, oldest, NOW(3)) / 1000000 AS seconds FROM (${parts.join(' UNION ALL ')}) ages`,
    );
    return rows.flatMap(({ type, seconds }) => (seconds === null ? [] : [{ type, seconds: Number(seconds) }]));
  }

  /** The newest run that ended, of those over all projects; null before the first. */
  async newestSweep(manager: EntityManager): Promise<NewestSweep | null> {
    const rows: { resourceTypes: readonly string[]; isComplete: number; seconds: string; ageSeconds: string }[] =
      await manager.query(
        `SELECT resource_types AS resourceTypes, is_complete AS isComplete,
                TIMESTAMPDIFF(MICROSECOND, started_at, COALESCE(planned_at, finished_at)) / 1000000 AS seconds,
                TIMESTAMPDIFF(MICROSECOND, COALESCE(planned_at, finished_at), NOW(3)) / 1000000 AS ageSeconds
           FROM reconciliation_run
          WHERE state IN ('PLANNED', 'APPLYING', 'DONE') AND project_ids IS NULL AND started_at IS NOT NULL
            AND COALESCE(planned_at, finished_at) IS NOT NULL
          ORDER BY id DESC LIMIT 1`,
      );
    const row = rows[0];
    if (row === undefined) return null;
    return {
      resourceTypes: row.resourceTypes,
      isComplete: row.isComplete === 1,
      seconds: Number(row.seconds),
      ageSeconds: Number(row.ageSeconds),
    };
  }

  /** Of the newest run, by type and state. */
  async findings(
    manager: EntityManager,
  ): Promise<readonly { readonly type: string; readonly state: string; readonly count: number }[]> {
    const rows: { type: string; state: string; count: string | number }[] = await manager.query(
      `SELECT type, state, COUNT(*) AS count FROM reconciliation_finding
        WHERE run_id = (SELECT MAX(id) FROM reconciliation_run) GROUP BY type, state`,
    );
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }
}
