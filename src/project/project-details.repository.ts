import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { comesAfter } from '../database/row-order.js';
import type { DomainDetails, ProjectDetails, Times } from './project-details.js';

export interface ProjectFilter {
  /** Null: every project. */
  readonly memberId: number | null;
  readonly ids: readonly number[] | null;
  readonly idsExcluded: readonly number[] | null;
  /** Ignoring case. */
  readonly name: string | null;
  /** A part of the name, taken literally, ignoring case. */
  readonly nameLike: string | null;
  readonly includeDeleted: boolean;
  readonly sortBy: 'name' | 'created_at';
  readonly order: 'asc' | 'desc';
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

interface DomainRow {
  readonly domainId: number;
  readonly domainOpenstackId: string;
  readonly domainName: string;
  readonly domainCreatedAt: Date;
  readonly domainUpdatedAt: Date;
  readonly domainDeletedAt: Date | null;
}

interface ProjectRow extends Times, DomainRow {
  readonly id: number;
  readonly openstackId: string;
  readonly name: string;
}

interface AccountRow extends ProjectRow {
  readonly accountId: string;
  readonly projectId: number;
}

const domainColumns = `d.id AS domainId, d.openstack_id AS domainOpenstackId, d.name AS domainName,
  d.created_at AS domainCreatedAt, d.updated_at AS domainUpdatedAt, d.deleted_at AS domainDeletedAt`;

const columns = `p.id, p.openstack_id AS openstackId, p.name, p.created_at AS createdAt, p.updated_at AS updatedAt,
  p.deleted_at AS deletedAt, ${domainColumns}`;

/** From the projects, one by one, to their domains: neither the other way round nor in a hash join does an index give the order of the list. */
const fromAll = 'FROM project p STRAIGHT_JOIN domain d FORCE INDEX (PRIMARY) ON d.id = p.domain_id';

/** From a member's projects, however many others there are. */
const fromMine = `FROM project_user mine STRAIGHT_JOIN project p ON p.id = mine.project_id
  STRAIGHT_JOIN domain d ON d.id = p.domain_id`;

const sortColumns = { name: 'p.name', created_at: 'p.created_at' } as const;

/** Projects with everything that the API shows of them, in two statements however many they are. */
@Injectable()
export class ProjectDetailsRepository {
  /** A live project. */
  async find(manager: EntityManager, id: number): Promise<ProjectDetails | null> {
    const rows: ProjectRow[] = await manager.query(
      `SELECT ${columns} ${fromAll} WHERE p.id = ? AND p.deleted_at IS NULL`,
      [id],
    );
    return (await this.withAccounts(manager, rows))[0] ?? null;
  }

  async list(manager: EntityManager, filter: ProjectFilter): Promise<readonly ProjectDetails[]> {
    const conditions: string[] = [];
    const values: unknown[] = [];
    const add = (condition: string, ...parameters: readonly unknown[]): void => {
      conditions.push(condition);
      values.push(...parameters);
    };
    if (!filter.includeDeleted) add('p.deleted_at IS NULL');
    if (filter.memberId !== null) add('mine.user_id = ? AND mine.is_pending = 0', filter.memberId);
    if (filter.ids !== null) add('p.id IN (?)', filter.ids);
    if (filter.idsExcluded !== null) add('p.id NOT IN (?)', filter.idsExcluded);
    if (filter.name !== null) add('p.name = ?', filter.name);
    if (filter.nameLike !== null) add('p.name LIKE ?', `%${filter.nameLike.replace(/[\\%_]/g, '\\$&')}%`);
    const column = sortColumns[filter.sortBy];
    if (filter.after !== null) add(...comesAfter(column, 'p.id', filter.order, filter.after));
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const rows: ProjectRow[] = await manager.query(
      `SELECT ${columns} ${filter.memberId === null ? fromAll : fromMine} ${where} ORDER BY ${column} ${direction}, p.id ${direction} LIMIT ?`,
      [...values, filter.limit],
    );
    return this.withAccounts(manager, rows);
  }

  private async withAccounts(manager: EntityManager, rows: readonly ProjectRow[]): Promise<readonly ProjectDetails[]> {
    if (rows.length === 0) return [];
    const accounts: AccountRow[] = await manager.query(
      `SELECT pu.project_id AS projectId, u.id, u.openstack_id AS openstackId, u.account_id AS accountId, u.name,
              u.created_at AS createdAt, u.updated_at AS updatedAt, u.deleted_at AS deletedAt, ${domainColumns}
         FROM project_user pu
         STRAIGHT_JOIN user u ON u.id = pu.user_id AND u.deleted_at IS NULL AND u.openstack_id IS NOT NULL
         JOIN domain d ON d.id = u.domain_id
        WHERE pu.project_id IN (?) AND pu.is_pending = 0
        ORDER BY pu.id`,
      [rows.map(({ id }) => id)],
    );
    const ofProject = new Map<number, AccountRow[]>();
    for (const account of accounts) {
      const known = ofProject.get(account.projectId);
      if (known === undefined) ofProject.set(account.projectId, [account]);
      else known.push(account);
    }
    return rows.map((row) => ({
      id: row.id,
      openstackId: row.openstackId,
      name: row.name,
      domain: domainOf(row),
      accounts: (ofProject.get(row.id) ?? []).map((account) => ({
        id: account.id,
        openstackId: account.openstackId,
        accountId: account.accountId,
        name: account.name,
        domain: domainOf(account),
        ...timesOf(account),
      })),
      ...timesOf(row),
    }));
  }
}

function domainOf(row: DomainRow): DomainDetails {
  return {
    id: row.domainId,
    openstackId: row.domainOpenstackId,
    name: row.domainName,
    createdAt: row.domainCreatedAt,
    updatedAt: row.domainUpdatedAt,
    deletedAt: row.domainDeletedAt,
  };
}

function timesOf({ createdAt, updatedAt, deletedAt }: Times): Times {
  return { createdAt, updatedAt, deletedAt };
}
