import type { Cloud } from './cloud.js';
import type { Json } from './json.js';
import { notFound } from './keystone-errors.js';
import { requireAdmin } from './keystone-projects.js';
import { identityList, roleView } from './keystone-views.js';
import type { TokenCall } from './token-call.js';
import type { Assignment, Role } from './model.js';
import { withImplied } from './tokens.js';
import { empty, ok, type Answer } from './wire.js';

export function listRoles(call: TokenCall): Answer {
  requireAdmin(call, 'list_roles');
  const name = call.query.get('name');
  const roles = [...call.cloud.roles.values()].filter((role) => name === null || role.name === name);
  return ok(
    identityList(
      'roles',
      roles.map((role) => roleView(role, call.origin)),
      call,
    ),
  );
}

export function showRole(call: TokenCall, id: string): Answer {
  requireAdmin(call, 'get_role');
  const role = call.cloud.roles.get(id);
  if (role === undefined) throw notFound('role', id);
  return ok({ role: roleView(role, call.origin) });
}

/** With `effective` implied roles are rows too, and what is asked about must be there. */
export function listAssignments(call: TokenCall): Answer {
  requireAdmin(call, 'list_role_assignments');
  const { cloud, query } = call;
  const [projectId, userId, roleId] = [query.get('scope.project.id'), query.get('user.id'), query.get('role.id')];
  const isEffective = query.has('effective') && query.get('effective')?.toLowerCase() !== 'false';
  if (isEffective && projectId !== null && !cloud.projects.has(projectId)) throw notFound('project', projectId);
  if (isEffective && userId !== null && !cloud.users.has(userId)) throw notFound('user', userId);
  const rows = cloud.assignments
    .filter((assignment) => projectId === null || assignment.projectId === projectId)
    .filter((assignment) => userId === null || assignment.userId === userId)
    .filter(() => !query.has('group.id'))
    .filter((assignment) => !query.has('scope.system') || assignment.projectId === null)
    .filter((assignment) => isEffective || !assignment.isInherited)
    .flatMap((assignment) => expanded(cloud, assignment, isEffective))
    .filter(({ role }) => roleId === null || role.id === roleId);
  return ok(
    identityList(
      'role_assignments',
      rows.map((row) => assignmentView(call, row)),
      call,
    ),
  );
}

interface Row {
  readonly assignment: Assignment;
  readonly role: Role;
}

function expanded(cloud: Cloud, assignment: Assignment, isEffective: boolean): Row[] {
  const roles = withImplied(cloud, assignment.roleId);
  return (isEffective ? roles : roles.slice(0, 1)).map((role) => ({ assignment, role }));
}

function assignmentView({ cloud, query, origin }: TokenCall, { assignment, role }: Row): Json {
  const { userId, projectId, roleId } = assignment;
  const hasNames = query.has('include_names') && query.get('include_names')?.toLowerCase() !== 'false';
  const [user, project] = [cloud.users.get(userId), cloud.projects.get(projectId ?? '')];
  const domain = (id: string | undefined): Json => ({ id, name: cloud.domains.get(id ?? '')?.name });
  const named = (id: string, name: string | undefined, domainId: string | undefined): Json =>
    hasNames ? { id, name, domain: domain(domainId) } : { id };
  const place = projectId === null ? 'system' : `projects/${projectId}`;
  return {
    links: { assignment: `${origin}/identity/v3/${place}/users/${userId}/roles/${roleId}` },
    scope:
      projectId === null ? { system: { all: true } } : { project: named(projectId, project?.name, project?.domainId) },
    user: named(userId, user?.name, user?.domainId),
    role: hasNames ? { id: role.id, name: role.name } : { id: role.id },
  };
}

export function listRolesOn(call: TokenCall, projectId: string, userId: string): Answer {
  requireAdmin(call, 'list_grants');
  requireParts(call.cloud, projectId, userId);
  const roles = call.cloud.assignments
    .filter((one) => one.projectId === projectId && one.userId === userId && !one.isInherited)
    .flatMap(({ roleId }) => call.cloud.roles.get(roleId) ?? []);
  return ok(
    identityList(
      'roles',
      roles.map((role) => roleView(role, call.origin)),
      call,
    ),
  );
}

/** May be repeated. */
export function assign(call: TokenCall, projectId: string, userId: string, roleId: string): Answer {
  requireAdmin(call, 'create_grant');
  const { cloud } = call;
  requireParts(cloud, projectId, userId, roleId);
  if (findAssignment(cloud, projectId, userId, roleId) === undefined) {
    cloud.assignments.push({ userId, roleId, projectId, isInherited: false });
  }
  return empty();
}

export function checkAssignment(call: TokenCall, projectId: string, userId: string, roleId: string): Answer {
  requireAdmin(call, 'check_grant');
  requireParts(call.cloud, projectId, userId, roleId);
  requireAssignment(call.cloud, projectId, userId, roleId);
  return empty();
}

/** A role that comes another way stays, and is 404 here. */
export function unassign(call: TokenCall, projectId: string, userId: string, roleId: string): Answer {
  requireAdmin(call, 'revoke_grant');
  const { cloud } = call;
  requireParts(cloud, projectId, userId, roleId);
  const assignment = requireAssignment(cloud, projectId, userId, roleId);
  cloud.assignments = cloud.assignments.filter((other) => other !== assignment);
  return empty();
}

function findAssignment(cloud: Cloud, projectId: string, userId: string, roleId: string): Assignment | undefined {
  return cloud.assignments.find(
    (one) => one.projectId === projectId && one.userId === userId && one.roleId === roleId && !one.isInherited,
  );
}

function requireAssignment(cloud: Cloud, projectId: string, userId: string, roleId: string): Assignment {
  const found = findAssignment(cloud, projectId, userId, roleId);
  const text = `${roleId}, user or group: ${userId}, project, domain, or system: ${projectId}`;
  if (found === undefined) throw notFound('role assignment with role', text);
  return found;
}

function requireParts(cloud: Cloud, projectId: string, userId: string, roleId?: string): void {
  if (roleId !== undefined && !cloud.roles.has(roleId)) throw notFound('role', roleId);
  if (!cloud.users.has(userId)) throw notFound('user', userId);
  if (!cloud.projects.has(projectId)) throw notFound('project', projectId);
}
