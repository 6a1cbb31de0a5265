import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { MarkedTable } from './marked-rows.js';

/** Which rows a complete list should have shown. */
export interface ExpectedRows {
  readonly projectIds: readonly number[];
  /** Rows that were made, or seen, later than this are not judged. */
  readonly before: Date;
  /** The id at which the page before ended. */
  readonly after: number;
}

/** What reconciliation reads and writes of the rows of any type of resource; every other column is its feature's. */
@Injectable()
export class ReconciledRowRepository {
  async now(manager: EntityManager): Promise<Date> {
    const rows: { now: Date }[] = await manager.query('SELECT NOW(3) AS now');
    const row = rows[0];
    if (row === undefined) throw new Error('MySQL told no time');
    return row.now;
  }

  /** Up to 5,000 ids. */
  async expected(manager: EntityManager, table: MarkedTable, rows: ExpectedRows): Promise<readonly number[]> {
    const found: { id: number }[] = await manager.query(
      `SELECT id FROM ${table} WHERE id > ? AND deleted_at IS NULL AND openstack_id IS NOT NULL AND created_at < ?
          AND (observed_at IS NULL OR observed_at < ?) AND project_id IN (?) ORDER BY id LIMIT 5000`,
      [rows.after, rows.before, rows.before, rows.projectIds.length === 0 ? [0] : rows.projectIds],
    );
    return found.map((row) => row.id);
  }

  /** How many live rows with an object each project has. */
  async liveCounts(manager: EntityManager, table: MarkedTable): Promise<ReadonlyMap<number, number>> {
    const rows: { projectId: number; live: number }[] = await manager.query(
      `SELECT project_id AS projectId, COUNT(*) AS live FROM ${table}
        WHERE deleted_at IS NULL AND openstack_id IS NOT NULL GROUP BY project_id`,
    );
    return new Map(rows.map((row) => [row.projectId, row.live]));
  }

  /** Nobody else changes these rows, or begins an operation on them, until the caller's transaction ends. */
  async lock(tx: EntityManager, table: MarkedTable, ids: readonly number[]): Promise<void> {
    if (ids.length > 0) await tx.query(`SELECT id FROM ${table} WHERE id IN (?) ORDER BY id FOR UPDATE`, [ids]);
  }

  /**
   * Notes that the objects of these rows were seen as the rows say; `sentAt` is the database's time before they were asked for. Rows that
   * a later look or an operation holds stay as they are.
   */
  async confirm(tx: EntityManager, table: MarkedTable, ids: readonly number[], sentAt: Date): Promise<void> {
    if (ids.length === 0) return;
    await tx.query(
      `UPDATE ${table} r SET r.observed_at = ?, r.missing_since = NULL, r.updated_at = r.updated_at
        WHERE r.id IN (?) AND (r.observed_at IS NULL OR r.observed_at < ?) AND NOT EXISTS (
          SELECT 1 FROM operation_lock l WHERE l.resource_type = ? AND l.resource_id = r.id)`,
      [sentAt, ids, sentAt, table],
    );
  }

  /** After the row has taken over what was seen. */
  async setSeen(tx: EntityManager, table: MarkedTable, id: number, sentAt: Date): Promise<void> {
    await tx.query(`UPDATE ${table} SET observed_at = ?, missing_since = NULL, version = version + 1 WHERE id = ?`, [
      sentAt,
      id,
    ]);
  }

  async setMissing(tx: EntityManager, table: MarkedTable, id: number, since: Date): Promise<void> {
    await tx.query(`UPDATE ${table} SET missing_since = ?, version = version + 1 WHERE id = ?`, [since, id]);
  }

  /** A deleted row lives again. */
  async restore(tx: EntityManager, table: MarkedTable, id: number): Promise<void> {
    await tx.query(
      `UPDATE ${table} SET deleted_at = NULL, deleted_reason = NULL, missing_since = NULL, version = version + 1 WHERE id = ?`,
      [id],
    );
  }
}
