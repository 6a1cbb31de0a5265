import { randomBytes } from 'node:crypto';
import type { Cloud } from './cloud.js';
import type { Role, Token, User } from './model.js';
import type { Service } from './wire.js';

export function issueToken(
  cloud: Cloud,
  user: User,
  scope: { readonly projectId: string | null; readonly isSystem: boolean },
): Token {
  const now = cloud.now();
  const token: Token = {
    id: `gAAAAA${randomBytes(69).toString('base64url')}`,
    auditId: randomBytes(16).toString('base64url'),
    userId: user.id,
    ...scope,
    issuedAt: now,
    expiresAt: now + cloud.settings.token_life_ms,
    isRevoked: false,
    seenBy: new Map(),
  };
  cloud.tokens.set(token.id, token);
  return token;
}

/** Null: unknown, expired, revoked, or of somebody or something that was disabled or removed. */
export function validToken(cloud: Cloud, id: string | undefined): Token | null {
  const token = id === undefined ? undefined : cloud.tokens.get(id);
  if (token === undefined || token.isRevoked || token.expiresAt <= cloud.now()) return null;
  const user = cloud.users.get(token.userId);
  if (user?.enabled !== true || secondOf(token.issuedAt) <= user.revokedUntil) return null;
  if (token.projectId !== null && cloud.projects.get(token.projectId)?.enabled !== true) return null;
  if ((token.projectId !== null || token.isSystem) && rolesOf(cloud, token).length === 0) return null;
  return token;
}

/** As a service sees it that keeps what Keystone said of a token for a while. */
export function cachedToken(cloud: Cloud, service: Service, id: string | undefined): Token | null {
  const token = validToken(cloud, id);
  const known = id === undefined ? undefined : cloud.tokens.get(id);
  if (service === 'identity' || known === undefined) return token;
  if (token !== null) {
    known.seenBy.set(service, cloud.now());
    return token;
  }
  const seenAt = known.seenBy.get(service);
  const isCached = seenAt !== undefined && cloud.now() - seenAt < cloud.settings.token_cache_ms;
  return isCached && known.expiresAt > cloud.now() ? known : null;
}

/** Revocation knows seconds: a token issued in the same one is revoked too. */
export function revokeTokensOf(cloud: Cloud, user: User): void {
  user.revokedUntil = secondOf(cloud.now());
}

/** Assigned and implied ones. */
export function rolesOf(cloud: Cloud, scope: Pick<Token, 'userId' | 'projectId' | 'isSystem'>): Role[] {
  const roles = new Map<string, Role>();
  for (const { userId, projectId, roleId } of cloud.assignments) {
    if (userId !== scope.userId || projectId !== scope.projectId) continue;
    if (projectId === null && !scope.isSystem) continue;
    for (const role of withImplied(cloud, roleId)) roles.set(role.id, role);
  }
  return [...roles.values()];
}

export function withImplied(cloud: Cloud, roleId: string): Role[] {
  const roles: Role[] = [];
  let next = cloud.roles.get(roleId);
  while (next !== undefined) {
    roles.push(next);
    next = next.implies === null ? undefined : cloud.roles.get(next.implies);
  }
  return roles;
}

export function hasRole(cloud: Cloud, token: Token, name: string): boolean {
  return rolesOf(cloud, token).some((role) => role.name === name);
}

function secondOf(ms: number): number {
  return Math.floor(ms / 1000);
}
