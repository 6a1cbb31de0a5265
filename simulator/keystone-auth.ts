import { bareUuid, seededUuid, type Cloud } from './cloud.js';
import { expecting, keystoneError, notFound, unauthenticated } from './keystone-errors.js';
import type { TokenCall } from './token-call.js';
import { isRecord, listOf, objectOf, textOf, type Json } from './json.js';
import { projectView } from './keystone-views.js';
import type { Token, User } from './model.js';
import { region } from './seed-names.js';
import { hasRole, issueToken, rolesOf, validToken } from './tokens.js';
import { empty, hasWideCharacter, ok, Refusal, type Answer, type Call, type Service } from './wire.js';

type Scope = Pick<Token, 'projectId' | 'isSystem'>;

export function authenticate(cloud: Cloud, call: Call): Answer {
  const auth = objectOf(call.body, 'auth');
  if (!isRecord(call.body) || !isRecord(call.body['auth'])) throw expecting('auth', 'request body');
  const identity = objectOf(auth, 'identity');
  if (!isRecord(auth['identity'])) throw expecting('identity', 'auth');
  const { user, methods } = identified(cloud, call, identity);
  const token = issueToken(cloud, user, wantedScope(cloud, call, auth, user));
  return {
    status: 201,
    body: { token: tokenView(cloud, token, call, methods) },
    headers: { 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' },
  };
}

function identified(cloud: Cloud, call: Call, identity: Json): { readonly user: User; readonly methods: string[] } {
  const methods = listOf(identity, 'methods');
  if (methods.includes('token')) {
    const token = validToken(cloud, textOf(objectOf(identity, 'token'), 'id') ?? '');
    const user = token === null ? undefined : cloud.users.get(token.userId);
    if (user === undefined) throw new Refusal(unauthenticated(call.origin));
    return { user, methods: ['token', 'password'] };
  }
  const [method] = methods;
  if (method !== 'password') throw expecting(typeof method === 'string' ? method : 'methods', 'identity');
  return { user: passwordUser(cloud, call, objectOf(objectOf(identity, 'password'), 'user')), methods: ['password'] };
}

function passwordUser(cloud: Cloud, call: Call, given: Json): User {
  const [userId, name, password] = [textOf(given, 'id'), textOf(given, 'name'), textOf(given, 'password')];
  if (userId === null && name === null) throw expecting('id', 'user');
  if (userId === null && !isRecord(given['domain'])) throw expecting('domain', 'user');
  // MySQL's utf8mb3 breaks the connection on such a name.
  if (name !== null && hasWideCharacter(name)) throw new Refusal({ status: 500, drop: true });
  const user = userId === null ? byName(cloud, name ?? '', objectOf(given, 'domain')) : cloud.users.get(userId);
  if (user === undefined || !user.enabled || password === null || !isSame(user.password, password)) {
    throw new Refusal(unauthenticated(call.origin));
  }
  if (user.passwordProblem !== null) throw new Refusal(unauthenticated(call.origin, user.passwordProblem));
  return user;
}

/** Keystone cuts both at 72 bytes, with no error. */
function isSame(known: string, given: string): boolean {
  const cut = (text: string): Buffer => Buffer.from(text).subarray(0, 72);
  return given !== '' && cut(known).equals(cut(given));
}

function byName(cloud: Cloud, name: string, domain: Json): User | undefined {
  const domainId = domainOf(cloud, domain);
  return [...cloud.users.values()].find((user) => user.domainId === domainId && fold(user.name) === fold(name));
}

function domainOf(cloud: Cloud, domain: Json): string | null {
  const id = textOf(domain, 'id');
  if (id !== null) return id;
  return [...cloud.domains.values()].find(({ name }) => name === textOf(domain, 'name'))?.id ?? null;
}

/** As MySQL compares names: without case and accents. */
export function fold(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

function wantedScope(cloud: Cloud, call: Call, auth: Json, user: User): Scope {
  const scope = auth['scope'];
  if (scope === 'unscoped' || (isRecord(scope) && 'unscoped' in scope)) return { projectId: null, isSystem: false };
  if (isRecord(scope) && 'system' in scope) return granted(cloud, call, user, { projectId: null, isSystem: true });
  if (isRecord(scope)) {
    const projectId = projectOf(cloud, objectOf(scope, 'project'));
    if (projectId === null) throw new Refusal(unauthenticated(call.origin));
    return granted(cloud, call, user, { projectId, isSystem: false });
  }
  const home = { projectId: user.defaultProjectId, isSystem: false };
  const isUsable = home.projectId !== null && cloud.projects.get(home.projectId)?.enabled === true;
  const hasHome = isUsable && rolesOf(cloud, { userId: user.id, ...home }).length > 0;
  return hasHome ? home : { projectId: null, isSystem: false };
}

function projectOf(cloud: Cloud, project: Json): string | null {
  const id = textOf(project, 'id');
  if (id !== null) return id;
  const name = textOf(project, 'name');
  const domainId = domainOf(cloud, objectOf(project, 'domain'));
  if (name === null) return null;
  return [...cloud.projects.values()].find((p) => p.domainId === domainId && fold(p.name) === fold(name))?.id ?? null;
}

function granted(cloud: Cloud, call: Call, user: User, scope: Scope): Scope {
  const isUsable = scope.projectId === null || cloud.projects.get(scope.projectId)?.enabled === true;
  if (!isUsable || rolesOf(cloud, { userId: user.id, ...scope }).length === 0) {
    throw new Refusal(unauthenticated(call.origin));
  }
  return scope;
}

function tokenView(cloud: Cloud, token: Token, call: Call, methods: readonly string[]): Json {
  const user = cloud.users.get(token.userId);
  const domain = (id: string | undefined): Json => ({ id, name: cloud.domains.get(id ?? '')?.name ?? null });
  const project = token.projectId === null ? undefined : cloud.projects.get(token.projectId);
  const view = {
    methods,
    user: { domain: domain(user?.domainId), id: token.userId, name: user?.name, password_expires_at: null },
    audit_ids: [token.auditId],
    expires_at: micros(token.expiresAt),
    issued_at: micros(token.issuedAt),
  };
  if (project === undefined && !token.isSystem) return view;
  const roles = rolesOf(cloud, token).map(({ id, name }) => ({ id, name }));
  const scope =
    project === undefined
      ? { system: { all: true } }
      : { project: { domain: domain(project.domainId), id: project.id, name: project.name }, is_domain: false };
  const catalog = call.query.has('nocatalog') ? {} : { catalog: catalogue(call, token.projectId) };
  return { ...view, ...scope, roles, ...catalog };
}

/** Keystone knows whole seconds. */
function micros(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}.000000Z`;
}

function catalogue({ origin, origins }: Call, projectId: string | null): readonly Json[] {
  const at = (service: Service): string => `${origins?.[service] ?? origin}/${service}`;
  const entry = (type: string, name: string, url: string): Json => ({
    endpoints: ['admin', 'internal', 'public'].map((face) => ({
      id: bareUuid(seededUuid(`endpoint ${type} ${face}`)),
      interface: face,
      region_id: region,
      url,
      region,
    })),
    id: bareUuid(seededUuid(`service ${type}`)),
    type,
    name,
  });
  return [
    entry('identity', 'keystone', `${at('identity')}/v3`),
    entry('network', 'neutron', at('network')),
    entry('compute', 'nova', `${at('compute')}/v2.1`),
    entry('block-storage', 'cinder', `${at('volume')}/v3`),
    entry('volumev3', 'cinderv3', `${at('volume')}/v3/${projectId ?? ''}`),
    entry('image', 'glance', at('image')),
  ];
}

function subject(call: TokenCall): Token {
  const id = call.headers['x-subject-token'];
  const token = typeof id === 'string' ? validToken(call.cloud, id) : null;
  if (token === null) throw notFound('token', typeof id === 'string' ? id.slice(0, 12) : '');
  return token;
}

export function showToken(call: TokenCall): Answer {
  const token = subject(call);
  const { cloud } = call;
  if (token.userId !== call.token.userId && !hasRole(cloud, call.token, 'admin')) throw notFound('token', '');
  const view = call.method === 'HEAD' ? {} : { body: { token: tokenView(cloud, token, call, ['password']) } };
  return { status: 200, ...view, headers: { 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' } };
}

export function revokeToken(call: TokenCall): Answer {
  subject(call).isRevoked = true;
  return empty();
}

export function listOwnProjects(call: TokenCall): Answer {
  const { cloud, token, origin } = call;
  const own = [...cloud.projects.values()].filter(
    ({ id, enabled }) => enabled && rolesOf(cloud, { userId: token.userId, projectId: id, isSystem: false }).length > 0,
  );
  const links = { next: null, self: `${origin}/identity/v3/auth/projects`, previous: null };
  return ok({ projects: own.map((project) => projectView(project, origin)), links });
}

export function showCatalogue(call: TokenCall): Answer {
  if (call.token.projectId === null) {
    throw new Refusal(keystoneError(403, 'You are not authorized to perform the requested action.'));
  }
  const links = { self: `${call.origin}/identity/v3/auth/catalog` };
  return ok({ catalog: catalogue(call, call.token.projectId), links });
}
