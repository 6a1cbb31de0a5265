import { Name, OneOf, QueryFlag, QueryId, QueryName, Text } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import type { UserDetails, UserGlimpse } from './user-details.js';

export class UserListQuery extends PageQuery {
  @QueryId({ description: 'Only this user.', example: 3 })
  user_id?: number;

  @Text({
    optional: true,
    min: 1,
    max: 255,
    isVisible: true,
    description: 'Exactly this account; finds anyone.',
    example: 'demo',
  })
  account_id?: string;

  @QueryName({
    description: 'Exactly this name, ignoring case.',
    example: 'Ada',
  })
  name?: string;

  @OneOf(['created_at', 'account_id', 'name'], {
    optional: true,
    description: 'What the list is sorted by; `created_at` when left out.',
    example: 'created_at',
  })
  sort_by?: 'created_at' | 'account_id' | 'name';

  @QueryFlag({ description: 'Deleted users too; admins only.', example: false })
  include_deleted?: boolean;
}

export class RenameUserRequest {
  @Name({ max: 15, example: 'Ada' })
  name!: string;
}

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

/** A person with an account. Of a stranger everything but id, account id and name is null. */
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
  domain_id!: number | null;

  domain!: DomainResponse | null;

  /** Those that you are in too; an admin sees all. */
  projects!: UserProjectResponse[] | null;

  /** @example 2026-11-24T09:00:00.000Z */
  created_at!: string | null;

  /** @example 2026-11-24T09:00:00.000Z */
  updated_at!: string | null;

  /** @example null */
  deleted_at!: string | null;

  static from(user: UserDetails | UserGlimpse): UserResponse {
    return user.domain === null ? ofStranger(user) : ofKnown(user);
  }
}

export class UserListResponse {
  users!: UserResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

function ofStranger({ id, accountId, name }: UserGlimpse): UserResponse {
  return {
    id,
    openstack_id: null,
    account_id: accountId,
    name,
    domain_id: null,
    domain: null,
    projects: null,
    created_at: null,
    updated_at: null,
    deleted_at: null,
  };
}

function ofKnown(user: UserDetails): UserResponse {
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
