import { differing, type Evidence, type FindingDraft } from './finding.js';
import type { Facts, FindingType } from './finding-kind.js';
import type { Difference, ReconciledRow, SeenObject } from './marked-resource.js';
import type { MarkedTable } from './marked-rows.js';
import type { Policies } from './policy.js';

/** A row and an object that stand for each other, and what is known about the moment. */
export interface Pair {
  readonly resourceType: MarkedTable;
  readonly row: ReconciledRow;
  readonly seen: SeenObject;
  readonly differences: readonly Difference[];
  readonly transition: { readonly since: Date; readonly repair: string } | null;
  readonly canRename: boolean;
  /** By the service's clock, which tells since when a transition lasts. */
  readonly seenAt: Date;
  readonly evidence: readonly Evidence[];
  readonly policies: Policies;
}

/** What is to be said about a live row and its object; nothing when they agree. */
export function judgePair(pair: Pair): readonly FindingDraft[] {
  const { differences, policies } = pair;
  const enforcesName = policies.names === 'enforce' && pair.canRename;
  const named = enforcesName ? differences.filter(({ kind }) => kind === 'name') : [];
  const followed = differences.filter((difference) => !named.includes(difference));
  return [
    ...(followed.length === 0 ? [] : [drift(pair, typeOf(followed), followed, 'FOLLOW')]),
    ...(named.length === 0 ? [] : [drift(pair, 'FIELD_DRIFT', named, 'RENAME')]),
    ...stuck(pair),
  ];
}

function typeOf(differences: readonly Difference[]): FindingType {
  if (differences.some(({ kind }) => kind === 'fault')) return 'ERROR_FAULT';
  return differences.some(({ kind }) => kind === 'status') ? 'STATUS_DRIFT' : 'FIELD_DRIFT';
}

function drift(
  pair: Pair,
  type: FindingType,
  differences: readonly Difference[],
  action: 'FOLLOW' | 'RENAME',
): FindingDraft {
  return {
    ...about(pair),
    type,
    before: side(differences, 'ours'),
    after: side(differences, 'theirs'),
    action,
    allowed: true,
    reason: null,
    firstSeenAt: null,
  };
}

function stuck(pair: Pair): readonly FindingDraft[] {
  const { transition, seenAt, policies } = pair;
  if (transition === null) return [];
  const lasts = seenAt.getTime() - transition.since.getTime();
  if (lasts < policies.stuckAfterSeconds * 1000) return [];
  return [
    {
      ...about(pair),
      type: 'STUCK_TRANSITION',
      before: null,
      after: { since: transition.since.toISOString() },
      action: null,
      allowed: false,
      reason: transition.repair,
      firstSeenAt: null,
    },
  ];
}

function about({ resourceType, row, seen, evidence }: Pick<Pair, 'resourceType' | 'row' | 'seen' | 'evidence'>) {
  return { resourceType, resourceId: row.id, openstackId: seen.openstackId, projectId: row.projectId, evidence };
}

function side(differences: readonly Difference[], which: 'ours' | 'theirs'): Facts {
  return Object.fromEntries(differences.map((difference) => [difference.field, difference[which]]));
}

/** A live row whose object is in another project now: nothing of it is followed, since it is not that of the row's people any more. */
export function judgeMoved(pair: Pick<Pair, 'resourceType' | 'row' | 'seen' | 'evidence'>): FindingDraft {
  const { row, seen } = pair;
  return {
    ...about(pair),
    type: 'FIELD_DRIFT',
    before: { project_id: row.projectId },
    after: { project_openstack_id: seen.projectId },
    action: null,
    allowed: false,
    reason:
      'It was given to another project in OpenStack. Give it back there to use it here; a deletion here only forgets it.',
    firstSeenAt: null,
  };
}

/** An object without a live row that records it. */
export interface Stray {
  readonly resourceType: MarkedTable;
  readonly seen: SeenObject;
  readonly projectId: number;
  /** The row that records it, a tombstone; or the row of its marker, whatever that records; null when neither is ours. */
  readonly row: ReconciledRow | null;
  /** It carries this deployment's marker of that row. */
  readonly isMarked: boolean;
  /** Why it cannot be taken over, whatever the policy says; null when it can. */
  readonly objection: string | null;
  /** When it was first reported as an orphan; null: never. */
  readonly firstSeenAt: Date | null;
  readonly now: Date;
  /** How old an orphan's first sight must be before it is deleted; milliseconds. */
  readonly orphanAgeMs: number;
  readonly evidence: readonly Evidence[];
  readonly policies: Policies;
}

/** What is to be said about an object that no live row records; null while an operation works on the row of its marker. */
export function judgeStray(stray: Stray): FindingDraft | null {
  const { row, isMarked, projectId } = stray;
  if (row === null) return unmanaged(stray);
  // What was given to another project is that one's, whatever it was here.
  if (row.projectId !== projectId) return unmanaged(isMarked ? { ...stray, objection: givenObjection } : stray);
  if (row.operationId !== null) return null;
  if (row.isDeleted === 1 && row.deletedReason === 'external' && row.openstackId === stray.seen.openstackId)
    return undead(stray, row);
  return isMarked ? orphan(stray, row) : deletedHere(stray, row);
}

const givenObjection = 'It was made here in another project and given to this one: only OpenStack manages it now.';

function unmanaged({ resourceType, seen, projectId, objection, evidence, policies }: Stray): FindingDraft {
  const adopts = policies.unmanaged === 'adopt' && objection === null;
  return {
    type: 'UNMANAGED',
    resourceType,
    resourceId: null,
    openstackId: seen.openstackId,
    projectId,
    before: null,
    after: { name: seen.name },
    action: adopts ? 'ADOPT' : null,
    allowed: adopts,
    reason: adopts ? null : (objection ?? 'It was not made here. Adopt it to manage it here; it is never deleted.'),
    evidence,
    firstSeenAt: null,
  };
}

function orphan(stray: Stray, row: ReconciledRow): FindingDraft {
  const { resourceType, seen, projectId, evidence, policies, firstSeenAt, now, orphanAgeMs } = stray;
  const deletes = policies.orphans === 'delete';
  const isOld = firstSeenAt !== null && now.getTime() - firstSeenAt.getTime() >= orphanAgeMs;
  return {
    type: 'ORPHAN',
    resourceType,
    resourceId: row.id,
    openstackId: seen.openstackId,
    projectId,
    before: { openstack_id: row.openstackId, is_deleted: row.isDeleted === 1 },
    after: { name: seen.name },
    action: deletes ? 'DELETE' : null,
    allowed: deletes && isOld,
    reason: orphanReason(deletes, isOld, orphanAgeMs),
    evidence,
    firstSeenAt,
  };
}

function orphanReason(deletes: boolean, isOld: boolean, orphanAgeMs: number): string | null {
  if (!deletes) return 'The policy is to report what we left over, not to delete it.';
  return isOld ? null : `It is deleted when it is seen again ${String(Math.ceil(orphanAgeMs / 1000))} s later.`;
}

function undead({ resourceType, seen, projectId, evidence }: Stray, row: ReconciledRow): FindingDraft {
  return {
    type: 'UNDEAD',
    resourceType,
    resourceId: row.id,
    openstackId: seen.openstackId,
    projectId,
    before: { is_deleted: true },
    after: { is_deleted: false },
    action: 'RESTORE',
    allowed: true,
    reason: null,
    evidence,
    firstSeenAt: null,
  };
}

/** It was deleted here and is still listed, but carries no marker of ours: nothing without one is ever deleted by a run. */
function deletedHere(stray: Stray, row: ReconciledRow): FindingDraft {
  return {
    ...undead(stray, row),
    action: null,
    allowed: false,
    reason:
      'It was deleted here, yet OpenStack lists it. It carries no marker of ours: delete it there by hand, or adopt it.',
  };
}

/** Live rows of a project, and how many of them a complete list did not show. */
export interface MissingShare {
  readonly missing: number;
  readonly live: number;
}

/** So many at once that it is more likely to be our view that is wrong. */
export function isMassMissing({ missing, live }: MissingShare, policies: Policies): boolean {
  const most = Math.max(policies.massMissingCount, (live * policies.massMissingPercent) / 100);
  return missing > most || (live >= 2 && missing >= live);
}

/** A live row whose object a complete list did not show. */
export interface Absence {
  readonly resourceType: MarkedTable;
  readonly row: ReconciledRow;
  readonly isMass: boolean;
  readonly firstSeenAt: Date;
  readonly now: Date;
  readonly evidence: readonly Evidence[];
  readonly policies: Policies;
}

export function judgeAbsence({
  resourceType,
  row,
  isMass,
  firstSeenAt,
  now,
  evidence,
  policies,
}: Absence): FindingDraft {
  const graceMs = policies.missingGraceSeconds * 1000;
  const isOver = now.getTime() - firstSeenAt.getTime() >= graceMs;
  const tombstones = isOver && policies.missing === 'tombstone';
  const action = tombstones ? 'TOMBSTONE' : row.missingSince === null ? 'MARK_MISSING' : null;
  return {
    type: isMass ? 'MASS_MISSING' : isOver ? 'DELETED_OUTSIDE' : 'MISSING',
    resourceType,
    resourceId: row.id,
    openstackId: row.openstackId,
    projectId: row.projectId,
    ...differing(
      { is_missing: row.missingSince !== null, is_deleted: false },
      { is_missing: true, is_deleted: tombstones },
    ),
    action,
    allowed: action !== null && !isMass,
    // Where nothing is left to be done there is nothing to confirm either.
    reason: absenceReason(isMass && action !== null, isOver, policies),
    evidence,
    firstSeenAt,
  };
}

function absenceReason(needsConfirmation: boolean, isOver: boolean, policies: Policies): string | null {
  if (needsConfirmation)
    return 'So many are missing at once that the view may be wrong. Look, then apply with confirm_mass_change.';
  if (policies.missing === 'mark') return 'The policy is to mark missing rows, not to delete them.';
  return isOver
    ? null
    : `The row is deleted when the object is still gone ${String(policies.missingGraceSeconds)} s after it was first missed.`;
}
