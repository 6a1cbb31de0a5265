import type { UserDetails } from './user-details.repository.js';

/** A domain of Keystone. */
export class DomainResponse {
  /** @example 1 */
  id!: number;

  /** @example default */
  openstack_id!: string;

  /** @example Default */
  name!: string;

  /** @example 2026-11-24T09:00:00.000Z */
  created_at!: string;

  /** @example 2026-11-24T09:00:00.000Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;
}

/** A project as users show it. */
export class UserProjectResponse {
  /** @example 1 */
  id!: number;

  /** @example 96966e1b9b0d496e89e3220e9ed64022 */
  openstack_id!: string;

  /** @example demo */
  name!: string;

  /** @example 1 */
  domain_id!: number;

  /** @example 2026-11-24T09:00:00.000Z */
  created_at!: string;

  /** @example 2026-11-24T09:00:00.000Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;
}

/** A person with an account. */
export class UserResponse {
  /** @example 3 */
  id!: number;

  /** @example 0f4b1d0c9a114b7e9d8e0b1c6a2e6a50 */
  openstack_id!: string | null;

  /** What the person logs in with. @example demo */
  account_id!: string;

  /** @example demo */
  name!: string;

  /** @example 1 */
  domain_id!: number;

  domain!: DomainResponse;

  projects!: UserProjectResponse[];

  /** @example 2026-11-24T09:00:00.000Z */
  created_at!: string;

  /** @example 2026-11-24T09:00:00.000Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;

  static from(user: UserDetails): UserResponse {
    return {
      id: user.id,
      openstack_id: user.openstackId,
      account_id: user.accountId,
      name: user.name,
      domain_id: user.domain.id,
      domain: {
        id: user.domain.id,
        openstack_id: user.domain.openstackId,
        name: user.domain.name,
        ...timesOf(user.domain),
      },
      projects: user.projects.map((project) => ({
        id: project.id,
        openstack_id: project.openstackId,
        name: project.name,
        domain_id: project.domainId,
        ...timesOf(project),
      })),
      ...timesOf(user),
    };
  }
}

function timesOf({ createdAt, updatedAt, deletedAt }: Pick<UserDetails, 'createdAt' | 'updatedAt' | 'deletedAt'>): {
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
} {
  return {
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
    deleted_at: deletedAt?.toISOString() ?? null,
  };
}
