import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import type { Role } from '../common/principal.js';
import { duplicateKey } from '../database/database-errors.js';
import { DomainEntity } from './domain.entity.js';
import { ProjectEntity } from './project.entity.js';

/** What Keystone says of a project. */
export interface ProjectFacts {
  readonly openstackId: string;
  readonly name: string;
  readonly enabled: boolean;
}

export interface ProjectName {
  readonly id: number;
  readonly name: string;
  readonly openstackId: string;
}

/** Who is in which project, and as what. */
export interface Place {
  readonly userId: number;
  readonly projectId: number;
  readonly role: Role;
}

export interface RecordedPlace extends Place {
  readonly id: number;
  /** An operation is changing it: it is not to be touched. */
  readonly isLocked: boolean;
}

/** A place as those who change it look at it. */
export interface HeldPlace {
  readonly id: number;
  /** It counts for nothing yet. */
  readonly isPending: boolean;
  /** The operation that is changing it. */
  readonly operationId: number | null;
}

/** A project of one person. */
export interface Membership {
  readonly projectId: number;
  readonly role: Role;
}

const insertChunk = 500;

/** The tables domain, project and project_user. */
@Injectable()
export class ProjectRepository {
  /** Inserts or renames the domain; returns our id. */
  async saveDomain(
    tx: EntityManager,
    domain: { readonly openstackId: string; readonly name: string },
  ): Promise<number> {
    const present = await tx.findOneBy(DomainEntity, { openstackId: domain.openstackId });
    if (present?.name === domain.name && present.deletedAt === null) return present.id;
    await tx.query(
      'INSERT INTO domain (openstack_id, name) VALUES (?, ?) AS new ON DUPLICATE KEY UPDATE name = new.name, deleted_at = NULL',
      [domain.openstackId, domain.name],
    );
    const row = await tx.findOneByOrFail(DomainEntity, { openstackId: domain.openstackId });
    return row.id;
  }

  async findDomain(manager: EntityManager, openstackId: string): Promise<DomainEntity | null> {
    return manager.findOneBy(DomainEntity, { openstackId });
  }

  /** Every project that is not deleted, by our id. */
  async findAll(manager: EntityManager): Promise<readonly ProjectEntity[]> {
    return manager.find(ProjectEntity, { where: { deletedAt: IsNull() }, order: { id: 'ASC' } });
  }

  async find(manager: EntityManager, id: number): Promise<ProjectEntity | null> {
    return manager.findOneBy(ProjectEntity, { id, deletedAt: IsNull() });
  }

  /** A live project; nobody else changes or counts it until the caller's transaction ends. */
  async findForUpdate(tx: EntityManager, id: number): Promise<ProjectEntity | null> {
    return tx.findOne(ProjectEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_write' } });
  }

  /** A live project, which stays so until the caller's transaction ends. */
  async findForShare(tx: EntityManager, id: number): Promise<ProjectEntity | null> {
    return tx.findOne(ProjectEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_read' } });
  }

  /** A project by its id, deleted or not. */
  async findAny(manager: EntityManager, id: number): Promise<ProjectEntity | null> {
    return manager.findOneBy(ProjectEntity, { id });
  }

  /** Deleted or not. */
  async findByOpenstackId(manager: EntityManager, openstackId: string): Promise<ProjectEntity | null> {
    return manager.findOneBy(ProjectEntity, { openstackId });
  }

  /** Whether another live project of the domain has that name, as Keystone compares them. */
  async isNameTaken(tx: EntityManager, { id, domainId }: ProjectEntity, name: string): Promise<boolean> {
    const rows: unknown[] = await tx.query('SELECT 1 FROM project WHERE domain_id = ? AND live_name = ? AND id <> ?', [
      domainId,
      name,
      id,
    ]);
    return rows.length > 0;
  }

  /** False when another live project of ours has that name. */
  async rename(tx: EntityManager, id: number, name: string): Promise<boolean> {
    try {
      await tx.query('UPDATE project SET name = ?, version = version + 1, observed_at = NOW(3) WHERE id = ?', [
        name,
        id,
      ]);
      return true;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return false;
    }
  }

  /** Projects that an operation is changing; they are not to be touched. */
  async findLocked(manager: EntityManager): Promise<ReadonlySet<number>> {
    const rows: { id: number }[] = await manager.query(
      "SELECT resource_id AS id FROM operation_lock WHERE resource_type = 'project'",
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** What someone is in a project; null: nothing, or not yet. */
  async roleIn(manager: EntityManager, userId: number, projectId: number): Promise<Role | null> {
    const rows: { role: Role }[] = await manager.query(
      'SELECT role FROM project_user WHERE user_id = ? AND project_id = ? AND is_pending = 0',
      [userId, projectId],
    );
    return rows[0]?.role ?? null;
  }

  /** Returns our id; null when a live project of ours has that name. A deleted one that comes back is the same again. */
  async insert(tx: EntityManager, domainId: number, facts: ProjectFacts): Promise<number | null> {
    const present = await tx.findOneBy(ProjectEntity, { openstackId: facts.openstackId });
    if (present !== null) return (await this.update(tx, present.id, facts)) ? present.id : null;
    try {
      const result: { insertId: number } = await tx.query(
        'INSERT INTO project (openstack_id, domain_id, name, enabled, observed_at) VALUES (?, ?, ?, ?, NOW(3))',
        [facts.openstackId, domainId, facts.name, facts.enabled],
      );
      return result.insertId;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      // Perhaps another replica was quicker with the same project.
      return (await tx.findOneBy(ProjectEntity, { openstackId: facts.openstackId }))?.id ?? null;
    }
  }

  /** False when a live project of ours has that name. */
  async update(tx: EntityManager, id: number, { name, enabled }: ProjectFacts): Promise<boolean> {
    try {
      await tx.query(
        'UPDATE project SET name = ?, enabled = ?, deleted_at = NULL, version = version + 1, observed_at = NOW(3) WHERE id = ?',
        [name, enabled, id],
      );
      return true;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return false;
    }
  }

  /** Keystone has no such project any more, or we no longer manage it: it can be read and not be used. */
  async disable(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE project SET enabled = 0, version = version + 1 WHERE id = ? AND enabled = 1', [id]);
  }

  /** Frees the name of a project that is gone for one that has it now. */
  async tombstone(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE project SET enabled = 0, deleted_at = NOW(3), version = version + 1 WHERE id = ?', [id]);
  }

  /** Frees the name of a project that is gone, and in which something still lives, for one that has it now. */
  async giveUpName(tx: EntityManager, { id, name, openstackId }: ProjectName): Promise<void> {
    await tx.query('UPDATE project SET enabled = 0, name = ?, version = version + 1 WHERE id = ?', [
      `${name} (${openstackId})`,
      id,
    ]);
  }

  async markObserved(tx: EntityManager, ids: readonly number[]): Promise<void> {
    if (ids.length > 0)
      await tx.query('UPDATE project SET observed_at = NOW(3), updated_at = updated_at WHERE id IN (?)', [ids]);
  }

  /** The projects of a person: usable ones first, then the first joined first. */
  async memberships(manager: EntityManager, userId: number): Promise<readonly Membership[]> {
    const rows: Membership[] = await manager.query(
      `SELECT p.id AS projectId, pu.role FROM project_user pu JOIN project p ON p.id = pu.project_id
        WHERE pu.user_id = ? AND pu.is_pending = 0 AND p.deleted_at IS NULL ORDER BY p.enabled DESC, pu.id`,
      [userId],
    );
    return rows;
  }

  /** Who is where; null: everybody. */
  async findPlaces(manager: EntityManager, userId: number | null): Promise<readonly RecordedPlace[]> {
    const rows: (Omit<RecordedPlace, 'isLocked'> & { readonly operationId: number | null })[] = await manager.query(
      `SELECT pu.id, pu.user_id AS userId, pu.project_id AS projectId, pu.role, l.operation_id AS operationId
         FROM project_user pu
         LEFT JOIN operation_lock l ON l.resource_type = 'project_user' AND l.resource_id = pu.id
        WHERE ? IS NULL OR pu.user_id = ?
        ORDER BY pu.id`,
      [userId, userId],
    );
    return rows.map(({ operationId, ...place }) => ({ ...place, isLocked: operationId !== null }));
  }

  /** Those that are there already stay as they are. */
  async insertPlaces(tx: EntityManager, places: readonly Place[]): Promise<void> {
    for (let at = 0; at < places.length; at += insertChunk) {
      const values = places.slice(at, at + insertChunk).map(({ userId, projectId, role }) => [userId, projectId, role]);
      await tx.query('INSERT IGNORE INTO project_user (user_id, project_id, role) VALUES ?', [values]);
    }
  }

  /** Somebody who is to come into a project once OpenStack has given the role; returns the place's id, null when there is one. */
  async insertPendingPlace(tx: EntityManager, { userId, projectId, role }: Place): Promise<number | null> {
    try {
      const result: { insertId: number } = await tx.query(
        'INSERT INTO project_user (user_id, project_id, role, is_pending) VALUES (?, ?, ?, 1)',
        [userId, projectId, role],
      );
      return result.insertId;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return null;
    }
  }

  /** Somebody's place in a project, also one that is still to be given. */
  async findPlace(manager: EntityManager, place: Omit<Place, 'role'>): Promise<HeldPlace | null> {
    return this.readPlace(manager, place);
  }

  /** Like `findPlace`; until the transaction ends nobody ends the place, so that a change of it begins on one that is there. */
  async findPlaceForUpdate(tx: EntityManager, place: Omit<Place, 'role'>): Promise<HeldPlace | null> {
    await tx.query('SELECT id FROM project_user WHERE user_id = ? AND project_id = ? FOR UPDATE', [
      place.userId,
      place.projectId,
    ]);
    // A statement of its own: one that waited for the row would see the operations of before its wait.
    return this.readPlace(tx, place);
  }

  private async readPlace(
    manager: EntityManager,
    { userId, projectId }: Omit<Place, 'role'>,
  ): Promise<HeldPlace | null> {
    const rows: { id: number; isPending: number; operationId: number | null }[] = await manager.query(
      `SELECT pu.id, pu.is_pending AS isPending, l.operation_id AS operationId
         FROM project_user pu
         LEFT JOIN operation_lock l ON l.resource_type = 'project_user' AND l.resource_id = pu.id
        WHERE pu.user_id = ? AND pu.project_id = ?`,
      [userId, projectId],
    );
    const row = rows[0];
    return row === undefined ? null : { ...row, isPending: row.isPending === 1 };
  }

  /** OpenStack has given the role. */
  async confirmPlace(tx: EntityManager, placeId: number): Promise<void> {
    await tx.query('UPDATE project_user SET is_pending = 0 WHERE id = ?', [placeId]);
  }

  async removePlacesOf(tx: EntityManager, userId: number): Promise<void> {
    await tx.query('DELETE FROM project_user WHERE user_id = ?', [userId]);
  }

  /** Who is in a project besides this user, and is not about to leave it. Counts only what is committed: lock the project first. */
  async countOthers(tx: EntityManager, { userId, projectId }: Omit<Place, 'role'>): Promise<number> {
    const rows: { others: number }[] = await tx.query(
      `SELECT COUNT(*) AS others FROM project_user pu JOIN user u ON u.id = pu.user_id AND u.deleted_at IS NULL
        WHERE pu.project_id = ? AND pu.user_id <> ? AND pu.is_pending = 0
          AND NOT EXISTS (SELECT 1 FROM operation_lock l WHERE l.resource_type = 'project_user' AND l.resource_id = pu.id)
          AND NOT EXISTS (SELECT 1 FROM operation_lock l WHERE l.resource_type = 'user' AND l.resource_id = u.id)`,
      [projectId, userId],
    );
    return rows[0]?.others ?? 0;
  }

  /** Nobody else counts the domain's users until the caller's transaction ends. */
  async lockDomain(tx: EntityManager, domainId: number): Promise<void> {
    await tx.query('SELECT id FROM domain WHERE id = ? FOR UPDATE', [domainId]);
  }

  async setRole(tx: EntityManager, placeId: number, role: Role): Promise<void> {
    await tx.query('UPDATE project_user SET role = ? WHERE id = ?', [role, placeId]);
  }

  async removePlaces(tx: EntityManager, placeIds: readonly number[]): Promise<void> {
    if (placeIds.length > 0) await tx.query('DELETE FROM project_user WHERE id IN (?)', [placeIds]);
  }
}
