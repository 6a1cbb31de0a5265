import type { Cloud } from './cloud.js';
import type { Token } from './model.js';
import { hasRole } from './tokens.js';

/** Who asks, and what the services' policies let them do. */
export interface Access {
  readonly userId: string;
  /** Empty for a token without a project. */
  readonly projectId: string;
  /** Sees and changes what belongs to any project. */
  readonly isAdmin: boolean;
  /** May change things; a reader may only look. */
  readonly mayWrite: boolean;
  readonly mayRead: boolean;
}

export function accessOf(cloud: Cloud, token: Token): Access {
  const { userId, projectId } = token;
  const isAdmin = hasRole(cloud, token, 'admin');
  const mayWrite = isAdmin || hasRole(cloud, token, 'member');
  return {
    userId,
    projectId: projectId ?? '',
    isAdmin,
    mayWrite,
    mayRead: mayWrite || hasRole(cloud, token, 'reader'),
  };
}

export function sees(access: Access, thing: { readonly projectId: string }): boolean {
  return access.isAdmin || thing.projectId === access.projectId;
}
