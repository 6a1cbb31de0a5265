import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MetricRegistry, type Counter } from '../common/metrics.js';
import { Database } from './database.js';
import { Replica } from './replica.js';

export interface LeaseOptions {
  /** How long the lease lasts without a renewal; milliseconds. */
  readonly ttlMs: number;
  /** The work is not begun when any replica completed it less than this long ago; milliseconds. */
  readonly everyMs: number;
}

/** Another replica took the lease over; whoever sees this stops at once. */
export class LeaseLost extends Error {}

/** What the holder of a lease can do with it. `epoch` grows with each holder. */
export class HeldLease {
  constructor(
    private readonly database: Database,
    private readonly owner: string,
    readonly name: string,
    readonly epoch: number,
    private readonly ttlMs: number,
    private readonly onLost: () => void,
  ) {}

  /** @throws LeaseLost */
  async renew(): Promise<void> {
    await this.database.read((manager) => this.fence(manager));
  }

  /**
   * Renews as a part of the caller's transaction: its other writes count only if the lease is still held.
   *
   * @throws LeaseLost
   */
  async fence(manager: EntityManager): Promise<void> {
    const result: { affectedRows: number } = await manager.query(
      'UPDATE lease SET lease_until = NOW(3) + INTERVAL ? MICROSECOND WHERE name = ? AND owner = ? AND epoch = ?',
      [this.ttlMs * 1000, this.name, this.owner, this.epoch],
    );
    if (result.affectedRows === 1) return;
    this.onLost();
    throw new LeaseLost(`the lease ${this.name} is held by another replica`);
  }
}

/** Leases on whole loops, held by one replica at a time and fenced by an epoch. Times are the database's. */
@Injectable()
export class LeaseService {
  private readonly fencedWrites: Counter;

  constructor(
    private readonly database: Database,
    private readonly replica: Replica,
    metrics: MetricRegistry,
  ) {
    this.fencedWrites = metrics.counter({
      name: 'cloud_api_lease_fenced_writes_total',
      help: 'Writes of loops that were refused because another replica had taken the lease.',
    });
  }

  /**
   * Runs `work` if this replica gets the lease and it is due. Returns whether it ran to its end; an error of `work` is
   * thrown, after the lease was freed.
   */
  async withLease(name: string, options: LeaseOptions, work: (lease: HeldLease) => Promise<void>): Promise<boolean> {
    const lease = await this.acquire(name, options);
    if (lease === null) return false;
    let completed = false;
    try {
      await work(lease);
      completed = true;
    } catch (error) {
      if (error instanceof LeaseLost) return false;
      throw error;
    } finally {
      await this.release(lease, completed);
    }
    return true;
  }

  private async acquire(name: string, { ttlMs, everyMs }: LeaseOptions): Promise<HeldLease | null> {
    return this.database.read(async (manager) => {
      await manager.query('INSERT IGNORE INTO lease (name, lease_until) VALUES (?, NOW(3) - INTERVAL 1 SECOND)', [
        name,
      ]);
      const result: { affectedRows: number } = await manager.query(
        `UPDATE lease SET owner = ?, epoch = epoch + 1, lease_until = NOW(3) + INTERVAL ? MICROSECOND
          WHERE name = ? AND lease_until < NOW(3)
            AND (completed_at IS NULL OR completed_at <= NOW(3) - INTERVAL ? MICROSECOND)`,
        [this.replica.id, ttlMs * 1000, name, everyMs * 1000],
      );
      if (result.affectedRows !== 1) return null;
      const rows: { epoch: number }[] = await manager.query('SELECT epoch FROM lease WHERE name = ? AND owner = ?', [
        name,
        this.replica.id,
      ]);
      const row = rows[0];
      const onLost = (): void => {
        this.fencedWrites.add({});
      };
      return row === undefined ? null : new HeldLease(this.database, this.replica.id, name, row.epoch, ttlMs, onLost);
    });
  }

  private async release(lease: HeldLease, completed: boolean): Promise<void> {
    await this.database.read((manager) =>
      manager.query(
        `UPDATE lease SET lease_until = NOW(3) - INTERVAL 1 SECOND, completed_at = IF(?, NOW(3), completed_at)
          WHERE name = ? AND owner = ? AND epoch = ?`,
        [completed, lease.name, this.replica.id, lease.epoch],
      ),
    );
  }
}
