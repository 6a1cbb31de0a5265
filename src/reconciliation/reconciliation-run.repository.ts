import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MetricRegistry, type Counter } from '../common/metrics.js';
import { duplicateKey } from '../database/database-errors.js';
import { Replica } from '../database/replica.js';
import { ReconciliationRunEntity } from './reconciliation-run.entity.js';
import { scopeKeyOf, type RunMode, type RunOrigin, type RunScope, type RunState } from './reconciliation-run-state.js';

export interface NewRun extends RunScope {
  readonly origin: RunOrigin;
  readonly mode: RunMode;
  readonly maxChanges: number | null;
  readonly requestedBy: number | null;
}

/** A run of the same scope is under way. */
export class ScopeBusy extends Error {
  constructor(readonly runId: number) {
    super(`reconciliation ${String(runId)} of the same scope is under way`);
  }
}

/** The run was cancelled, or another replica took it over; whoever sees this stops at once. */
export class RunLost extends Error {}

/** A claim on a run: every write of it names it. */
export interface RunHolding {
  readonly runId: number;
  readonly epoch: number;
}

/** What is applied of a plan. */
export interface Choice {
  /** Null: all that are allowed. */
  readonly findingIds: readonly number[] | null;
  readonly confirmsMassChange: boolean;
}

/** Runs of reconciliation as they are worked on. Times are the database's. */
@Injectable()
export class ReconciliationRunRepository {
  private readonly fencedWrites: Counter;

  constructor(
    private readonly replica: Replica,
    metrics: MetricRegistry,
  ) {
    this.fencedWrites = metrics.counter({
      name: 'cloud_api_reconciliation_fenced_writes_total',
      help: 'Writes of reconciliations that were refused because the run was cancelled or taken over by another replica.',
    });
  }

  /**
   * Inserts a run that any replica may begin at once; returns its id.
   *
   * @throws ScopeBusy naming the run of the same scope that is under way
   */
  async insert(tx: EntityManager, run: NewRun): Promise<number> {
    const scopeKey = scopeKeyOf(run.origin, run);
    try {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO reconciliation_run (origin, mode, scope_key, project_ids, resource_types, max_changes, requested_by, lease_until)
         VALUES (?, ?, ?, ?, ?, ?, ?, NOW(3) - INTERVAL 1 SECOND)`,
        [
          run.origin,
          run.mode,
          scopeKey,
          run.projectIds === null ? null : JSON.stringify(run.projectIds),
          JSON.stringify(run.resourceTypes),
          run.maxChanges,
          run.requestedBy,
        ],
      );
      return result.insertId;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      const rows: { id: number }[] = await tx.query('SELECT id FROM reconciliation_run WHERE active_scope_key = ?', [
        scopeKey,
      ]);
      throw new ScopeBusy(rows[0]?.id ?? 0);
    }
  }

  async find(manager: EntityManager, id: number): Promise<ReconciliationRunEntity | null> {
    return manager.findOneBy(ReconciliationRunEntity, { id });
  }

  /** Nobody else changes its state until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, id: number): Promise<ReconciliationRunEntity | null> {
    return tx.findOne(ReconciliationRunEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /** Whether a later plan of the same scope exists. */
  async isNewest(manager: EntityManager, { id, scopeKey }: ReconciliationRunEntity): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      "SELECT 1 FROM reconciliation_run WHERE scope_key = ? AND id > ? AND state <> 'CANCELLED' LIMIT 1",
      [scopeKey, id],
    );
    return rows.length === 0;
  }

  /**
   * Lets any replica begin to apply a plan.
   *
   * @throws ScopeBusy naming the run of the same scope that is under way
   */
  async setApplying(tx: EntityManager, run: ReconciliationRunEntity, choice: Choice): Promise<void> {
    try {
      await tx.query(
        `UPDATE reconciliation_run SET state = 'APPLYING', finished_at = NULL, chosen_finding_ids = ?, confirms_mass_change = ?,
                lease_until = NOW(3) - INTERVAL 1 SECOND WHERE id = ? AND state = 'PLANNED'`,
        [
          choice.findingIds === null ? null : JSON.stringify(choice.findingIds),
          choice.confirmsMassChange ? 1 : 0,
          run.id,
        ],
      );
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      const rows: { id: number }[] = await tx.query('SELECT id FROM reconciliation_run WHERE active_scope_key = ?', [
        run.scopeKey,
      ]);
      throw new ScopeBusy(rows[0]?.id ?? 0);
    }
  }

  /** Runs that could be claimed now. A look only: nothing is locked. */
  async findDue(manager: EntityManager): Promise<readonly number[]> {
    const rows: { id: number }[] = await manager.query(
      "SELECT id FROM reconciliation_run WHERE state IN ('PLANNING', 'APPLYING') AND lease_until < NOW(3) ORDER BY id LIMIT 10",
    );
    return rows.map((row) => row.id);
  }

  /** Null when another replica was quicker. */
  async claim(manager: EntityManager, runId: number, ttlMs: number): Promise<RunHolding | null> {
    const result: { affectedRows: number } = await manager.query(
      `UPDATE reconciliation_run SET lease_owner = ?, epoch = epoch + 1, started_at = COALESCE(started_at, NOW(3)),
              lease_until = NOW(3) + INTERVAL ? MICROSECOND
        WHERE id = ? AND state IN ('PLANNING', 'APPLYING') AND lease_until < NOW(3)`,
      [this.replica.id, ttlMs * 1000, runId],
    );
    if (result.affectedRows !== 1) return null;
    const rows: { epoch: number }[] = await manager.query(
      'SELECT epoch FROM reconciliation_run WHERE id = ? AND lease_owner = ?',
      [runId, this.replica.id],
    );
    const row = rows[0];
    return row === undefined ? null : { runId, epoch: row.epoch };
  }

  /**
   * Renews the claim as a part of the caller's transaction: its other writes count only if the run is still ours and not cancelled.
   *
   * @throws RunLost
   */
  async fence(tx: EntityManager, holding: RunHolding, ttlMs: number, pages = 0): Promise<void> {
    const result: { affectedRows: number } = await tx.query(
      `UPDATE reconciliation_run SET lease_until = NOW(3) + INTERVAL ? MICROSECOND, pages = pages + ?
        WHERE id = ? AND lease_owner = ? AND epoch = ? AND state IN ('PLANNING', 'APPLYING')`,
      [ttlMs * 1000, pages, holding.runId, this.replica.id, holding.epoch],
    );
    if (result.affectedRows === 1) return;
    this.fencedWrites.add({});
    throw new RunLost(`reconciliation ${String(holding.runId)} is not ours any more`);
  }

  /** A replica that takes over a plan begins it anew. */
  async resetPlan(tx: EntityManager, runId: number): Promise<void> {
    await tx.query('DELETE FROM reconciliation_finding WHERE run_id = ?', [runId]);
    await tx.query('UPDATE reconciliation_run SET pages = 0, is_complete = 1 WHERE id = ?', [runId]);
  }

  async setIncomplete(tx: EntityManager, runId: number): Promise<void> {
    await tx.query('UPDATE reconciliation_run SET is_complete = 0 WHERE id = ?', [runId]);
  }

  /** A dry run waits to be applied; the others go on at once. */
  async setPlanned(tx: EntityManager, run: ReconciliationRunEntity, planHash: string): Promise<void> {
    const state: RunState = run.mode === 'dry_run' ? 'PLANNED' : 'APPLYING';
    await tx.query('UPDATE reconciliation_run SET state = ?, plan_hash = ?, planned_at = NOW(3) WHERE id = ?', [
      state,
      planHash,
      run.id,
    ]);
    if (state === 'PLANNED')
      await tx.query('UPDATE reconciliation_run SET finished_at = NOW(3) WHERE id = ?', [run.id]);
  }

  async finish(
    tx: EntityManager,
    runId: number,
    state: 'DONE' | 'FAILED' | 'CANCELLED',
    error: { readonly code: string; readonly detail: string } | null,
  ): Promise<void> {
    await tx.query(
      'UPDATE reconciliation_run SET state = ?, error_code = ?, error_detail = ?, finished_at = NOW(3) WHERE id = ?',
      [state, error?.code ?? null, error?.detail.slice(0, 1000) ?? null, runId],
    );
  }

  /** Whether a sweep began in the last `everyMs`, or is under way. */
  async hasRecentSweep(manager: EntityManager, everyMs: number): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT 1 FROM reconciliation_run WHERE origin = 'sweep'
          AND (created_at > NOW(3) - INTERVAL ? MICROSECOND OR active_scope_key IS NOT NULL) LIMIT 1`,
      [everyMs * 1000],
    );
    return rows.length > 0;
  }

  /** Whether the newest sweep missed objects, and it is so long ago that another one may believe it. */
  async hasMissedLongAgo(manager: EntityManager, graceMs: number): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT 1 FROM (SELECT id, planned_at FROM reconciliation_run WHERE origin = 'sweep' ORDER BY id DESC LIMIT 1) newest
        WHERE newest.planned_at <= NOW(3) - INTERVAL ? MICROSECOND
          AND EXISTS (SELECT 1 FROM reconciliation_finding f WHERE f.run_id = newest.id AND f.type = 'MISSING')`,
      [graceMs * 1000],
    );
    return rows.length > 0;
  }

  /** Forgets sweeps, with their findings, that are older than the newest ten and than a day. Those of people stay. */
  async forgetOldSweeps(tx: EntityManager): Promise<void> {
    await tx.query(
      `DELETE r FROM reconciliation_run r
         JOIN (SELECT id FROM reconciliation_run WHERE origin = 'sweep' ORDER BY id DESC LIMIT 100 OFFSET 10) old ON old.id = r.id
        WHERE r.created_at < NOW(3) - INTERVAL 1 DAY AND r.active_scope_key IS NULL`,
    );
  }
}
