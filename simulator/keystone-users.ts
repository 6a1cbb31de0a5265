import { bareUuid, type Cloud } from './cloud.js';
import { flagOf, objectOf, shown, textOf } from './json.js';
import { fold } from './keystone-auth.js';
import { conflict, expecting, forbidden, invalid, notFound, unauthenticated } from './keystone-errors.js';
import { requireAdmin } from './keystone-projects.js';
import { identityList, projectView, userView } from './keystone-views.js';
import type { TokenCall } from './token-call.js';
import type { User } from './model.js';
import { hasRole, revokeTokensOf, rolesOf } from './tokens.js';
import { empty, hasWideCharacter, ok, Refusal, type Answer, type Call } from './wire.js';

export function listUsers(call: TokenCall): Answer {
  requireAdmin(call, 'list_users');
  const { cloud, query, origin } = call;
  const [domainId, name, enabled] = [query.get('domain_id'), query.get('name'), query.get('enabled')];
  const found = [...cloud.users.values()]
    .filter((user) => domainId === null || user.domainId === domainId)
    .filter((user) => name === null || fold(user.name) === fold(name))
    .filter((user) => enabled === null || user.enabled === (enabled.toLowerCase() === 'true'));
  const views = found.map((user) => userView(user, origin));
  return ok(identityList('users', views, call, cloud.settings.identity_list_limit));
}

export function showUser(call: TokenCall, id: string): Answer {
  if (call.token.userId !== id) requireAdmin(call, 'get_user');
  return ok({ user: userView(userWith(call.cloud, id), call.origin) });
}

export function createUser(call: TokenCall): Answer {
  requireAdmin(call, 'create_user');
  const { cloud, origin } = call;
  const given = objectOf(call.body, 'user');
  const name = textOf(given, 'name');
  if (name === null)
    throw invalid(`Invalid input for field/attribute user. Value: ${shown(given)}. 'name' is a required property`);
  refuseWide(name);
  const domainId = textOf(given, 'domain_id') ?? 'default';
  requireFreeName(cloud, name, domainId, null);
  const password = textOf(given, 'password');
  if (password !== null) checkPassword(cloud, password);
  const user: User = {
    id: bareUuid(),
    name,
    domainId,
    password: password ?? '',
    enabled: flagOf(given, 'enabled') ?? true,
    description: textOf(given, 'description'),
    email: textOf(given, 'email'),
    defaultProjectId: textOf(given, 'default_project_id'),
    passwordProblem: null,
    revokedUntil: 0,
  };
  cloud.users.set(user.id, user);
  return { ...ok({ user: userView(user, origin) }, 201), created: user.id };
}

export function changeUser(call: TokenCall, id: string): Answer {
  requireAdmin(call, 'update_user');
  const { cloud, origin } = call;
  const user = userWith(cloud, id);
  const given = objectOf(call.body, 'user');
  const [name, password] = [textOf(given, 'name'), textOf(given, 'password')];
  if (name !== null) {
    refuseWide(name);
    requireFreeName(cloud, name, user.domainId, id);
    user.name = name;
  }
  user.enabled = flagOf(given, 'enabled') ?? user.enabled;
  user.description = textOf(given, 'description') ?? user.description;
  user.email = textOf(given, 'email') ?? user.email;
  user.defaultProjectId = textOf(given, 'default_project_id') ?? user.defaultProjectId;
  if (password !== null) setPassword(cloud, user, password);
  return ok({ user: userView(user, origin) });
}

export function deleteUser(call: TokenCall, id: string): Answer {
  requireAdmin(call, 'delete_user');
  const { cloud } = call;
  cloud.users.delete(userWith(cloud, id).id);
  cloud.assignments = cloud.assignments.filter(({ userId }) => userId !== id);
  return empty();
}

/** One's own, by the old one; no token is needed. Ends all tokens of that user. */
export function changePassword(cloud: Cloud, call: Call): Answer {
  const id = call.path.split('/')[3] ?? '';
  const given = objectOf(call.body, 'user');
  const [before, after] = [textOf(given, 'original_password'), textOf(given, 'password')];
  if (before === null) throw expecting('original_password', 'user');
  if (after === null) throw expecting('password', 'user');
  const user = cloud.users.get(id);
  if (user?.enabled !== true || user.password !== before) throw new Refusal(unauthenticated(call.origin));
  setPassword(cloud, user, after);
  return empty();
}

export function listProjectsOf(call: TokenCall, id: string): Answer {
  const { cloud, token, origin } = call;
  if (token.userId !== id && !hasRole(cloud, token, 'admin')) throw forbidden('list_user_projects');
  const projects = [...cloud.projects.values()].filter(
    (project) => rolesOf(cloud, { userId: id, projectId: project.id, isSystem: false }).length > 0,
  );
  return ok(
    identityList(
      'projects',
      projects.map((project) => projectView(project, origin)),
      call,
    ),
  );
}

function setPassword(cloud: Cloud, user: User, password: string): void {
  checkPassword(cloud, password);
  user.password = password;
  user.passwordProblem = null;
  revokeTokensOf(cloud, user);
}

function checkPassword({ settings }: Cloud, password: string): void {
  if (password.length >= settings.password_min_length) return;
  const rule = `at least ${String(settings.password_min_length)} characters`;
  throw invalid(`The password does not match the requirements: ${rule}.`);
}

function userWith(cloud: Cloud, id: string): User {
  const user = cloud.users.get(id);
  if (user === undefined) throw notFound('user', id);
  return user;
}

function requireFreeName(cloud: Cloud, name: string, domainId: string, exceptId: string | null): void {
  for (const user of cloud.users.values()) {
    if (user.id === exceptId || user.domainId !== domainId || fold(user.name) !== fold(name)) continue;
    throw conflict('user', `Duplicate entry found with name ${name} at domain ID ${domainId}`);
  }
}

/** MySQL's utf8mb3 breaks the connection on such a name. */
function refuseWide(name: string): void {
  if (hasWideCharacter(name)) throw new Refusal({ status: 500, drop: true });
}
