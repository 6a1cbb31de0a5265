import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { OperationState, ResourceType } from '../operation/operation-state.js';
import type { RunState } from './reconciliation-run-state.js';

/** A loop that one replica at a time runs. */
export interface LeaseRow {
  readonly name: string;
  readonly owner: string | null;
  readonly epoch: number;
  readonly leaseUntil: Date;
  /** Null: never yet. */
  readonly completedAt: Date | null;
}

export interface WatermarkRow {
  readonly name: string;
  readonly seenUntil: Date;
}

export interface SweepRow {
  readonly id: number;
  readonly state: RunState;
  readonly isComplete: boolean;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface StuckOperationRow {
  readonly id: number;
  readonly kind: string;
  readonly state: OperationState;
  readonly resourceType: ResourceType;
  readonly resourceId: number;
  readonly createdAt: Date;
}

/** How the loops stand, by the database's clock. */
@Injectable()
export class ReconciliationStatusRepository {
  async now(manager: EntityManager): Promise<Date> {
    const [{ now }]: [{ now: Date }] = await manager.query('SELECT NOW(3) AS now');
    return now;
  }

  async leases(manager: EntityManager): Promise<readonly LeaseRow[]> {
    return manager.query(
      `SELECT name, IF(lease_until > NOW(3), owner, NULL) AS owner, epoch, lease_until AS leaseUntil, completed_at AS completedAt
         FROM lease ORDER BY name`,
    );
  }

  /** The newest sweep in the shape of a lease: whoever works on that run holds the loop. Null before the first. */
  async sweepLease(manager: EntityManager): Promise<LeaseRow | null> {
    const rows: LeaseRow[] = await manager.query(
      `SELECT 'sweep' AS name, IF(active_scope_key IS NOT NULL AND lease_until > NOW(3), lease_owner, NULL) AS owner, epoch,
              lease_until AS leaseUntil,
              (SELECT MAX(finished_at) FROM reconciliation_run WHERE origin = 'sweep' AND state = 'DONE') AS completedAt
         FROM reconciliation_run WHERE origin = 'sweep' ORDER BY id DESC LIMIT 1`,
    );
    return rows[0] ?? null;
  }

  async watermarks(manager: EntityManager): Promise<readonly WatermarkRow[]> {
    return manager.query('SELECT name, seen_until AS seenUntil FROM watermark ORDER BY name');
  }

  async lastSweep(manager: EntityManager): Promise<SweepRow | null> {
    const rows: (Omit<SweepRow, 'isComplete' | 'error'> & {
      readonly isComplete: number;
      readonly errorCode: string | null;
      readonly errorDetail: string | null;
    })[] = await manager.query(
      `SELECT id, state, is_complete AS isComplete, started_at AS startedAt, finished_at AS finishedAt, error_code AS errorCode,
              error_detail AS errorDetail FROM reconciliation_run WHERE origin = 'sweep' ORDER BY id DESC LIMIT 1`,
    );
    return (
      rows.map(({ isComplete, errorCode, errorDetail, ...row }) => ({
        ...row,
        isComplete: isComplete === 1,
        error: errorCode === null ? null : { code: errorCode, message: errorDetail ?? '' },
      }))[0] ?? null
    );
  }

  async oldestStuckOperation(manager: EntityManager): Promise<StuckOperationRow | null> {
    const rows: StuckOperationRow[] = await manager.query(
      `SELECT id, kind, state, resource_type AS resourceType, resource_id AS resourceId, created_at AS createdAt
         FROM operation WHERE state = 'NEEDS_ATTENTION' ORDER BY id LIMIT 1`,
    );
    return rows[0] ?? null;
  }
}
