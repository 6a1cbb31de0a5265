import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { RecordedPlace, RecordedProject, RecordedUser } from './identity-comparison.js';

export const identityLease = 'identity';

/** What we have recorded, by OpenStack's ids: only of these can be said that they are gone. */
export interface KnownIdentity {
  /** The database's time at which this was read. */
  readonly askedAt: Date;
  readonly projects: readonly string[];
  readonly users: readonly string[];
}

/** MySQL's flags. */
type Row<T> = { readonly [Key in keyof T]: T[Key] extends boolean ? number : T[Key] };

export interface RecordedIdentity {
  readonly projects: readonly RecordedProject[];
  readonly users: readonly RecordedUser[];
  readonly places: readonly RecordedPlace[];
  /** Places that an operation gives or takes, or has since Keystone was asked. */
  readonly busyPlaces: readonly { readonly userId: number; readonly projectId: number }[];
  readonly now: Date;
}

@Injectable()
export class IdentityRepository {
  async now(manager: EntityManager): Promise<Date> {
    const rows: { now: Date }[] = await manager.query('SELECT NOW(3) AS now');
    const now = rows[0]?.now;
    if (now === undefined) throw new Error('MySQL does not tell the time');
    return now;
  }

  async known(manager: EntityManager): Promise<KnownIdentity> {
    const askedAt = await this.now(manager);
    const projects: { id: string }[] = await manager.query(
      'SELECT openstack_id AS id FROM project WHERE deleted_at IS NULL',
    );
    const users: { id: string }[] = await manager.query(
      'SELECT openstack_id AS id FROM user WHERE deleted_at IS NULL AND openstack_id IS NOT NULL',
    );
    return { askedAt, projects: projects.map(({ id }) => id), users: users.map(({ id }) => id) };
  }

  /** Our ids of what an operation has changed since then. */
  async changedSince(manager: EntityManager, type: 'project', since: Date): Promise<ReadonlySet<number>> {
    const rows: { id: number }[] = await manager.query(
      'SELECT DISTINCT resource_id AS id FROM operation WHERE resource_type = ? AND (finished_at IS NULL OR finished_at >= ?)',
      [type, since],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Who came into a project, or left it, by an operation that is under way or has ended since then. */
  async placesChangedSince(
    manager: EntityManager,
    since: Date,
  ): Promise<readonly { readonly userId: number; readonly projectId: number }[]> {
    const rows: { userId: string | number; projectId: number }[] = await manager.query(
      `SELECT input->>'$.userId' AS userId, project_id AS projectId FROM operation
        WHERE resource_type = 'project_user' AND (finished_at IS NULL OR finished_at >= ?)`,
      [since],
    );
    return rows.map(({ userId, projectId }) => ({ userId: Number(userId), projectId }));
  }

  /** The record as it stands, beside what Keystone was asked for at `askedAt`: what has changed since is busy. */
  async recorded(manager: EntityManager, askedAt: Date): Promise<RecordedIdentity> {
    const projects: Row<RecordedProject>[] = await manager.query(
      `SELECT p.id, p.openstack_id AS openstackId, p.name, p.enabled, p.observed_at AS observedAt,
              EXISTS (SELECT 1 FROM operation o WHERE o.resource_type = 'project' AND o.resource_id = p.id
                         AND (o.finished_at IS NULL OR o.finished_at >= ?)) AS isBusy
         FROM project p WHERE p.deleted_at IS NULL ORDER BY p.id`,
      [askedAt],
    );
    const users: Row<RecordedUser>[] = await manager.query(
      `SELECT u.id, u.openstack_id AS openstackId, u.account_id AS accountId, u.enabled, u.is_admin AS isAdmin,
              u.observed_at AS observedAt, (l.operation_id IS NOT NULL OR COALESCE(u.observed_at >= ?, 0)) AS isBusy
         FROM user u LEFT JOIN operation_lock l ON l.resource_type = 'user' AND l.resource_id = u.id
        WHERE u.deleted_at IS NULL AND u.openstack_id IS NOT NULL ORDER BY u.id`,
      [askedAt],
    );
    const places: Row<RecordedPlace>[] = await manager.query(
      `SELECT pu.id, pu.user_id AS userId, pu.project_id AS projectId, u.openstack_id AS userOpenstackId,
              p.openstack_id AS projectOpenstackId, pu.role, (l.operation_id IS NOT NULL OR pu.is_pending = 1) AS isBusy
         FROM project_user pu
         JOIN user u ON u.id = pu.user_id AND u.deleted_at IS NULL AND u.openstack_id IS NOT NULL
         JOIN project p ON p.id = pu.project_id AND p.deleted_at IS NULL
         LEFT JOIN operation_lock l ON l.resource_type = 'project_user' AND l.resource_id = pu.id
        ORDER BY pu.id`,
    );
    const changed = await this.placesChangedSince(manager, askedAt);
    return {
      projects: projects.map((row) => ({ ...row, enabled: row.enabled === 1, isBusy: row.isBusy === 1 })),
      users: users.map((row) => ({
        ...row,
        enabled: row.enabled === 1,
        isAdmin: row.isAdmin === 1,
        isBusy: row.isBusy === 1,
      })),
      places: places.map((row) => ({ ...row, isBusy: row.isBusy === 1 })),
      busyPlaces: changed,
      now: await this.now(manager),
    };
  }

  async hasBeenImported(manager: EntityManager): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT 1 FROM lease WHERE name = ? AND completed_at IS NOT NULL', [
      identityLease,
    ]);
    return rows.length > 0;
  }
}
