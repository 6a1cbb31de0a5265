import { Name, OneOf, QueryFlag, QueryIds, QueryName } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import type { ProjectDetails } from './project-details.js';

export class ProjectListQuery extends PageQuery {
  @QueryIds({ description: 'Only these projects.' })
  ids?: number[];

  @QueryIds({ description: 'All but these projects.' })
  ids_exclude?: number[];

  @QueryName({
    description: 'Exactly this name, ignoring case.',
    example: 'demo',
  })
  name?: string;

  @QueryName({
    description: 'A part of the name, ignoring case.',
    example: 'dem',
  })
  name_like?: string;

  @OneOf(['name', 'created_at'], {
    optional: true,
    description: 'What the list is sorted by; `created_at` when left out.',
    example: 'created_at',
  })
  sort_by?: 'name' | 'created_at';

  @QueryFlag({ description: 'Deleted projects too; admins only.', example: false })
  include_deleted?: boolean;
}

export class RenameProjectRequest {
  @Name({ min: 2, max: 64, example: 'research' })
  name!: string;
}

/** The domain of a project or of somebody in it. */
export class ProjectDomainResponse {
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

/** A person in a project. */
export class ProjectAccountResponse {
  /** @example 3 */
  id!: number;

  /** @example 0f4b1d0c9a114b7e9d8e0b1c6a2e6a50 */
  openstack_id!: string;

  /** @example demo */
  account_id!: string;

  /** @example demo */
  name!: string;

  /** @example 1 */
  domain_id!: number;

  domain!: ProjectDomainResponse;

  /** @example 2026-11-24T09:00:00.000Z */
  created_at!: string;

  /** @example 2026-11-24T09:00:00.000Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;
}

/** A project and the people in it. */
export class ProjectResponse {
  /** @example 1 */
  id!: number;

  /** @example 96966e1b9b0d496e89e3220e9ed64022 */
  openstack_id!: string;

  /** @example demo */
  name!: string;

  /** @example 1 */
  domain_id!: number;

  domain!: ProjectDomainResponse;

  /** Who is in it, the first joined first. */
  accounts!: ProjectAccountResponse[];

  /** @example 2026-11-24T09:00:00.000Z */
  created_at!: string;

  /** @example 2026-11-24T09:00:00.000Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;

  static from(project: ProjectDetails): ProjectResponse {
    return {
      id: project.id,
      openstack_id: project.openstackId,
      name: project.name,
      domain_id: project.domain.id,
      domain: domainOf(project.domain),
      accounts: project.accounts.map((account) => ({
        id: account.id,
        openstack_id: account.openstackId,
        account_id: account.accountId,
        name: account.name,
        domain_id: account.domain.id,
        domain: domainOf(account.domain),
        ...timesOf(account),
      })),
      ...timesOf(project),
    };
  }
}

export class ProjectListResponse {
  projects!: ProjectResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

function domainOf({ id, openstackId, name, ...times }: ProjectDetails['domain']): ProjectDomainResponse {
  return { id, openstack_id: openstackId, name, ...timesOf(times) };
}

function timesOf({ createdAt, updatedAt, deletedAt }: Pick<ProjectDetails, 'createdAt' | 'updatedAt' | 'deletedAt'>): {
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
