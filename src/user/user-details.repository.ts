import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { comesAfter } from '../database/row-order.js';
import type { Times, UserDetails, UserGlimpse, Viewer } from './user-details.js';

export interface UserFilter {
  readonly userId: number | null;
  /** Exactly, but for case. Finds strangers too. */
  readonly accountId: string | null;
  /** Ignoring case. */
  readonly name: string | null;
  readonly includeDeleted: boolean;
  readonly sortBy: 'created_at' | 'account_id' | 'name';
  readonly order: 'asc' | 'desc';
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

interface Row extends Times {
  readonly id: number;
  readonly openstackId: string;
  readonly accountId: string;
  readonly name: string;
  readonly isVisible: number;
  readonly domainId: number;
  readonly domainOpenstackId: string;
  readonly domainName: string;
  readonly domainCreatedAt: Date;
  readonly domainUpdatedAt: Date;
  readonly domainDeletedAt: Date | null;
}

/** Who shares a project with the viewer, or is the viewer. */
const isShared = `(u.id = ? OR EXISTS (
  SELECT 1 FROM project_user theirs
    JOIN project_user mine ON mine.project_id = theirs.project_id AND mine.user_id = ? AND mine.is_pending = 0
    JOIN project p ON p.id = theirs.project_id AND p.deleted_at IS NULL
   WHERE theirs.user_id = u.id AND theirs.is_pending = 0))`;

/** Those of whom `isShared` holds, found from the viewer's projects, however many others there are. */
const fromShared = `(
  SELECT ? AS userId
   UNION
  SELECT theirs.user_id FROM project_user mine
    JOIN project p ON p.id = mine.project_id AND p.deleted_at IS NULL
    JOIN project_user theirs ON theirs.project_id = mine.project_id AND theirs.is_pending = 0
   WHERE mine.user_id = ? AND mine.is_pending = 0) shared
  STRAIGHT_JOIN user u ON u.id = shared.userId STRAIGHT_JOIN domain d ON d.id = u.domain_id`;

const select = `SELECT u.id, u.openstack_id AS openstackId, u.account_id AS accountId, u.name,
  u.created_at AS createdAt, u.updated_at AS updatedAt, u.deleted_at AS deletedAt,
  d.id AS domainId, d.openstack_id AS domainOpenstackId, d.name AS domainName,
  d.created_at AS domainCreatedAt, d.updated_at AS domainUpdatedAt, d.deleted_at AS domainDeletedAt`;

/** From the users, one by one, to their domains: neither the other way round nor in a hash join does an index give the order of the list. */
const fromAll = 'user u STRAIGHT_JOIN domain d FORCE INDEX (PRIMARY) ON d.id = u.domain_id';

/** The index of the column ignores accents, which are told apart in what it finds. */
const isAccount = '(u.account_id = ? AND u.account_id COLLATE utf8mb4_0900_as_ci = ?)';

/** Live account ids are unique within a domain, so they are found the other way round. */
const fromDomains = 'domain d STRAIGHT_JOIN user u ON u.domain_id = d.id';

const sortColumns = { created_at: 'u.created_at', account_id: 'u.account_id', name: 'u.name' } as const;

/** Users with their domain and projects, as the API shows them. Whom OpenStack does not have yet is not shown. */
@Injectable()
export class UserDetailsRepository {
  /** A live user with every project of theirs: for who it is. */
  async find(manager: EntityManager, id: number): Promise<UserDetails | null> {
    return this.findFor(manager, { userId: id, isAdmin: true }, id);
  }

  /** A live user as the viewer may see it; null also for a stranger. */
  async findFor(manager: EntityManager, viewer: Viewer, id: number): Promise<UserDetails | null> {
    const rows: Row[] = await manager.query(
      `${select}, (? OR ${isShared}) AS isVisible FROM user u JOIN domain d ON d.id = u.domain_id
        WHERE u.id = ? AND u.openstack_id IS NOT NULL AND u.deleted_at IS NULL`,
      [viewer.isAdmin, viewer.userId, viewer.userId, id],
    );
    const [user] = await this.detailed(manager, viewer, rows);
    return user === undefined || user.domain === null ? null : user;
  }

  async list(
    manager: EntityManager,
    viewer: Viewer,
    filter: UserFilter,
  ): Promise<readonly (UserDetails | UserGlimpse)[]> {
    const conditions = ['u.openstack_id IS NOT NULL'];
    const values: unknown[] = [];
    const add = (condition: string, ...parameters: readonly unknown[]): void => {
      conditions.push(condition);
      values.push(...parameters);
    };
    if (!filter.includeDeleted) add('u.deleted_at IS NULL');
    if (filter.userId !== null) add('u.id = ?', filter.userId);
    if (filter.name !== null) add('u.name = ?', filter.name);
    if (filter.accountId !== null) {
      if (filter.includeDeleted) add(isAccount, filter.accountId, filter.accountId);
      else add('u.live_account_id = ?', filter.accountId);
    }
    const isOfLive = filter.accountId !== null && !filter.includeDeleted;
    const isOfShared = filter.accountId === null && !viewer.isAdmin;
    const column = sortColumns[filter.sortBy];
    if (filter.after !== null) add(...comesAfter(column, 'u.id', filter.order, filter.after));
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const end = `WHERE ${conditions.join(' AND ')} ORDER BY ${column} ${direction}, u.id ${direction} LIMIT ?`;
    const rows: Row[] = isOfShared
      ? await manager.query(`${select}, 1 AS isVisible FROM ${fromShared} ${end}`, [
          ...[viewer.userId, viewer.userId],
          ...values,
          filter.limit,
        ])
      : await manager.query(
          `${select}, (? OR ${isShared}) AS isVisible FROM ${isOfLive ? fromDomains : fromAll} ${end}`,
          [viewer.isAdmin, viewer.userId, viewer.userId, ...values, filter.limit],
        );
    return this.detailed(manager, viewer, rows);
  }

  /** With their projects, in one more statement. */
  private async detailed(
    manager: EntityManager,
    { userId, isAdmin }: Viewer,
    rows: readonly Row[],
  ): Promise<readonly (UserDetails | UserGlimpse)[]> {
    const ids = rows.filter(({ isVisible }) => isVisible === 1).map(({ id }) => id);
    const places: (UserDetails['projects'][number] & { readonly userId: number })[] =
      ids.length === 0
        ? []
        : await manager.query(
            `SELECT pu.user_id AS userId, p.id, p.openstack_id AS openstackId, p.name, p.domain_id AS domainId,
                    p.created_at AS createdAt, p.updated_at AS updatedAt, p.deleted_at AS deletedAt
               FROM project_user pu JOIN project p ON p.id = pu.project_id AND p.deleted_at IS NULL
              WHERE pu.user_id IN (?) AND pu.is_pending = 0
                AND (? OR EXISTS (SELECT 1 FROM project_user mine
                                   WHERE mine.project_id = pu.project_id AND mine.user_id = ? AND mine.is_pending = 0))
              ORDER BY p.id`,
            [ids, isAdmin, userId],
          );
    const projects = new Map<number, UserDetails['projects'][number][]>();
    for (const { userId: holderId, ...project } of places) {
      const known = projects.get(holderId);
      if (known === undefined) projects.set(holderId, [project]);
      else known.push(project);
    }
    return rows.map((row) => (row.isVisible === 1 ? detailsOf(row, projects.get(row.id) ?? []) : glimpseOf(row)));
  }
}

function detailsOf(row: Row, projects: UserDetails['projects']): UserDetails {
  const { id, openstackId, accountId, name, createdAt, updatedAt, deletedAt } = row;
  const domain = {
    id: row.domainId,
    openstackId: row.domainOpenstackId,
    name: row.domainName,
    createdAt: row.domainCreatedAt,
    updatedAt: row.domainUpdatedAt,
    deletedAt: row.domainDeletedAt,
  };
  return { id, openstackId, accountId, name, domain, projects, createdAt, updatedAt, deletedAt };
}

function glimpseOf({ id, accountId, name, createdAt }: Row): UserGlimpse {
  return { id, accountId, name, createdAt, domain: null };
}
