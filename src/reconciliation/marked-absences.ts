import type { AnswerWatch } from './answer-watch.js';
import type { Evidence, FindingDraft } from './finding.js';
import { incompleteView } from './incomplete-view.js';
import { isMassMissing, judgeAbsence } from './judgement.js';
import { projectOf, whyNot, type MarkedLook } from './marked-look.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import type { PlanContext, PlannedPage } from './reconciler.js';
import type { ReconcilerKit } from './reconciler-kit.js';

/** Absences of one run that are checked one by one; beyond that only what is applied is. */
const mostChecks = 200;
const rowsAtOnce = 500;

/** A list that was read to its end. */
export interface AbsenceSearch {
  readonly startedAt: Date;
  readonly seenIds: ReadonlySet<number>;
  /** How many objects the whole list had. */
  readonly objects: number;
  readonly watch: AnswerWatch;
}

/** Judges the rows whose objects a complete list did not show. */
export class MarkedAbsences<Row extends ReconciledRow, Seen extends SeenObject, Context> {
  constructor(
    private readonly resource: MarkedResource<Row, Seen, Context>,
    private readonly kit: ReconcilerKit,
    private readonly look: MarkedLook<Row, Seen, Context>,
  ) {}

  async *plan(
    { startedAt, seenIds, objects, watch }: AbsenceSearch,
    context: PlanContext,
  ): AsyncGenerator<PlannedPage> {
    const missing = await this.missingIds(startedAt, seenIds, context);
    if (missing.length === 0) return;
    if (objects === 0) {
      const reason = `The list is empty over all projects, while the record has ${String(missing.length)}: nothing is believed of it.`;
      yield {
        findings: [incompleteView(this.resource.resourceType, reason, watch.evidence(startedAt))],
        complete: false,
        write: null,
      };
      return;
    }
    const live = await this.kit.read((manager) => this.kit.rows.liveCounts(manager, this.resource.resourceType));
    const rows = await this.absentRows(missing);
    const share = new Map<number, number>();
    for (const { projectId } of rows) share.set(projectId, (share.get(projectId) ?? 0) + 1);
    const listed = watch.evidence(startedAt);
    let checks = 0;
    for (let start = 0; start < rows.length; start += rowsAtOnce) {
      const chunk = rows.slice(start, start + rowsAtOnce);
      const since = await this.kit.missedSince(this.resource.resourceType, chunk);
      const findings: FindingDraft[] = [];
      for (const row of chunk) {
        let evidence = listed;
        if (checks < mostChecks) {
          checks += 1;
          const checked = await this.isGone(row, watch, context);
          if (!checked) continue;
          evidence = [...listed, ...watch.evidence(startedAt)];
        }
        const counts = { missing: share.get(row.projectId) ?? 0, live: live.get(row.projectId) ?? 0 };
        findings.push(
          judgeAbsence({
            resourceType: this.resource.resourceType,
            row,
            isMass: isMassMissing(counts, context.policies),
            firstSeenAt: since.get(row.id) ?? startedAt,
            now: row.readAt,
            evidence,
            policies: context.policies,
          }),
        );
      }
      yield { findings, complete: true, write: null };
    }
  }

  /** A look at one object that says 404: the row is marked, as a sweep would. */
  async markMissing(
    row: Row,
    sentAt: Date,
    evidence: readonly Evidence[],
    context: PlanContext,
  ): Promise<readonly FindingDraft[]> {
    const { resourceType } = this.resource;
    const finding = judgeAbsence({
      resourceType,
      row,
      isMass: false,
      firstSeenAt: row.missingSince ?? sentAt,
      now: sentAt,
      evidence,
      policies: context.policies,
    });
    if (row.missingSince !== null) return [finding];
    return this.kit.transaction.run(async (tx) => {
      const locked = await this.look.lockedRow(tx, row.id);
      if (locked === null || whyNot(locked, row.openstackId ?? '', sentAt) !== null) return [];
      await this.kit.rows.setMissing(tx, resourceType, row.id, sentAt);
      return [finding];
    });
  }

  private async missingIds(
    startedAt: Date,
    seenIds: ReadonlySet<number>,
    context: PlanContext,
  ): Promise<readonly number[]> {
    const projectIds = [...context.projects.values()].map(({ id }) => id);
    const missing: number[] = [];
    for (let after = 0; ;) {
      const ids = await this.kit.read((manager) =>
        this.kit.rows.expected(manager, this.resource.resourceType, { projectIds, before: startedAt, after }),
      );
      missing.push(...ids.filter((id) => !seenIds.has(id)));
      const last = ids.at(-1);
      if (last === undefined) return missing;
      after = last;
    }
  }

  private async absentRows(ids: readonly number[]): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (let start = 0; start < ids.length; start += rowsAtOnce) {
      const chunk = ids.slice(start, start + rowsAtOnce);
      rows.push(...(await this.kit.read((manager) => this.resource.rows(manager, { by: 'ids', ids: chunk }))));
    }
    return rows.filter((row) => row.isDeleted === 0 && row.operationId === null && row.openstackId !== null);
  }

  /** Whether a look at the object itself says that it is not there. @throws OpenStackError when that cannot be told */
  private async isGone(row: ReconciledRow, watch: AnswerWatch, context: PlanContext): Promise<boolean> {
    if (row.openstackId === null) return false;
    const project = projectOf(row, context);
    if (project === null) return false;
    return (await this.look.object(watch, row.openstackId)) === null;
  }
}
