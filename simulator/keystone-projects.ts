import { bareUuid, type Cloud } from './cloud.js';
import { flagOf, objectOf, textOf } from './json.js';
import { fold } from './keystone-auth.js';
import { conflict, expecting, forbidden, invalid, notFound } from './keystone-errors.js';
import { domainView, identityList, projectView } from './keystone-views.js';
import type { TokenCall } from './token-call.js';
import type { Project } from './model.js';
import { hasRole } from './tokens.js';
import { empty, ok, Refusal, type Answer } from './wire.js';

/** @throws the 403 that Keystone's policy gives to anyone else */
export function requireAdmin({ cloud, token }: TokenCall, action: string): void {
  if (!hasRole(cloud, token, 'admin')) throw forbidden(action);
}

export function listDomains(call: TokenCall): Answer {
  requireAdmin(call, 'list_domains');
  const domains = [...call.cloud.domains.values()].map((domain) => domainView(domain, call.origin));
  return ok(identityList('domains', domains, call));
}

export function showDomain(call: TokenCall, id: string): Answer {
  const { cloud, token, origin } = call;
  if (cloud.users.get(token.userId)?.domainId !== id) requireAdmin(call, 'get_domain');
  const domain = cloud.domains.get(id);
  if (domain === undefined) throw notFound('domain', id);
  return ok({ domain: domainView(domain, origin) });
}

export function listProjects(call: TokenCall): Answer {
  requireAdmin(call, 'list_projects');
  const { cloud, query, origin } = call;
  const [domainId, name, enabled] = [query.get('domain_id'), query.get('name'), query.get('enabled')];
  const found = [...cloud.projects.values()]
    .filter((project) => domainId === null || project.domainId === domainId)
    .filter((project) => name === null || fold(project.name) === fold(name))
    .filter((project) => enabled === null || project.enabled === (enabled.toLowerCase() === 'true'));
  const views = found.map((project) => projectView(project, origin));
  return ok(identityList('projects', views, call, cloud.settings.identity_list_limit));
}

export function showProject(call: TokenCall, id: string): Answer {
  if (call.token.projectId !== id) requireAdmin(call, 'get_project');
  return ok({ project: projectView(projectNamed(call, id), call.origin) });
}

export function createProject(call: TokenCall): Answer {
  requireAdmin(call, 'create_project');
  const { cloud, origin } = call;
  const given = objectOf(call.body, 'project');
  const name = textOf(given, 'name');
  if (name === null) throw expecting('name', 'project');
  const domainId = textOf(given, 'domain_id') ?? 'default';
  if (isTaken(cloud, name, domainId, null))
    throw conflict('project', `Duplicate entry found with name ${name} at domain ID ${domainId}`);
  const description = textOf(given, 'description') ?? '';
  const project: Project = { id: bareUuid(), name, domainId, description, enabled: flagOf(given, 'enabled') ?? true };
  cloud.projects.set(project.id, project);
  return { ...ok({ project: projectView(project, origin) }, 201), created: project.id };
}

export function changeProject(call: TokenCall, id: string): Answer {
  requireAdmin(call, 'update_project');
  const project = projectNamed(call, id);
  const given = objectOf(call.body, 'project');
  const name = textOf(given, 'name');
  if (name !== null) {
    if (name === '' || name.length > 64)
      throw invalid(
        `Invalid input for field/attribute name. Value: ${name}. '${name}' is too ${name === '' ? 'short' : 'long'}`,
      );
    // Keystone 2025.1 stumbles over the message of its own 409, and closes the connection.
    if (isTaken(call.cloud, name, project.domainId, id)) throw new Refusal({ status: 500, drop: true });
    project.name = name;
  }
  project.description = textOf(given, 'description') ?? project.description;
  project.enabled = flagOf(given, 'enabled') ?? project.enabled;
  return ok({ project: projectView(project, call.origin) });
}

export function deleteProject(call: TokenCall, id: string): Answer {
  requireAdmin(call, 'delete_project');
  const { cloud } = call;
  cloud.projects.delete(projectNamed(call, id).id);
  cloud.assignments = cloud.assignments.filter(({ projectId }) => projectId !== id);
  return empty();
}

function projectNamed({ cloud }: TokenCall, id: string): Project {
  const project = cloud.projects.get(id);
  if (project === undefined) throw notFound('project', id);
  return project;
}

function isTaken(cloud: Cloud, name: string, domainId: string, exceptId: string | null): boolean {
  return [...cloud.projects.values()].some(
    (project) => project.id !== exceptId && project.domainId === domainId && fold(project.name) === fold(name),
  );
}
