import type { OpenStackCall } from '../openstack/openstack-call.js';
import type { ResourceType } from '../operation/operation-state.js';
import { AnswerWatch } from './answer-watch.js';
import type { Finding, FindingDraft } from './finding.js';
import { MarkedAbsences } from './marked-absences.js';
import { MarkedApplication } from './marked-application.js';
import { MarkedComparison } from './marked-comparison.js';
import { MarkedLook } from './marked-look.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import { pagesAhead } from './pages-ahead.js';
import type {
  ApplyContext,
  ApplyOutcome,
  PlanContext,
  PlannedPage,
  Refreshed,
  ResourceReconciler,
} from './reconciler.js';
import type { ReconcilerKit } from './reconciler-kit.js';

const admin = { kind: 'admin' } as const;

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
  private readonly look: MarkedLook<Row, Seen, Context>;
  private readonly comparison: MarkedComparison<Row, Seen, Context>;
  private readonly absences: MarkedAbsences<Row, Seen, Context>;
  private readonly application: MarkedApplication<Row, Seen, Context>;

  constructor(
    private readonly resource: MarkedResource<Row, Seen, Context>,
    private readonly kit: ReconcilerKit,
  ) {
    this.resourceType = resource.resourceType;
    this.order = resource.order;
    this.look = new MarkedLook(resource, kit);
    this.comparison = new MarkedComparison(resource, kit);
    this.absences = new MarkedAbsences(resource, kit, this.look);
    this.application = new MarkedApplication(resource, kit, this.look, this.comparison);
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
    // The newest time that is known to be past: before a page is asked for, it is noted as the one of its request.
    let past = startedAt;
    let objects = 0;
    let isComplete = true;
    for await (const { page, known: sentAt } of pagesAhead(this.resource.list(watch.call(admin)), () => past)) {
      objects += page.length;
      const compared = await this.comparison.compare(page, sentAt, watch, context);
      for (const id of compared.seenIds) seenIds.add(id);
      isComplete &&= compared.complete;
      past = compared.readAt;
      yield this.comparison.planned(compared, context);
    }
    // Only a list that was read to its end, and can be believed, shows that something is missing.
    if (isComplete) yield* this.absences.plan({ startedAt, seenIds, objects, watch }, context);
  }

  apply(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    return this.application.apply(finding, context);
  }

  async refresh(id: number, context: PlanContext): Promise<Refreshed | null> {
    const row = await this.kit.read((manager) => this.look.row(manager, id));
    if (row === null || row.isDeleted === 1) return null;
    if (row.openstackId === null) return { findings: [], observedAt: row.observedAt };
    const watch = new AnswerWatch();
    const seen = await this.look.object(watch, row.openstackId);
    if (seen === null) {
      const findings = await this.absences.markMissing(row, row.readAt, watch.evidence(row.readAt), context);
      return { findings, observedAt: row.observedAt };
    }
    const compared = await this.comparison.compare([seen], row.readAt, watch, context);
    const page = this.comparison.planned(compared, context);
    const applied = await this.kit.transaction.run(
      (tx) => page.write?.(tx) ?? Promise.resolve(new Set<FindingDraft>()),
    );
    const after = await this.kit.read((manager) => this.look.row(manager, id));
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
      const compared = await this.comparison.compare(there, sentAt, watch, context);
      // Something is always left over or not ours: only a complete sweep tells of that.
      yield this.comparison.planned(
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
}
