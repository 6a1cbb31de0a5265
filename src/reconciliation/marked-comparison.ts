import type { EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import type { AnswerWatch } from './answer-watch.js';
import type { Evidence, FindingDraft } from './finding.js';
import { incompleteView } from './incomplete-view.js';
import { judgeMoved, judgePair, judgeStray } from './judgement.js';
import { whyNot } from './marked-look.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import type { PlanContext, PlannedPage, PlannedProject } from './reconciler.js';
import type { ReconcilerKit } from './reconciler-kit.js';

/** A page of a list with the rows of its objects. */
export interface Compared<Row, Seen> {
  readonly sentAt: Date;
  readonly evidence: readonly Evidence[];
  readonly findings: readonly FindingDraft[];
  /** Live rows whose object is there, whatever it says. */
  readonly seenIds: readonly number[];
  /** Rows that say what OpenStack says. */
  readonly sameIds: readonly number[];
  /** By the row's id. */
  readonly pairs: ReadonlyMap<number, { readonly row: Row; readonly seen: Seen }>;
  readonly complete: boolean;
  readonly readAt: Date;
}

/** Compares objects with their rows, and lets rows follow what their objects show, behind the freshness rule. */
export class MarkedComparison<Row extends ReconciledRow, Seen extends SeenObject, Context> {
  constructor(
    private readonly resource: MarkedResource<Row, Seen, Context>,
    private readonly kit: ReconcilerKit,
  ) {}

  async compare(
    page: readonly Seen[],
    sentAt: Date,
    watch: AnswerWatch,
    context: PlanContext,
  ): Promise<Compared<Row, Seen>> {
    const evidence = watch.evidence(sentAt);
    const { serviceTime } = watch;
    const objects = page.filter((seen) => this.resource.isForeign?.(seen) !== true);
    const uuids = new Map(objects.map((seen) => [seen.openstackId, this.uuidOf(seen, context)]));
    const { rows, known, orphaned, readAt } = await this.kit.read(async (manager) => {
      const found = await this.resource.rows(manager, {
        by: 'objects',
        openstackIds: objects.map((seen) => seen.openstackId),
        uuids: [...uuids.values()].filter((uuid) => uuid !== null),
      });
      const live = new Set(found.filter(({ isDeleted }) => isDeleted === 0).map(({ openstackId }) => openstackId));
      const marked = objects.filter(({ openstackId }) => !live.has(openstackId) && uuids.get(openstackId) !== null);
      return {
        rows: found,
        known: await this.resource.context(manager, objects),
        orphaned: await this.kit.findings.firstOrphaned(
          manager,
          this.resource.resourceType,
          marked.map((seen) => seen.openstackId),
        ),
        readAt: found[0]?.readAt ?? (await this.kit.rows.now(manager)),
      };
    });
    const byOpenstackId = new Map(rows.filter((row) => row.openstackId !== null).map((row) => [row.openstackId, row]));
    const byUuid = new Map(rows.map((row) => [row.uuid, row]));
    const findings: FindingDraft[] = [];
    const seenIds: number[] = [];
    const sameIds: number[] = [];
    const pairs = new Map<number, { row: Row; seen: Seen }>();
    let complete = true;
    for (const seen of objects) {
      const row = byOpenstackId.get(seen.openstackId);
      if (row?.isDeleted === 0) {
        seenIds.push(row.id);
        if (isMoved(row, seen, context))
          findings.push(judgeMoved({ resourceType: this.resource.resourceType, row, seen, evidence }));
        else if (this.resource.isIncomplete?.(seen) === true) complete = false;
        else if (row.operationId === null && (row.observedAt === null || row.observedAt < sentAt)) {
          const drafts = this.judge(row, seen, known, { evidence, seenAt: serviceTime ?? row.readAt }, context);
          findings.push(...drafts);
          pairs.set(row.id, { row, seen });
          if (drafts.every(({ action }) => action === null) && row.missingSince === null) sameIds.push(row.id);
        }
        continue;
      }
      const project = seen.projectId === null ? undefined : context.projects.get(seen.projectId);
      if (project === undefined) continue;
      if (this.resource.isIncomplete?.(seen) === true) {
        complete = false;
        continue;
      }
      const uuid = uuids.get(seen.openstackId) ?? null;
      const marked = uuid === null ? undefined : byUuid.get(uuid);
      const draft = judgeStray({
        resourceType: this.resource.resourceType,
        seen,
        projectId: project.id,
        row: marked ?? row ?? null,
        isMarked: marked !== undefined,
        objection: this.objectionTo(seen, project, context),
        firstSeenAt: orphaned.get(seen.openstackId) ?? null,
        now: readAt,
        orphanAgeMs: this.kit.orphanAgeMs,
        evidence,
        policies: context.policies,
      });
      if (draft !== null) findings.push(draft);
    }
    const inScope = new Set([...context.projects.values()].map(({ id }) => id));
    return {
      sentAt,
      evidence,
      findings: findings.filter(({ projectId }) => projectId !== null && inScope.has(projectId)),
      seenIds,
      sameIds,
      pairs,
      complete,
      readAt,
    };
  }

  judge(
    row: Row,
    seen: Seen,
    known: Context,
    sight: { readonly evidence: readonly Evidence[]; readonly seenAt: Date },
    { policies }: PlanContext,
  ): readonly FindingDraft[] {
    const missed =
      row.missingSince === null ? [] : [{ field: 'is_missing', ours: true, theirs: false, kind: 'field' as const }];
    return judgePair({
      resourceType: this.resource.resourceType,
      row,
      seen,
      differences: [...this.resource.compare(row, seen, known), ...missed],
      transition: this.resource.transition?.(seen) ?? null,
      canRename: this.resource.rename !== undefined,
      ...sight,
      policies,
    });
  }

  planned(compared: Compared<Row, Seen>, context: PlanContext): PlannedPage {
    const incomplete: FindingDraft[] = compared.complete
      ? []
      : [
          incompleteView(
            this.resource.resourceType,
            'Some objects of the list can be named, but not seen: a part of the service is down.',
            compared.evidence,
          ),
        ];
    return {
      findings: [...compared.findings, ...incomplete],
      complete: compared.complete,
      write: (tx) => this.write(tx, compared, context),
    };
  }

  async follow(
    tx: EntityManager,
    row: Row,
    seen: Seen,
    known: Context,
    sentAt: Date,
    { policies }: PlanContext,
  ): Promise<void> {
    await this.resource.follow(tx, row, seen, known, {
      takesName: policies.names === 'accept' || this.resource.rename === undefined,
    });
    await this.kit.rows.setSeen(tx, this.resource.resourceType, row.id, sentAt);
  }

  /** Takes over at once what a page showed. Everything that is more than a row's matter waits to be applied. */
  private async write(
    tx: EntityManager,
    compared: Compared<Row, Seen>,
    context: PlanContext,
  ): Promise<ReadonlySet<FindingDraft>> {
    const { resourceType } = this.resource;
    const applied = new Set<FindingDraft>();
    await this.kit.rows.confirm(tx, resourceType, compared.sameIds, compared.sentAt);
    const drifted = compared.findings.filter((finding) => finding.action === 'FOLLOW' && finding.resourceId !== null);
    if (drifted.length === 0) return applied;
    const ids = drifted.flatMap(({ resourceId }) => (resourceId === null ? [] : [resourceId]));
    await this.kit.rows.lock(tx, resourceType, ids);
    const rows = new Map((await this.resource.rows(tx, { by: 'ids', ids })).map((row) => [row.id, row]));
    const pairs = drifted.flatMap((finding) => {
      const row = finding.resourceId === null ? undefined : rows.get(finding.resourceId);
      const pair = finding.resourceId === null ? undefined : compared.pairs.get(finding.resourceId);
      return row === undefined || pair === undefined ? [] : [{ finding, row, seen: pair.seen }];
    });
    const known = await this.resource.context(
      tx,
      pairs.map(({ seen }) => seen),
    );
    for (const { finding, row, seen } of pairs) {
      if (!isOpenTo(row, seen, compared.sentAt)) continue;
      await this.follow(tx, row, seen, known, compared.sentAt, context);
      applied.add(finding);
    }
    return applied;
  }

  /** The row that this deployment's marker names; null without one. */
  private uuidOf(seen: Seen, { deploymentId }: PlanContext): string | null {
    for (const text of this.resource.markers(seen)) {
      const marker = parseMarker(text);
      if (marker?.deployment === deploymentId) return marker.uuid;
    }
    return null;
  }

  /** Why the object is not to have a row here; null when it may. */
  private objectionTo(seen: Seen, { isEnabled }: PlannedProject, { deploymentId }: PlanContext): string | null {
    const markers = this.resource.markers(seen).map((text) => parseMarker(text));
    if (markers.some((marker) => marker !== null && marker.deployment !== deploymentId))
      return 'It carries the marker of another installation: that one manages it.';
    return isEnabled === 1 ? null : 'Its project is disabled, or is not managed here any more.';
  }
}

/** The plan's scope decides later whether anything is said of it. */
function isMoved(row: ReconciledRow, { projectId }: SeenObject, { projects }: PlanContext): boolean {
  return projectId !== null && projects.get(projectId)?.id !== row.projectId;
}

function isOpenTo(row: ReconciledRow, seen: SeenObject, sentAt: Date): boolean {
  return whyNot(row, seen.openstackId, sentAt) === null;
}
