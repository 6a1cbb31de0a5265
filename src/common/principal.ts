/** Ordered: a reader reads, a member changes, an admin may also read everything. */
export type Role = 'reader' | 'member' | 'admin';

/** Who asks, and in which project. Made by the guard from the session, passed on as an argument. */
export interface Principal {
  readonly userId: number;
  readonly accountId: string;
  readonly sessionId: number;
  /** The project that the token is for. */
  readonly projectId: number;
  readonly projectOpenstackId: string;
  readonly role: Role;
}

/** The same person with no more than a member's rights: for what an admin, too, may do only in the project that the admin is in. */
export function asMember(principal: Principal): Principal {
  return { ...principal, role: 'member' };
}
