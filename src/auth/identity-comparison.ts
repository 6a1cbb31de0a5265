import type { Role } from '../common/principal.js';
import { openstackName } from '../openstack/openstack-name.js';
import { isMassMissing } from '../reconciliation/judgement.js';
import type { Difference } from '../reconciliation/marked-resource.js';
import type { Policies } from '../reconciliation/policy.js';
import type { ProjectFacts } from '../project/project.repository.js';
import type { UserFacts } from '../user/user.repository.js';

/** Whether a row can be judged: an operation holds it, or it was changed after Keystone was asked. */
interface Recorded {
  readonly id: number;
  readonly isBusy: boolean;
}

export interface RecordedProject extends Recorded {
  readonly openstackId: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly observedAt: Date | null;
}

export interface RecordedUser extends Recorded {
  readonly openstackId: string;
  readonly accountId: string;
  readonly enabled: boolean;
  readonly isAdmin: boolean;
  readonly observedAt: Date | null;
}

export interface RecordedPlace extends Recorded {
  readonly userId: number;
  readonly projectId: number;
  readonly userOpenstackId: string;
  readonly projectOpenstackId: string;
  readonly role: Role;
}

export interface SeenPlace {
  readonly user: string;
  readonly project: string;
  readonly role: Role;
}

/** Rows that are gone, beside what else there is. */
interface Gone<Row> {
  readonly gone: readonly Row[];
  /** How many live rows there are, these among them. */
  readonly live: number;
  readonly nameOf: (row: Row) => string;
  /** Names that Keystone shows. */
  readonly seenNames: readonly string[];
}

/**
 * Those who are gone so many at once that the view may be wrong; nobody where they are few. Whose name another one bears now is gone
 * indeed.
 */
export function massOf<Row>({ gone, live, nameOf, seenNames }: Gone<Row>, policies: Policies): ReadonlySet<Row> {
  const borne = new Set(seenNames.map((name) => name.toLowerCase()));
  const doubtful = gone.filter((row) => !borne.has(nameOf(row).toLowerCase()));
  return new Set(isMassMissing({ missing: doubtful.length, live }, policies) ? doubtful : []);
}

/** What Keystone says of rows that are there, of things that have no row, and which rows stand for nothing any more. */
export interface IdentityDifferences<Row, Seen> {
  readonly differing: readonly { readonly row: Row; readonly differences: readonly Difference[] }[];
  readonly unknown: readonly Seen[];
  readonly gone: readonly Row[];
}

export function compareProjects(
  rows: readonly RecordedProject[],
  seen: readonly ProjectFacts[],
  gone: ReadonlySet<string>,
): IdentityDifferences<RecordedProject, ProjectFacts> {
  return compared(rows, seen, ({ openstackId }) => openstackId, {
    differences: (row, facts) => [
      // Ours may have letters that Keystone does not take.
      ...(openstackName(row.name) === openstackName(facts.name) ? [] : differs('name', row.name, facts.name)),
      ...differs('enabled', row.enabled, facts.enabled),
    ],
    isGone: ({ openstackId }) => gone.has(openstackId),
  });
}

export function compareUsers(
  rows: readonly RecordedUser[],
  seen: readonly UserFacts[],
  gone: ReadonlySet<string>,
): IdentityDifferences<RecordedUser, UserFacts> {
  const listed = new Set(seen.map(({ openstackId }) => openstackId));
  // Who has no role any more is not among those that are seen.
  const roleless = rows
    .filter(({ openstackId, isAdmin }) => isAdmin && !listed.has(openstackId) && !gone.has(openstackId))
    .map(({ openstackId, accountId, enabled }) => ({ openstackId, accountId, enabled, isAdmin: false }));
  return compared(rows, [...seen, ...roleless], ({ openstackId }) => openstackId, {
    differences: (row, facts) => [
      ...differs('account_id', row.accountId, facts.accountId),
      ...differs('enabled', row.enabled, facts.enabled),
      ...differs('is_admin', row.isAdmin, facts.isAdmin),
    ],
    isGone: ({ openstackId }) => gone.has(openstackId),
  });
}

/** Of people and projects that have rows; those of others come with them. */
export function comparePlaces(
  rows: readonly RecordedPlace[],
  seen: readonly SeenPlace[],
): IdentityDifferences<RecordedPlace, SeenPlace> {
  const keyOf = (place: RecordedPlace | SeenPlace): string =>
    'user' in place ? `${place.user} ${place.project}` : `${place.userOpenstackId} ${place.projectOpenstackId}`;
  const there = new Set(seen.map(keyOf));
  return compared(rows, seen, keyOf, {
    differences: (row, { role }) => differs('role', row.role, role),
    isGone: (row) => !there.has(keyOf(row)),
  });
}

function compared<Row extends Recorded, Seen>(
  rows: readonly Row[],
  seen: readonly Seen[],
  keyOf: (one: Row | Seen) => string,
  {
    differences,
    isGone,
  }: { differences: (row: Row, one: Seen) => readonly Difference[]; isGone: (row: Row) => boolean },
): IdentityDifferences<Row, Seen> {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const pairs = seen.map((one) => ({ one, row: byKey.get(keyOf(one)) }));
  return {
    differing: pairs.flatMap(({ one, row }) => {
      if (row === undefined || row.isBusy) return [];
      const found = differences(row, one);
      return found.length === 0 ? [] : [{ row, differences: found }];
    }),
    unknown: pairs.flatMap(({ one, row }) => (row === undefined ? [one] : [])),
    gone: rows.filter((row) => !row.isBusy && isGone(row)),
  };
}

function differs(field: string, ours: Difference['ours'], theirs: Difference['theirs']): readonly Difference[] {
  return ours === theirs ? [] : [{ field, ours, theirs, kind: 'field' }];
}
