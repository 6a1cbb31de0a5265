import type { Json } from './json.js';
import type { Domain, Project, Role, User } from './model.js';
import type { Call } from './wire.js';

export function domainView(domain: Domain, origin: string): Json {
  const { id, name, description, enabled } = domain;
  const links = { self: `${origin}/identity/v3/domains/${id}` };
  return { id, name, description, enabled, tags: [], options: {}, links };
}

export function projectView(project: Project, origin: string): Json {
  const { id, name, domainId, description, enabled } = project;
  return {
    id,
    name,
    domain_id: domainId,
    description,
    enabled,
    parent_id: domainId,
    is_domain: false,
    tags: [],
    options: {},
    links: { self: `${origin}/identity/v3/projects/${id}` },
  };
}

/** What was never set is left out. */
export function userView(user: User, origin: string): Json {
  const { id, name, domainId, enabled, description, email, defaultProjectId } = user;
  return {
    id,
    name,
    domain_id: domainId,
    enabled,
    ...(defaultProjectId === null ? {} : { default_project_id: defaultProjectId }),
    password_expires_at: null,
    ...(description === null ? {} : { description }),
    ...(email === null ? {} : { email }),
    options: {},
    links: { self: `${origin}/identity/v3/users/${id}` },
  };
}

export function roleView({ id, name }: Role, origin: string): Json {
  const links = { self: `${origin}/identity/v3/roles/${id}` };
  return { id, name, domain_id: null, description: null, options: { immutable: true }, links };
}

/** Keystone's lists have no pages; with a limit they are cut and say so. */
export function identityList(key: string, items: readonly Json[], call: Call, limit = 0): Json {
  const isCut = limit > 0 && items.length > limit;
  const query = call.query.size === 0 ? '' : `?${call.query.toString()}`;
  return {
    [key]: isCut ? items.slice(0, limit) : items,
    links: { next: null, self: `${call.origin}/identity${call.path}${query}`, previous: null },
    ...(isCut ? { truncated: true } : {}),
  };
}
