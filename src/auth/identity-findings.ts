import { differing, type Evidence, type FindingDraft } from '../reconciliation/finding.js';
import type { Facts } from '../reconciliation/finding-kind.js';
import type { Difference } from '../reconciliation/marked-resource.js';
import type { PlanContext } from '../reconciliation/reconciler.js';
import {
  comparePlaces,
  compareProjects,
  compareUsers,
  massOf,
  type RecordedPlace,
  type RecordedProject,
  type SeenPlace,
} from './identity-comparison.js';
import type { ObservedIdentity } from './identity-record.service.js';
import type { RecordedIdentity } from './identity.repository.js';

export type IdentityType = 'project' | 'user' | 'project_user';

/** What Keystone showed beside the record. */
export interface IdentityLook {
  readonly observed: ObservedIdentity;
  readonly recorded: RecordedIdentity;
  /** How many things live in each project that is gone; by our id. */
  readonly left: ReadonlyMap<number, number>;
  readonly evidence: readonly Evidence[];
}

/** Everything that record and Keystone say differently, in the scope of the plan. */
export function identityFindings(look: IdentityLook, context: PlanContext): readonly FindingDraft[] {
  return [...projectFindings(look, context), ...userFindings(look, context), ...placeFindings(look, context)];
}

function projectFindings(look: IdentityLook, context: PlanContext): readonly FindingDraft[] {
  const { observed, recorded } = look;
  // One that is not managed any more can be read and not be used.
  const left = recorded.projects
    .filter(({ openstackId }) => observed.unmanagedProjects.has(openstackId))
    .map(({ openstackId, name }) => ({ openstackId, name, enabled: false }));
  const found = compareProjects(recorded.projects, [...observed.projects, ...left], observed.goneProjects);
  const mass = massOfProjects(look, context);
  const isInScope = (row: RecordedProject): boolean => context.isEverything || context.projects.has(row.openstackId);
  return [
    // First, since their names may be what others wait for.
    ...found.gone.filter(isInScope).flatMap((row) => goneProject(look, row, mass.has(row), context)),
    ...found.differing
      .filter(({ row }) => isInScope(row))
      .map(({ row, differences }) =>
        drift(
          look,
          { type: 'project', resourceId: row.id, openstackId: row.openstackId, projectId: row.id },
          differences,
        ),
      ),
    ...(context.isEverything ? found.unknown : []).map(({ openstackId, name, enabled }) =>
      unknown(look, 'project', openstackId, null, { name, enabled }),
    ),
  ];
}

function massOfProjects({ observed, recorded }: IdentityLook, { policies }: PlanContext): ReadonlySet<RecordedProject> {
  // One that is disabled is dealt with, as far as it goes without a confirmation.
  const live = recorded.projects.filter(({ enabled }) => enabled);
  return massOf(
    {
      gone: live.filter(({ openstackId }) => observed.goneProjects.has(openstackId)),
      live: live.length,
      nameOf: ({ name }) => name,
      seenNames: observed.projects.map(({ name }) => name),
    },
    policies,
  );
}

function goneProject(
  look: IdentityLook,
  row: RecordedProject,
  isMass: boolean,
  { policies }: PlanContext,
): readonly FindingDraft[] {
  const count = look.left.get(row.id) ?? 0;
  const seenAt = row.observedAt ?? look.recorded.now;
  const isOver = look.recorded.now.getTime() - seenAt.getTime() >= policies.missingGraceSeconds * 1000;
  const isReplaced = hasSuccessor(row, look.observed);
  const tombstones = count === 0 && (isReplaced || (isOver && policies.missing === 'tombstone'));
  const action = tombstones ? 'TOMBSTONE' : row.enabled || isReplaced ? 'MARK_MISSING' : null;
  return [
    {
      type: isMass ? 'MASS_MISSING' : isOver || isReplaced ? 'DELETED_OUTSIDE' : 'MISSING',
      resourceType: 'project',
      resourceId: row.id,
      openstackId: row.openstackId,
      projectId: row.id,
      ...differing({ enabled: row.enabled, is_deleted: false }, { enabled: false, is_deleted: tombstones }),
      action,
      allowed: action !== null && !isMass,
      reason: isMass
        ? massReason
        : isReplaced && count === 0
          ? 'Another project of that name has taken its place in Keystone.'
          : goneReason(count, isOver, policies.missing === 'mark', policies.missingGraceSeconds),
      evidence: look.evidence,
      firstSeenAt: null,
    },
  ];
}

/** Whether another project has the name of this one now. */
export function hasSuccessor(
  { name, openstackId }: Pick<RecordedProject, 'name' | 'openstackId'>,
  { projects }: Pick<ObservedIdentity, 'projects'>,
): boolean {
  return projects.some((one) => one.openstackId !== openstackId && one.name.toLowerCase() === name.toLowerCase());
}

const massReason = 'So many are missing at once that the view may be wrong. Look, then apply with confirm_mass_change.';

function goneReason(count: number, isOver: boolean, marks: boolean, graceSeconds: number): string | null {
  if (count > 0)
    return `Keystone has deleted the project, while ${String(count)} things live in it here: it can be read and not be used.`;
  if (marks) return 'The policy is to mark missing rows, not to delete them.';
  return isOver
    ? null
    : `The row is deleted when the project is still gone ${String(graceSeconds)} s after it was last seen.`;
}

function userFindings(look: IdentityLook, context: PlanContext): readonly FindingDraft[] {
  if (!context.isEverything) return [];
  const { observed, recorded } = look;
  const found = compareUsers(recorded.users, observed.users, observed.goneUsers);
  // Who is an admin there is not to be seen in a project that does not show, nor in roles that were not read to their end.
  const keepsAdmins = massOfProjects(look, context).size > 0 || !observed.arePlacesComplete;
  const mass = massOf(
    {
      gone: recorded.users.filter(({ openstackId }) => observed.goneUsers.has(openstackId)),
      live: recorded.users.length,
      nameOf: ({ accountId }) => accountId,
      seenNames: observed.users.map(({ accountId }) => accountId),
    },
    context.policies,
  );
  return [
    // First, since the accounts may be what others wait for.
    ...found.gone.map((row): FindingDraft => ({
      type: mass.has(row) ? 'MASS_MISSING' : 'DELETED_OUTSIDE',
      resourceType: 'user',
      resourceId: row.id,
      openstackId: row.openstackId,
      projectId: null,
      before: { is_deleted: false },
      after: { is_deleted: true },
      action: 'TOMBSTONE',
      allowed: !mass.has(row),
      reason: mass.has(row) ? massReason : null,
      evidence: look.evidence,
      firstSeenAt: null,
    })),
    ...found.differing
      // Who lost a role is not to be told from who was not listed.
      .filter(
        ({ row }) => observed.arePlacesComplete || observed.users.some((one) => one.openstackId === row.openstackId),
      )
      .map(({ row, differences }) => ({
        row,
        differences: differences.filter(({ field, ours }) => !(keepsAdmins && field === 'is_admin' && ours === true)),
      }))
      .filter(({ differences }) => differences.length > 0)
      .map(({ row, differences }) =>
        drift(look, { type: 'user', resourceId: row.id, openstackId: row.openstackId, projectId: null }, differences),
      ),
    ...found.unknown.map(({ openstackId, accountId, enabled, isAdmin }) =>
      unknown(look, 'user', openstackId, null, { account_id: accountId, enabled, is_admin: isAdmin }),
    ),
  ];
}

function placeFindings(look: IdentityLook, context: PlanContext): readonly FindingDraft[] {
  const { observed, recorded } = look;
  if (!observed.arePlacesComplete) return [];
  const gone = new Set([...observed.goneUsers, ...observed.goneProjects]);
  const rows = recorded.places.map((row) => ({ ...row, isBusy: row.isBusy || isBusyPlace(look, row) }));
  const found = comparePlaces(rows, observed.places);
  const isInScope = (project: string): boolean => context.isEverything || context.projects.has(project);
  return [
    ...found.differing
      .filter(({ row }) => isInScope(row.projectOpenstackId))
      .map(({ row, differences }) =>
        drift(
          look,
          { type: 'project_user', resourceId: row.id, openstackId: null, projectId: row.projectId },
          differences,
        ),
      ),
    ...found.unknown
      .filter((place) => isInScope(place.project) && !isBusyUnknown(look, place))
      .map(({ user, project, role }) =>
        unknown(look, 'project_user', null, context.projects.get(project)?.id ?? null, { user, project, role }),
      ),
    // Those of people and projects that are gone go with them.
    ...found.gone
      .filter((row) => isInScope(row.projectOpenstackId))
      .filter(({ userOpenstackId, projectOpenstackId }) => !gone.has(userOpenstackId) && !gone.has(projectOpenstackId))
      .filter(({ projectOpenstackId }) => !observed.unmanagedProjects.has(projectOpenstackId))
      .map((row): FindingDraft => ({
        type: 'DELETED_OUTSIDE',
        resourceType: 'project_user',
        resourceId: row.id,
        openstackId: null,
        projectId: row.projectId,
        before: { user: row.userOpenstackId, project: row.projectOpenstackId, role: row.role },
        after: null,
        action: 'TOMBSTONE',
        allowed: true,
        reason: null,
        evidence: look.evidence,
        firstSeenAt: null,
      })),
  ];
}

function isBusyPlace({ recorded }: IdentityLook, { userId, projectId }: RecordedPlace): boolean {
  return recorded.busyPlaces.some((busy) => busy.userId === userId && busy.projectId === projectId);
}

function isBusyUnknown({ recorded }: IdentityLook, { user, project }: SeenPlace): boolean {
  const userRow = recorded.users.find(({ openstackId }) => openstackId === user);
  const projectRow = recorded.projects.find(({ openstackId }) => openstackId === project);
  if (userRow?.isBusy === true) return true;
  return recorded.busyPlaces.some((busy) => busy.userId === userRow?.id && busy.projectId === projectRow?.id);
}

interface Subject {
  readonly type: IdentityType;
  readonly resourceId: number;
  readonly openstackId: string | null;
  readonly projectId: number | null;
}

function drift(
  { evidence }: IdentityLook,
  { type, ...subject }: Subject,
  differences: readonly Difference[],
): FindingDraft {
  const side = (which: 'ours' | 'theirs'): Facts =>
    Object.fromEntries(differences.map((difference) => [difference.field, difference[which]]));
  return {
    ...subject,
    type: 'FIELD_DRIFT',
    resourceType: type,
    before: side('ours'),
    after: side('theirs'),
    action: 'FOLLOW',
    allowed: true,
    reason: null,
    evidence,
    firstSeenAt: null,
  };
}

/** People, projects and members are taken in whatever the policy on unmanaged resources says: without them nobody can log in. */
function unknown(
  { evidence }: IdentityLook,
  resourceType: IdentityType,
  openstackId: string | null,
  projectId: number | null,
  after: Facts,
): FindingDraft {
  return {
    type: 'UNMANAGED',
    resourceType,
    resourceId: null,
    openstackId,
    projectId,
    before: null,
    after,
    action: 'ADOPT',
    allowed: true,
    reason: null,
    evidence,
    firstSeenAt: null,
  };
}
