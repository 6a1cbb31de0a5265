import type { Role } from '../common/principal.js';
import type { ObservedProject, RoleAssignment } from '../project/project.client.js';
import type { ServiceAccount } from './service-account.client.js';

/** Settings that say which projects matter: names or OpenStack ids. */
export interface IdentityRules {
  readonly managedProjects: readonly string[];
  readonly adminProjects: readonly string[];
}

const neverManaged = new Set(['admin', 'service']);
const memberRoles = new Set(['member', '_member_', 'manager', 'admin']);

/** What a role of Keystone's makes a person in a project; null: nothing. */
export function placeOf(roleName: string): 'member' | 'reader' | null {
  const role = roleName.toLowerCase();
  return memberRoles.has(role) ? 'member' : role === 'reader' ? 'reader' : null;
}

/** Whether it is a role that members give each other, and may take away again. */
export function isGivenHere(roleName: string): boolean {
  return ['member', '_member_', 'reader'].includes(roleName.toLowerCase());
}

function isNamed(project: ObservedProject, names: readonly string[]): boolean {
  return names.includes(project.openstackId) || names.includes(project.name);
}

/** The projects that this installation works in: the ones named, else all of the domain but `admin` and `service`. */
export function managedProjects(
  projects: readonly ObservedProject[],
  rules: IdentityRules,
): readonly ObservedProject[] {
  return rules.managedProjects.length === 0
    ? projects.filter((project) => !neverManaged.has(project.name))
    : projects.filter((project) => isNamed(project, rules.managedProjects));
}

/** OpenStack ids of the projects on which role `admin` makes a person an admin here. */
export function adminProjectIds(
  projects: readonly ObservedProject[],
  rules: IdentityRules,
  account: ServiceAccount,
): ReadonlySet<string> {
  if (rules.adminProjects.length === 0) return new Set([account.projectId]);
  return new Set(
    projects.filter((project) => isNamed(project, rules.adminProjects)).map(({ openstackId }) => openstackId),
  );
}

/** Who is what, by OpenStack's ids. */
export interface Roles {
  readonly admins: ReadonlySet<string>;
  /** User → project → role; only managed projects. */
  readonly places: ReadonlyMap<string, ReadonlyMap<string, Role>>;
}

/**
 * Reads Keystone's assignments. Role `member`, or one that implies it, changes things; `reader` reads; others count for nothing. The
 * service account's own `member` is our doing and makes it no member.
 */
export function rolesOf(
  assignments: readonly RoleAssignment[],
  managedIds: ReadonlySet<string>,
  adminIds: ReadonlySet<string>,
  account: ServiceAccount,
): Roles {
  const admins = new Set<string>();
  const places = new Map<string, Map<string, Role>>();
  const theirs = assignments.map((assignment) => ({ ...assignment, role: assignment.roleName.toLowerCase() }));
  const own = new Set(
    theirs
      .filter(({ userId, role }) => userId === account.userId && role === 'admin')
      .map(({ projectId }) => projectId),
  );
  for (const { userId, projectId, role, system } of theirs) {
    const isAdmin = role === 'admin' && (system || (projectId !== null && adminIds.has(projectId)));
    if (isAdmin) admins.add(userId);
    const isOurDoing = userId === account.userId && !own.has(projectId);
    if (projectId === null || !managedIds.has(projectId) || isOurDoing) continue;
    const here = placeOf(role);
    if (here === null) continue;
    const ofUser = places.get(userId) ?? new Map<string, Role>();
    if (ofUser.get(projectId) !== 'member') ofUser.set(projectId, here);
    places.set(userId, ofUser);
  }
  return { admins, places };
}

/** Managed projects in which the service account has no `member` yet, and so could not do anything. */
export function projectsToJoin(
  managed: readonly ObservedProject[],
  assignments: readonly RoleAssignment[],
  account: ServiceAccount,
): readonly ObservedProject[] {
  const joined = new Set(
    assignments
      .filter(({ userId, roleName }) => userId === account.userId && roleName.toLowerCase() === 'member')
      .map(({ projectId }) => projectId),
  );
  return managed.filter(({ openstackId, enabled }) => enabled && !joined.has(openstackId));
}
