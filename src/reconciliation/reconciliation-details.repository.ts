import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ResourceType } from '../operation/operation-state.js';
import type { Finding } from './finding.js';
import type { FindingState, FindingType } from './finding-kind.js';
import { ReconciliationFindingEntity } from './reconciliation-finding.entity.js';
import { findingOf } from './reconciliation-finding.repository.js';
import { ReconciliationRunEntity } from './reconciliation-run.entity.js';
import type { RunMode, RunOrigin, RunState } from './reconciliation-run-state.js';

/** A run as every route shows it. */
export interface ReconciliationDetails {
  readonly id: number;
  readonly origin: RunOrigin;
  readonly mode: RunMode;
  readonly state: RunState;
  readonly projectIds: readonly number[] | null;
  readonly resourceTypes: readonly ResourceType[];
  readonly maxChanges: number | null;
  readonly planHash: string | null;
  readonly isComplete: boolean;
  /** How many findings there are of each type that was found. */
  readonly counts: Readonly<Partial<Record<FindingType, number>>>;
  /** How many findings are in each state. */
  readonly outcomes: Readonly<Partial<Record<FindingState, number>>>;
  /** The newest run of the scope, for a plan that is not it; null for what is no plan that waits. */
  readonly supersededBy: number | null;
  readonly pages: number;
  readonly requestedBy: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly plannedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface ReconciliationFilter {
  readonly state: RunState | null;
  readonly mode: RunMode | null;
  readonly origin: RunOrigin | null;
  /** The id of the last row of the page before. */
  readonly after: number | null;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

export interface FindingFilter {
  readonly type: FindingType | null;
  readonly state: FindingState | null;
  readonly resourceType: ResourceType | null;
  readonly projectId: number | null;
  readonly allowed: boolean | null;
  readonly after: number | null;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

interface Counted {
  readonly runId: number;
  readonly type: FindingType;
  readonly state: FindingState;
  readonly count: number;
}

/** Runs with their counts, and findings, as administrators look for them. */
@Injectable()
export class ReconciliationDetailsRepository {
  async find(manager: EntityManager, id: number): Promise<ReconciliationDetails | null> {
    const run = await manager.findOneBy(ReconciliationRunEntity, { id });
    return run === null ? null : ((await this.withCounts(manager, [run]))[0] ?? null);
  }

  async list(manager: EntityManager, filter: ReconciliationFilter): Promise<readonly ReconciliationDetails[]> {
    const query = manager.createQueryBuilder(ReconciliationRunEntity, 'r');
    if (filter.state !== null) query.andWhere('r.state = :state', { state: filter.state });
    if (filter.mode !== null) query.andWhere('r.mode = :mode', { mode: filter.mode });
    if (filter.origin !== null) query.andWhere('r.origin = :origin', { origin: filter.origin });
    if (filter.after !== null)
      query.andWhere(`r.id ${filter.order === 'asc' ? '>' : '<'} :after`, { after: filter.after });
    const runs = await query
      .orderBy('r.id', filter.order === 'asc' ? 'ASC' : 'DESC')
      .limit(filter.limit)
      .getMany();
    return this.withCounts(manager, runs);
  }

  async listFindings(manager: EntityManager, runId: number, filter: FindingFilter): Promise<readonly Finding[]> {
    const query = manager.createQueryBuilder(ReconciliationFindingEntity, 'f').where('f.runId = :runId', { runId });
    if (filter.type !== null) query.andWhere('f.type = :type', { type: filter.type });
    if (filter.state !== null) query.andWhere('f.state = :state', { state: filter.state });
    if (filter.resourceType !== null)
      query.andWhere('f.resourceType = :resourceType', { resourceType: filter.resourceType });
    if (filter.projectId !== null) query.andWhere('f.projectId = :projectId', { projectId: filter.projectId });
    if (filter.allowed !== null) query.andWhere('f.allowed = :allowed', { allowed: filter.allowed ? 1 : 0 });
    if (filter.after !== null)
      query.andWhere(`f.id ${filter.order === 'asc' ? '>' : '<'} :after`, { after: filter.after });
    const rows = await query
      .orderBy('f.id', filter.order === 'asc' ? 'ASC' : 'DESC')
      .limit(filter.limit)
      .getMany();
    return rows.map((row) => findingOf(row));
  }

  /** Those of these findings that the run has. */
  async findChosen(manager: EntityManager, runId: number, ids: readonly number[]): Promise<readonly Finding[]> {
    if (ids.length === 0) return [];
    const rows = await manager
      .createQueryBuilder(ReconciliationFindingEntity, 'f')
      .where('f.runId = :runId AND f.id IN (:...ids)', { runId, ids })
      .getMany();
    return rows.map((row) => findingOf(row));
  }

  /** The newest run of a scope; the plan of an older one is not applied any more. */
  async newestOfScope(manager: EntityManager, scopeKey: string): Promise<number | null> {
    const rows: { id: number }[] = await manager.query(
      "SELECT id FROM reconciliation_run WHERE scope_key = ? AND state <> 'CANCELLED' ORDER BY id DESC LIMIT 1",
      [scopeKey],
    );
    return rows[0]?.id ?? null;
  }

  private async withCounts(
    manager: EntityManager,
    runs: readonly ReconciliationRunEntity[],
  ): Promise<readonly ReconciliationDetails[]> {
    if (runs.length === 0) return [];
    const ids = runs.map(({ id }) => id);
    const counted: Counted[] = await manager.query(
      `SELECT run_id AS runId, type, state, COUNT(*) AS count FROM reconciliation_finding
        WHERE run_id IN (?) GROUP BY run_id, type, state`,
      [ids],
    );
    const newest: { id: number; newestId: number | null }[] = await manager.query(
      `SELECT r.id, (SELECT MAX(n.id) FROM reconciliation_run n
                      WHERE n.scope_key = r.scope_key AND n.id > r.id AND n.state <> 'CANCELLED') AS newestId
         FROM reconciliation_run r WHERE r.id IN (?) AND r.state = 'PLANNED'`,
      [ids],
    );
    const newestOf = new Map(newest.map(({ id, newestId }) => [id, newestId]));
    return runs.map((run) => detailsOf(run, counted, newestOf.get(run.id) ?? null));
  }
}

function summed<Key extends string>(
  counted: readonly Counted[],
  keyOf: (one: Counted) => Key,
): Readonly<Partial<Record<Key, number>>> {
  const sums: Partial<Record<Key, number>> = {};
  for (const one of counted) sums[keyOf(one)] = (sums[keyOf(one)] ?? 0) + one.count;
  return sums;
}

function detailsOf(
  run: ReconciliationRunEntity,
  counted: readonly Counted[],
  supersededBy: number | null,
): ReconciliationDetails {
  const { errorCode, errorDetail } = run;
  const own = counted.filter(({ runId }) => runId === run.id);
  return {
    id: run.id,
    origin: run.origin,
    mode: run.mode,
    state: run.state,
    projectIds: run.projectIds,
    resourceTypes: run.resourceTypes,
    maxChanges: run.maxChanges,
    planHash: run.planHash,
    isComplete: run.isComplete,
    counts: summed(own, ({ type }) => type),
    outcomes: summed(own, ({ state }) => state),
    supersededBy,
    pages: run.pages,
    requestedBy: run.requestedBy,
    error: errorCode === null ? null : { code: errorCode, message: errorDetail ?? '' },
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    plannedAt: run.plannedAt,
    finishedAt: run.finishedAt,
  };
}
