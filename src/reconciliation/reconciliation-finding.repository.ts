import { Injectable } from '@nestjs/common';
import { Brackets, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import type { ResourceType } from '../operation/operation-state.js';
import type { ApplyOutcome } from './reconciler.js';
import type { Finding, FindingDraft } from './finding.js';
import { ReconciliationFindingEntity } from './reconciliation-finding.entity.js';
import type { Choice } from './reconciliation-run.repository.js';

/** A door to the database for one look. */
type Reading = <T>(work: (manager: EntityManager) => Promise<T>) => Promise<T>;

/** What the runs found. */
@Injectable()
export class ReconciliationFindingRepository {
  /** `applied`: those of them that the transaction has carried out already. */
  async insertAll(
    tx: EntityManager,
    runId: number,
    findings: readonly FindingDraft[],
    applied: ReadonlySet<FindingDraft>,
  ): Promise<void> {
    if (findings.length === 0) return;
    const [{ now }]: [{ now: Date }] = await tx.query('SELECT NOW(3) AS now');
    const values = findings.map((finding) => [
      runId,
      finding.type,
      finding.resourceType,
      finding.resourceId,
      finding.openstackId,
      finding.projectId,
      finding.before === null ? null : JSON.stringify(finding.before),
      finding.after === null ? null : JSON.stringify(finding.after),
      finding.action,
      finding.allowed ? 1 : 0,
      applied.has(finding) ? 'APPLIED' : 'OPEN',
      finding.reason,
      JSON.stringify(finding.evidence),
      finding.firstSeenAt ?? now,
      applied.has(finding) ? now : null,
    ]);
    await tx.query(
      `INSERT INTO reconciliation_finding
         (run_id, type, resource_type, resource_id, openstack_id, project_id, before_facts, after_facts, action, is_allowed, state, reason,
          evidence, first_seen_at, applied_at) VALUES ?`,
      [values],
    );
  }

  /** All findings of a run in their order. */
  async *ofRun(read: Reading, runId: number): AsyncGenerator<Finding> {
    for await (const page of this.pagesOfRun(read, runId)) yield* page;
  }

  async *pagesOfRun(read: Reading, runId: number): AsyncGenerator<readonly Finding[]> {
    for (let after = 0; ;) {
      const page = await read((manager) => this.page(manager, runId, after));
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      after = last.id;
    }
  }

  /** The next findings that are to be applied: open, with an action, allowed or confirmed, and chosen. */
  async nextToApply(manager: EntityManager, runId: number, choice: Choice, after: number): Promise<readonly Finding[]> {
    const query = this.toApply(manager, runId, choice).andWhere('f.id > :after', { after });
    const rows = await query.orderBy('f.id').limit(100).getMany();
    return rows.map((row) => findingOf(row));
  }

  async countToApply(manager: EntityManager, runId: number, choice: Choice): Promise<number> {
    return this.toApply(manager, runId, choice).getCount();
  }

  async countApplied(manager: EntityManager, runId: number): Promise<number> {
    return manager.countBy(ReconciliationFindingEntity, { runId, state: 'APPLIED' });
  }

  /** When rows were first missed, by id: since the object was last seen. */
  async firstMissed(
    manager: EntityManager,
    resourceType: ResourceType,
    ids: readonly number[],
  ): Promise<ReadonlyMap<number, readonly { readonly firstSeenAt: Date; readonly createdAt: Date }[]>> {
    if (ids.length === 0) return new Map();
    const rows: { resourceId: number; firstSeenAt: Date; createdAt: Date }[] = await manager.query(
      `SELECT resource_id AS resourceId, first_seen_at AS firstSeenAt, created_at AS createdAt FROM reconciliation_finding
        WHERE resource_type = ? AND resource_id IN (?) AND type IN ('MISSING', 'MASS_MISSING', 'DELETED_OUTSIDE')
        ORDER BY first_seen_at`,
      [resourceType, ids],
    );
    const missed = new Map<number, { firstSeenAt: Date; createdAt: Date }[]>();
    for (const { resourceId, ...times } of rows) missed.set(resourceId, [...(missed.get(resourceId) ?? []), times]);
    return missed;
  }

  /** When objects were first reported as orphans, by OpenStack's id. */
  async firstOrphaned(
    manager: EntityManager,
    resourceType: ResourceType,
    openstackIds: readonly string[],
  ): Promise<ReadonlyMap<string, Date>> {
    if (openstackIds.length === 0) return new Map();
    const rows: { openstackId: string; firstSeenAt: Date }[] = await manager.query(
      `SELECT openstack_id AS openstackId, MIN(first_seen_at) AS firstSeenAt FROM reconciliation_finding
        WHERE resource_type = ? AND openstack_id IN (?) AND type = 'ORPHAN' GROUP BY openstack_id`,
      [resourceType, openstackIds],
    );
    return new Map(rows.map((row) => [row.openstackId, row.firstSeenAt]));
  }

  /** Why a finding might not be applied is no reason any more when it was. */
  async setOutcome(tx: EntityManager, id: number, outcome: ApplyOutcome): Promise<void> {
    if (outcome.state === 'APPLIED')
      await tx.query(
        `UPDATE reconciliation_finding SET state = 'APPLIED', reason = IF(is_allowed = 1, reason, NULL), applied_at = NOW(3) WHERE id = ?`,
        [id],
      );
    else
      await tx.query('UPDATE reconciliation_finding SET state = ?, reason = ?, applied_at = NULL WHERE id = ?', [
        ...[outcome.state, outcome.reason.slice(0, 500)],
        id,
      ]);
  }

  /**
   * Nothing of a run stays open that changes no more: `reason` is told of what could have been applied, the others keep the one why they
   * could not.
   */
  async skipRest(
    tx: EntityManager,
    runId: number,
    { reason, confirmsMassChange }: Pick<Choice, 'confirmsMassChange'> & { readonly reason: string },
  ): Promise<void> {
    await tx.query(
      `UPDATE reconciliation_finding
          SET state = 'SKIPPED', reason = IF(action IS NOT NULL AND (is_allowed = 1 OR (? = 1 AND type = 'MASS_MISSING')), ?,
                COALESCE(reason, IF(action IS NULL, 'nothing is to be done about it', 'it is not allowed')))
        WHERE run_id = ? AND state = 'OPEN'`,
      [confirmsMassChange ? 1 : 0, reason, runId],
    );
  }

  private toApply(
    manager: EntityManager,
    runId: number,
    { findingIds, confirmsMassChange }: Choice,
  ): SelectQueryBuilder<ReconciliationFindingEntity> {
    const query = manager
      .createQueryBuilder(ReconciliationFindingEntity, 'f')
      .where("f.runId = :runId AND f.state = 'OPEN' AND f.action IS NOT NULL", { runId })
      .andWhere(
        new Brackets((or) => {
          or.where('f.allowed = 1');
          if (confirmsMassChange) or.orWhere("f.type = 'MASS_MISSING'");
        }),
      );
    return findingIds === null ? query : query.andWhere('f.id IN (:...ids)', { ids: [0, ...findingIds] });
  }

  private async page(manager: EntityManager, runId: number, after: number): Promise<readonly Finding[]> {
    const rows = await manager
      .createQueryBuilder(ReconciliationFindingEntity, 'f')
      .where('f.runId = :runId AND f.id > :after', { runId, after })
      .orderBy('f.id')
      .limit(1_000)
      .getMany();
    return rows.map((row) => findingOf(row));
  }
}

export function findingOf({ evidence, ...row }: ReconciliationFindingEntity): Finding {
  return { ...row, evidence: evidence.map((one) => ({ ...one, seenAt: new Date(one.seenAt) })) };
}
