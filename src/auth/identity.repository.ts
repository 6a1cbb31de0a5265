import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export const identityLease = 'identity';

/** What we have recorded, by OpenStack's ids: only of these can be said that they are gone. */
export interface KnownIdentity {
  /** The database's time at which this was read. */
  readonly askedAt: Date;
  readonly projects: readonly string[];
  readonly users: readonly string[];
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

  async hasBeenImported(manager: EntityManager): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT 1 FROM lease WHERE name = ? AND completed_at IS NOT NULL', [
      identityLease,
    ]);
    return rows.length > 0;
  }
}
