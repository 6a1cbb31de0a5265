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
  async known(manager: EntityManager): Promise<KnownIdentity> {
    const times: { askedAt: Date }[] = await manager.query('SELECT NOW(3) AS askedAt');
    const projects: { id: string }[] = await manager.query(
      'SELECT openstack_id AS id FROM project WHERE deleted_at IS NULL',
    );
    const users: { id: string }[] = await manager.query(
      'SELECT openstack_id AS id FROM user WHERE deleted_at IS NULL AND openstack_id IS NOT NULL',
    );
    const askedAt = times[0]?.askedAt;
    if (askedAt === undefined) throw new Error('MySQL does not tell the time');
    return { askedAt, projects: projects.map(({ id }) => id), users: users.map(({ id }) => id) };
  }

  async hasBeenImported(manager: EntityManager): Promise<boolean> {
    const rows: unknown[] = await manager.query('SELECT 1 FROM lease WHERE name = ? AND completed_at IS NOT NULL', [
      identityLease,
    ]);
    return rows.length > 0;
  }
}
