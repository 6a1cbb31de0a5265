import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import type { MarkedTable } from './marked-rows.js';
import { ReconciledRowRepository } from './reconciled-row.repository.js';
import { ReconciliationFindingRepository } from './reconciliation-finding.repository.js';

/** What every MarkedReconciler works with. */
@Injectable()
export class ReconcilerKit {
  /** How old the first sight of an orphan must be before it is deleted: a lost call may take effect until then; milliseconds. */
  readonly orphanAgeMs: number;

  constructor(
    config: Config,
    readonly database: Database,
    readonly transaction: Transaction,
    readonly rows: ReconciledRowRepository,
    readonly findings: ReconciliationFindingRepository,
    readonly projects: ManagedProjectRepository,
  ) {
    const { LEASE_MS, HTTP_TIMEOUT_MS, SETTLING_MS } = config.settings;
    this.orphanAgeMs = LEASE_MS + HTTP_TIMEOUT_MS + SETTLING_MS;
  }

  now(): Promise<Date> {
    return this.database.read((manager) => this.rows.now(manager));
  }

  read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.database.read(work);
  }

  /** Since when each of the rows is missed without a sight of it in between; those that were never missed are left out. */
  async missedSince(
    resourceType: MarkedTable,
    rows: readonly { readonly id: number; readonly observedAt: Date | null; readonly missingSince: Date | null }[],
  ): Promise<ReadonlyMap<number, Date>> {
    const ids = rows.filter((row) => row.missingSince === null).map((row) => row.id);
    const missed = await this.read((manager) => this.findings.firstMissed(manager, resourceType, ids));
    const since = new Map<number, Date>();
    for (const { id, observedAt, missingSince } of rows) {
      // What was missed before the last sight of the object counts no more.
      const first = missed.get(id)?.find(({ createdAt }) => observedAt === null || createdAt > observedAt);
      const when = missingSince ?? first?.firstSeenAt;
      if (when !== undefined) since.set(id, when);
    }
    return since;
  }
}
