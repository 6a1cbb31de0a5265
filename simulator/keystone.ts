import type { Cloud } from './cloud.js';
import { authenticate, listOwnProjects, revokeToken, showCatalogue, showToken } from './keystone-auth.js';
import { keystoneError, unauthenticated } from './keystone-errors.js';
import * as projects from './keystone-projects.js';
import * as roles from './keystone-roles.js';
import * as users from './keystone-users.js';
import { Refusal, Router, type Answer, type Call } from './wire.js';
import type { TokenCall } from './token-call.js';

const authenticated = new Router<TokenCall>()
  .on('GET /v3/auth/tokens', showToken)
  .on('HEAD /v3/auth/tokens', showToken)
  .on('DELETE /v3/auth/tokens', revokeToken)
  .on('GET /v3/auth/projects', listOwnProjects)
  .on('GET /v3/auth/catalog', showCatalogue)
  .on('GET /v3/domains', projects.listDomains)
  .on('GET /v3/domains/{id}', projects.showDomain)
  .on('GET /v3/projects', projects.listProjects)
  .on('POST /v3/projects', projects.createProject)
  .on('GET /v3/projects/{id}', projects.showProject)
  .on('PATCH /v3/projects/{id}', projects.changeProject)
  .on('DELETE /v3/projects/{id}', projects.deleteProject)
  .on('GET /v3/users', users.listUsers)
  .on('POST /v3/users', users.createUser)
  .on('GET /v3/users/{id}', users.showUser)
  .on('PATCH /v3/users/{id}', users.changeUser)
  .on('DELETE /v3/users/{id}', users.deleteUser)
  .on('GET /v3/users/{id}/projects', users.listProjectsOf)
  .on('GET /v3/roles', roles.listRoles)
  .on('GET /v3/roles/{id}', roles.showRole)
  .on('GET /v3/role_assignments', roles.listAssignments)
  .on('GET /v3/projects/{id}/users/{user}/roles', roles.listRolesOn)
  .on('PUT /v3/projects/{id}/users/{user}/roles/{role}', roles.assign)
  .on('HEAD /v3/projects/{id}/users/{user}/roles/{role}', roles.checkAssignment)
  .on('GET /v3/projects/{id}/users/{user}/roles/{role}', roles.checkAssignment)
  .on('DELETE /v3/projects/{id}/users/{user}/roles/{role}', roles.unassign);

export function keystone(cloud: Cloud, call: Call): Answer {
  const { method, path, origin, token } = call;
  if (method === 'GET' && (path === '' || path === '/'))
    return { status: 300, body: { versions: { values: [version(origin)] } } };
  if (method === 'GET' && (path === '/v3' || path === '/v3/'))
    return { status: 200, body: { version: version(origin) } };
  if (call.hasBrokenBody) {
    const text =
      'Expecting to find valid JSON in request body. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.';
    throw new Refusal(keystoneError(400, text));
  }
  if (method === 'POST' && path === '/v3/auth/tokens') return authenticate(cloud, call);
  if (/^\/v3\/users\/[^/]+\/password$/.test(path) && method === 'POST') return users.changePassword(cloud, call);
  const handle = authenticated.find(method, path);
  if (handle === null) return { status: 404, body: nowhere, headers: { 'Content-Type': 'text/html; charset=utf-8' } };
  if (token === null) return unauthenticated(origin);
  return handle({ ...call, cloud, token });
}

const nowhere =
  '<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>\n';

function version(origin: string): Readonly<Record<string, unknown>> {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${origin}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}
