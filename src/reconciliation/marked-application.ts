import { duplicateKey } from '../database/database-errors.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { AnswerWatch } from './answer-watch.js';
import { fingerprint, type Finding, type FindingDraft } from './finding.js';
import type { MarkedComparison } from './marked-comparison.js';
import { projectOf, whyNot, type MarkedLook } from './marked-look.js';
import type { MarkedResource, ReconciledRow, SeenObject } from './marked-resource.js';
import type { ApplyContext, ApplyOutcome } from './reconciler.js';
import type { ReconcilerKit } from './reconciler-kit.js';

/** Carries findings out, one at a time: looks at row and object again, and leaves what has moved. */
export class MarkedApplication<Row extends ReconciledRow, Seen extends SeenObject, Context> {
  constructor(
    private readonly resource: MarkedResource<Row, Seen, Context>,
    private readonly kit: ReconcilerKit,
    private readonly look: MarkedLook<Row, Seen, Context>,
    private readonly comparison: MarkedComparison<Row, Seen, Context>,
  ) {}

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

  private async applyDrift(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const { resourceId, openstackId } = finding;
    if (resourceId === null || openstackId === null) return skipped('the finding names no row');
    const watch = new AnswerWatch();
    const sentAt = await this.kit.now();
    const seen = await this.look.object(watch, openstackId);
    if (seen === null) return skipped('the object is not in OpenStack any more');
    if (this.resource.isIncomplete?.(seen) === true) return skipped(unseen);
    if (finding.action === 'RENAME') return this.rename(finding, seen, sentAt, context);
    return this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      const row = await this.look.lockedRow(tx, resourceId);
      const refusal = whyNot(row, openstackId, sentAt);
      if (row === null || refusal !== null) return skipped(refusal ?? 'the row is gone');
      const known = await this.resource.context(tx, [seen]);
      if (!this.stands(finding, this.comparison.judge(row, seen, known, { evidence: [], seenAt: sentAt }, context)))
        return skipped(moved);
      await this.comparison.follow(tx, row, seen, known, sentAt, context);
      return applied;
    });
  }

  private async rename(finding: Finding, seen: Seen, sentAt: Date, context: ApplyContext): Promise<ApplyOutcome> {
    const row = await this.kit.read((manager) => this.look.row(manager, finding.resourceId ?? 0));
    const refusal = whyNot(row, seen.openstackId, sentAt);
    if (row === null || refusal !== null) return skipped(refusal ?? 'the row is gone');
    const known = await this.kit.read((manager) => this.resource.context(manager, [seen]));
    if (!this.stands(finding, this.comparison.judge(row, seen, known, { evidence: [], seenAt: sentAt }, context)))
      return skipped(moved);
    await this.resource.rename?.(this.writingCall(row, context), row, seen);
    return applied;
  }

  private async applyAbsence(finding: Finding, context: ApplyContext): Promise<ApplyOutcome> {
    const { resourceId, openstackId } = finding;
    if (resourceId === null || openstackId === null) return skipped('the finding names no row');
    if (finding.action === 'TOMBSTONE' && context.policies.missing === 'mark')
      return skipped('the policy is to mark missing rows, not to delete them');
    const sentAt = await this.kit.now();
    if ((await this.look.object(new AnswerWatch(), openstackId)) !== null)
      return skipped('the object is in OpenStack again');
    return this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      const row = await this.look.lockedRow(tx, resourceId);
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
    const seen = await this.look.object(watch, openstackId);
    if (seen === null) return skipped('the object is gone already');
    const project = seen.projectId === null ? undefined : context.projects.get(seen.projectId);
    const compared = await this.comparison.compare([seen], sentAt, watch, context);
    const still = compared.findings.find(
      ({ type, resourceId }) => type === 'ORPHAN' && resourceId === finding.resourceId,
    );
    if (still === undefined || project === undefined) return skipped('the object is no orphan any more');
    if (!still.allowed) return skipped(still.reason ?? 'the policy does not allow it');
    const holder = await this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      return finding.resourceId === null ? null : this.look.lockedRow(tx, finding.resourceId);
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
    const seen = await this.look.object(watch, openstackId);
    if (seen === null) return skipped('the object is gone');
    if (this.resource.isIncomplete?.(seen) === true) return skipped(unseen);
    const project = seen.projectId === null ? undefined : context.projects.get(seen.projectId);
    const compared = await this.comparison.compare([seen], sentAt, watch, context);
    const still = compared.findings.find(({ type }) => type === 'UNMANAGED');
    if (project === undefined || still === undefined) return skipped('the object has a row now');
    if (!still.allowed) return skipped(still.reason ?? 'the policy does not allow it');
    return this.kit.transaction.run(async (tx) => {
      await context.fence(tx);
      if (!(await this.kit.projects.isOpen(tx, project.id)))
        return skipped('its project is disabled, or is not managed here any more');
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
    const seen = await this.look.object(new AnswerWatch(), openstackId);
    if (seen === null) return skipped('the object is gone');
    try {
      return await this.kit.transaction.run(async (tx) => {
        await context.fence(tx);
        const row = await this.look.lockedRow(tx, resourceId);
        if (row?.isDeleted !== 1 || row.operationId !== null) return skipped(moved);
        await this.kit.rows.restore(tx, this.resource.resourceType, resourceId);
        const known = await this.resource.context(tx, [seen]);
        await this.comparison.follow(tx, row, seen, known, sentAt, context);
        return applied;
      });
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return { state: 'FAILED', reason: 'Its name is taken by another one by now: rename that, then try again.' };
    }
  }

  private stands(finding: Finding, drafts: readonly FindingDraft[]): boolean {
    return drafts.some((draft) => fingerprint(draft) === fingerprint(finding));
  }

  private writingCall(row: ReconciledRow, context: ApplyContext): OpenStackCall {
    const project = projectOf(row, context);
    return {
      scope: project === null ? { kind: 'admin' } : { kind: 'project', projectId: project.openstackId },
      beforeSend: context.beforeSend,
    };
  }
}

const applied: ApplyOutcome = { state: 'APPLIED' };
const unseen = 'the object cannot be seen: a part of the service is down';
const moved = 'the row or the object has changed since the plan was made';

function skipped(reason: string): ApplyOutcome {
  return { state: 'SKIPPED', reason };
}
