import { duplicateKey } from '../database/database-errors.js';
import type { EntityManager } from '../database/transaction.js';
import { parseMarker } from '../openstack/marker.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackNotFound } from '../openstack/openstack-errors.js';
import type { ResourceType } from '../operation/operation-state.js';
import { AnswerWatch } from './answer-watch.js';
import { fingerprint, type Evidence, type Finding, type FindingDraft } from './finding.js';
import { isMassMissing, judgeAbsence, judgePair, judgeStray } from './judgement.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import type {
  ApplyContext,
  ApplyOutcome,
  ManagedProject,
  PlanContext,
  PlannedPage,
  Refreshed,
  ResourceReconciler,
} from './reconciler.js';
import type { ReconcilerKit } from './reconciler-kit.js';

const admin = { kind: 'admin' } as const;
/** Absences of one run that are checked one by one; beyond that only what is applied is. */
const mostChecks = 200;
const rowsAtOnce = 500;

/** A page of a list with the rows of its objects. */
interface Compared<Row, Seen> {
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

/**
 * Observe, compare and apply for a type of resource whose rows and objects share a marker. A row is written only behind the freshness
 * rule: it must not have been seen later than the answer at hand was asked for, and no operation may hold it.
 */
export class MarkedReconciler<
  Row extends ReconciledRow,
  Seen extends SeenObject,
  Context,
> implements ResourceReconciler {
  readonly resourceType: ResourceType;
  readonly order: number;
  readonly changed: ResourceReconciler['changed'];

  constructor(
    private readonly resource: MarkedResource<Row, Seen, Context>,
    private readonly kit: ReconcilerKit,
  ) {
    this.resourceType = resource.resourceType;
    this.order = resource.order;
    const { listChanged } = resource;
    this.changed =
      listChanged === null
        ? null
        : (since, context, call) => this.planChanges((one) => listChanged.call(resource, one, since), context, call);
  }

  async *plan(context: PlanContext): AsyncGenerator<PlannedPage> {
    const watch = new AnswerWatch();
    const startedAt = await this.kit.now();
    const seenIds = new Set<number>();
    let sentAt = startedAt;
    let objects = 0;
    let isComplete = true;
    for await (const page of this.resource.list(watch.call(admin))) {
      objects += page.length;
      const compared = await this.compare(page, sentAt, watch, context);
      for (const id of compared.seenIds) seenIds.add(id);
      isComplete &&= compared.complete;
      yield this.planned(compared, context);
      sentAt = compared.readAt;
    }
    // Only a list that was read to its end, and can be believed, shows that something is missing.
    if (isComplete) yield* this.planAbsences({ startedAt, seenIds, objects, watch }, context);
  }

  async apply(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    switch (finding.action) {
      case 'FOLLOW':
      case 'RENAME':
        return this.applyDrift(finding, context);
      case 'MARK_MISSING':
      case 'TOMBSTONE':
        return this.applyAbsence(finding, context);
      case 'DELETE':
        return this.deleteOrphan(finding, context);
      case 'ADOPT':
        return this.applyAdoption(finding, context);
      case 'RESTORE':
        return this.applyRestoration(finding, context);
      case null:
        return skipped('nothing is to be done about it');
      default:
        return finding.action satisfies never;
    }
  }

  async refresh(id: number, context: PlanContext): Promise<Refreshed | null> {
    const row = await this.kit.read((manager) => this.row(manager, id));
    if (row === null || row.isDeleted === 1) return null;
    if (row.openstackId === null) return { findings: [], observedAt: row.observedAt };
    const watch = new AnswerWatch();
    const seen = await this.get(watch, row.openstackId);
    if (seen === null) {
      const findings = await this.markMissing(row, row.readAt, watch.evidence(row.readAt), context);
      return { findings, observedAt: row.observedAt };
    }
    const compared = await this.compare([seen], row.readAt, watch, context);
    const page = this.planned(compared, context);
    const applied = await this.kit.transaction.run(
      (tx) => page.write?.(tx) ?? Promise.resolve(new Set<FindingDraft>()),
    );
    const after = await this.kit.read((manager) => this.row(manager, id));
    return { findings: page.findings.filter((finding) => applied.has(finding)), observedAt: after?.observedAt ?? null };
  }

  private async *planChanges(
    list: (call: OpenStackCall) => AsyncGenerator<readonly Seen[]>,
    context: PlanContext,
    call: OpenStackCall,
  ): AsyncGenerator<PlannedPage> {
    const watch = new AnswerWatch();
    let sentAt = await this.kit.now();
    const { onAnswer } = watch.call(call.scope);
    const heard: OpenStackCall = {
      ...call,
      onAnswer: (source) => {
        onAnswer?.(source);
        call.onAnswer?.(source);
      },
    };
    for await (const page of list(heard)) {
      const there = page.filter((seen) => this.resource.isGone?.(seen) !== true);
      const compared = await this.compare(there, sentAt, watch, context);
      // Something is always left over or not ours: only a complete sweep tells of that.
      yield this.planned(
        { ...compared, findings: compared.findings.filter(({ action }) => action === 'FOLLOW') },
        context,
      );
      await this.markGone(
        page.filter((seen) => this.resource.isGone?.(seen) === true),
        context,
      );
      sentAt = compared.readAt;
    }
  }

  /** What a list of changes shows as deleted is looked at; a complete sweep deletes the row when the grace time is over. */
  private async markGone(gone: readonly Seen[], context: PlanContext): Promise<void> {
    if (gone.length === 0) return;
    const openstackIds = gone.map((seen) => seen.openstackId);
    const rows = await this.kit.read((manager) =>
      this.resource.rows(manager, { by: 'objects', openstackIds, uuids: [] }),
    );
    for (const row of rows) {
      if (row.isDeleted === 0 && row.operationId === null && row.missingSince === null)
        await this.refresh(row.id, context);
    }
  }

  private async compare(
    page: readonly Seen[],
    sentAt: Date,
    watch: AnswerWatch,
    context: PlanContext,
  ): Promise<Compared<Row, Seen>> {
    const evidence = watch.evidence(sentAt);
    const objects = page.filter((seen) => this.resource.isForeign?.(seen) !== true);
    const uuids = new Map(objects.map((seen) => [seen.openstackId, this.uuidOf(seen, context)]));
    const { rows, known, orphaned, readAt } = await this.kit.read(async (manager) => {
      const found = await this.resource.rows(manager, {
        by: 'objects',
        openstackIds: objects.map((seen) => seen.openstackId),
        uuids: [...uuids.values()].filter((uuid) => uuid !== null),
      });
      const strays = objects.filter(
        (seen) => !found.some((row) => row.isDeleted === 0 && row.openstackId === seen.openstackId),
      );
      const marked = strays.filter((seen) => uuids.get(seen.openstackId) !== null);
      return {
        rows: found,
        known: await this.resource.context(manager, objects),
        orphaned: await this.kit.findings.firstOrphaned(
          manager,
          this.resourceType,
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
        if (this.resource.isIncomplete?.(seen) === true) complete = false;
        else if (row.operationId === null && (row.observedAt === null || row.observedAt < sentAt)) {
          const drafts = this.judge(row, seen, known, { evidence, seenAt: watch.serviceTime ?? row.readAt }, context);
          findings.push(...drafts);
          pairs.set(row.id, { row, seen });
          if (drafts.every(({ action }) => action === null) && row.missingSince === null) sameIds.push(row.id);
        }
        continue;
      }
      const project = seen.projectId === null ? undefined : context.projects.get(seen.projectId);
      if (project === undefined) continue;
      const uuid = uuids.get(seen.openstackId) ?? null;
      const marked = uuid === null ? undefined : byUuid.get(uuid);
      const draft = judgeStray({
        resourceType: this.resource.resourceType,
        seen,
        projectId: project.id,
        row: marked ?? row ?? null,
        isMarked: marked !== undefined,
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

  private judge(
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

  private planned(compared: Compared<Row, Seen>, context: PlanContext): PlannedPage {
    const incomplete: FindingDraft[] = compared.complete
      ? []
      : [
          this.incompleteView(
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

  private async follow(
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

  private async *planAbsences(
    { startedAt, seenIds, objects, watch }: AbsenceSearch,
    context: PlanContext,
  ): AsyncGenerator<PlannedPage> {
    const missing = await this.missingIds(startedAt, seenIds, context);
    if (missing.length === 0) return;
    if (objects === 0) {
      const reason = `The list is empty over all projects, while the record has ${String(missing.length)}: nothing is believed of it.`;
      yield { findings: [this.incompleteView(reason, watch.evidence(startedAt))], complete: false, write: null };
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
    return (await this.get(watch, row.openstackId)) === null;
  }

  private async get(watch: AnswerWatch, openstackId: string): Promise<Seen | null> {
    try {
      const seen = await this.resource.get(watch.call(admin), openstackId);
      return this.resource.isGone?.(seen) === true ? null : seen;
    } catch (error) {
      if (!(error instanceof OpenStackNotFound)) throw error;
      watch.notFound(error, openstackId);
      return null;
    }
  }

  private async applyDrift(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const { resourceId, openstackId } = finding;
    if (resourceId === null || openstackId === null) return skipped('the finding names no row');
    const watch = new AnswerWatch();
    const sentAt = await this.kit.now();
    const seen = await this.get(watch, openstackId);
    if (seen === null) return skipped('the object is not in OpenStack any more');
    if (this.resource.isIncomplete?.(seen) === true)
      return skipped('the object cannot be seen: a part of the service is down');
    if (finding.action === 'RENAME') return this.rename(finding, seen, sentAt, context);
    return this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      const row = await this.lockedRow(tx, resourceId);
      const refusal = whyNot(row, openstackId, sentAt);
      if (row === null || refusal !== null) return skipped(refusal ?? 'the row is gone');
      const known = await this.resource.context(tx, [seen]);
      if (!this.stands(finding, this.judge(row, seen, known, { evidence: [], seenAt: sentAt }, context)))
        return skipped(moved);
      await this.follow(tx, row, seen, known, sentAt, context);
      return applied;
    });
  }

  private async rename(finding: Finding, seen: Seen, sentAt: Date, context: ApplyContext): Promise<ApplyOutcome> {
    const row = await this.kit.read((manager) => this.row(manager, finding.resourceId ?? 0));
    const refusal = whyNot(row, seen.openstackId, sentAt);
    if (row === null || refusal !== null) return skipped(refusal ?? 'the row is gone');
    const known = await this.kit.read((manager) => this.resource.context(manager, [seen]));
    if (!this.stands(finding, this.judge(row, seen, known, { evidence: [], seenAt: sentAt }, context)))
      return skipped(moved);
    await this.resource.rename?.(this.writingCall(row, context), row, seen);
    return applied;
  }

  private async applyAbsence(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const { resourceId, openstackId } = finding;
    if (resourceId === null || openstackId === null) return skipped('the finding names no row');
    const sentAt = await this.kit.now();
    if ((await this.get(new AnswerWatch(), openstackId)) !== null) return skipped('the object is in OpenStack again');
    return this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      const row = await this.lockedRow(tx, resourceId);
      const refusal = whyNot(row, openstackId, sentAt);
      if (row === null || refusal !== null) return skipped(refusal ?? 'the row is gone');
      if (finding.action === 'TOMBSTONE') await this.resource.removed(tx, row);
      else if (row.missingSince !== null) return skipped('the row is marked already');
      else await this.kit.rows.setMissing(tx, this.resource.resourceType, row.id, finding.firstSeenAt ?? sentAt);
      return applied;
    });
  }

  /** Locks the row and reads row and object again: only what is still an orphan goes. */
  private async deleteOrphan(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const { openstackId } = finding;
    if (openstackId === null) return skipped('the finding names no object');
    const watch = new AnswerWatch();
    const sentAt = await this.kit.now();
    const seen = await this.get(watch, openstackId);
    if (seen === null) return skipped('the object is gone already');
    const project = seen.projectId === null ? undefined : context.projects.get(seen.projectId);
    const compared = await this.compare([seen], sentAt, watch, context);
    const still = compared.findings.find(
      ({ type, resourceId }) => type === 'ORPHAN' && resourceId === finding.resourceId,
    );
    if (still === undefined || project === undefined) return skipped('the object is no orphan any more');
    if (!still.allowed) return skipped(still.reason ?? 'the policy does not allow it');
    const holder = await this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      return finding.resourceId === null ? null : this.lockedRow(tx, finding.resourceId);
    });
    if (holder?.operationId !== null) return skipped('an operation works on its row');
    if (holder.isDeleted === 0 && holder.openstackId === openstackId) return skipped('its row records it by now');
    await this.resource.remove(
      { scope: { kind: 'project', projectId: project.openstackId }, beforeSend: context.beforeSend },
      openstackId,
    );
    return applied;
  }

  private async applyAdoption(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const { openstackId } = finding;
    if (openstackId === null) return skipped('the finding names no object');
    const watch = new AnswerWatch();
    const sentAt = await this.kit.now();
    const seen = await this.get(watch, openstackId);
    if (seen === null) return skipped('the object is gone');
    const project = seen.projectId === null ? undefined : context.projects.get(seen.projectId);
    const compared = await this.compare([seen], sentAt, watch, context);
    if (project === undefined || !compared.findings.some(({ type }) => type === 'UNMANAGED'))
      return skipped('the object has a row now');
    return this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      try {
        await this.resource.adopt(tx, seen, project);
      } catch (error) {
        if (duplicateKey(error) === null) throw error;
        return skipped('the object has a row now');
      }
      return applied;
    });
  }

  private async applyRestoration(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const { openstackId, resourceId } = finding;
    if (openstackId === null || resourceId === null) return skipped('the finding names no row');
    const sentAt = await this.kit.now();
    const seen = await this.get(new AnswerWatch(), openstackId);
    if (seen === null) return skipped('the object is gone');
    try {
      return await this.kit.transaction.run(async (tx) => {
        await context.fence(tx);
        const row = await this.lockedRow(tx, resourceId);
        if (row?.isDeleted !== 1 || row.operationId !== null) return skipped(moved);
        await this.kit.rows.restore(tx, this.resource.resourceType, resourceId);
        const known = await this.resource.context(tx, [seen]);
        await this.follow(tx, row, seen, known, sentAt, context);
        return applied;
      });
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return { state: 'FAILED', reason: 'Its name is taken by another one by now: rename that, then try again.' };
    }
  }

  /** A look at one object that says 404: the row is marked, as a sweep would. */
  private async markMissing(
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
      const locked = await this.lockedRow(tx, row.id);
      if (locked === null || whyNot(locked, row.openstackId ?? '', sentAt) !== null) return [];
      await this.kit.rows.setMissing(tx, resourceType, row.id, sentAt);
      return [finding];
    });
  }

  private stands(finding: Finding, drafts: readonly FindingDraft[]): boolean {
    return drafts.some((draft) => fingerprint(draft) === fingerprint(finding));
  }

  private async row(manager: EntityManager, id: number): Promise<Row | null> {
    const rows = await this.resource.rows(manager, { by: 'ids', ids: [id] });
    return rows[0] ?? null;
  }

  private async lockedRow(tx: EntityManager, id: number): Promise<Row | null> {
    await this.kit.rows.lock(tx, this.resource.resourceType, [id]);
    return this.row(tx, id);
  }

  private writingCall(row: ReconciledRow, context: ApplyContext): OpenStackCall {
    const project = projectOf(row, context);
    return {
      scope: project === null ? admin : { kind: 'project', projectId: project.openstackId },
      beforeSend: context.beforeSend,
    };
  }

  /** The row that this deployment's marker names; null without one. */
  private uuidOf(seen: Seen, { deploymentId }: PlanContext): string | null {
    for (const text of this.resource.markers(seen)) {
      const marker = parseMarker(text);
      if (marker?.deployment === deploymentId) return marker.uuid;
    }
    return null;
  }

  private incompleteView(reason: string, evidence: readonly Evidence[]): FindingDraft {
    return {
      type: 'INCOMPLETE_VIEW',
      resourceType: this.resourceType,
      resourceId: null,
      openstackId: null,
      projectId: null,
      before: null,
      after: null,
      action: null,
      allowed: false,
      reason,
      evidence,
      firstSeenAt: null,
    };
  }
}

interface AbsenceSearch {
  readonly startedAt: Date;
  readonly seenIds: ReadonlySet<number>;
  /** How many objects the whole list had. */
  readonly objects: number;
  readonly watch: AnswerWatch;
}

const applied: ApplyOutcome = { state: 'APPLIED' };
const moved = 'the row or the object has changed since the plan was made';

function skipped(reason: string): ApplyOutcome {
  return { state: 'SKIPPED', reason };
}

/** Why what was asked for at `sentAt` may not be written into the row; null when it may. */
function whyNot(row: ReconciledRow | null, openstackId: string, sentAt: Date): string | null {
  if (row === null || row.isDeleted === 1) return 'the row is deleted by now';
  if (row.openstackId !== openstackId) return 'the row records another object by now';
  if (row.operationId !== null) return `operation ${String(row.operationId)} works on it`;
  return row.observedAt !== null && row.observedAt >= sentAt ? 'the row was brought up to date meanwhile' : null;
}

function isOpenTo(row: ReconciledRow, seen: SeenObject, sentAt: Date): boolean {
  return whyNot(row, seen.openstackId, sentAt) === null;
}

function projectOf({ projectId }: ReconciledRow, { projects }: PlanContext): ManagedProject | null {
  return [...projects.values()].find(({ id }) => id === projectId) ?? null;
}
