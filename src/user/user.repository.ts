import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { IsNull, type EntityManager } from 'typeorm';
import { OperationInProgress } from '../common/errors.js';
import { duplicateKey } from '../database/database-errors.js';
import { UserEntity } from './user.entity.js';

/** What Keystone says of a user. */
export interface UserFacts {
  readonly openstackId: string;
  /** Keystone's name: what the person logs in with. */
  readonly accountId: string;
  readonly enabled: boolean;
  readonly isAdmin: boolean;
}

/** The table user. */
@Injectable()
export class UserRepository {
  async find(manager: EntityManager, id: number): Promise<UserEntity | null> {
    return manager.findOneBy(UserEntity, { id, deletedAt: IsNull() });
  }

  /** A live user; locked while the caller's transaction lasts. */
  async findForUpdate(tx: EntityManager, id: number): Promise<UserEntity | null> {
    return tx.findOne(UserEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_write' } });
  }

  /** A live user, who stays so while the caller's transaction lasts. */
  async findForShare(tx: EntityManager, id: number): Promise<UserEntity | null> {
    return tx.findOne(UserEntity, { where: { id, deletedAt: IsNull() }, lock: { mode: 'pessimistic_read' } });
  }

  /** A user by its id, deleted or not. */
  async findAny(manager: EntityManager, id: number): Promise<UserEntity | null> {
    return manager.findOneBy(UserEntity, { id });
  }

  /** @throws OperationInProgress while an operation changes the user. */
  async requireUnlocked(tx: EntityManager, id: number): Promise<void> {
    const rows: { operationId: number }[] = await tx.query(
      "SELECT operation_id AS operationId FROM operation_lock WHERE resource_type = 'user' AND resource_id = ?",
      [id],
    );
    const holder = rows[0]?.operationId;
    if (holder !== undefined) throw OperationInProgress.on('user', holder);
  }

  /** Somebody who signs up, before OpenStack has the account; returns the id, null when a live user has that account id. */
  async insertSigningUp(
    tx: EntityManager,
    user: { readonly uuid: string; readonly domainId: number; readonly accountId: string; readonly name: string },
  ): Promise<number | null> {
    try {
      const result: { insertId: number } = await tx.query(
        "INSERT INTO user (domain_id, account_id, name, uuid, managed_by) VALUES (?, ?, ?, ?, 'created')",
        [user.domainId, user.accountId, user.name, user.uuid],
      );
      return result.insertId;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return null;
    }
  }

  /** OpenStack has the account. */
  async setOpenstackId(tx: EntityManager, id: number, openstackId: string): Promise<void> {
    await tx.query('UPDATE user SET openstack_id = ?, observed_at = NOW(3) WHERE id = ?', [openstackId, id]);
  }

  /** Live users of the domain besides this one who are not about to be deleted. Lock the domain first. */
  async countOthers(tx: EntityManager, { id, domainId }: Pick<UserEntity, 'id' | 'domainId'>): Promise<number> {
    const rows: { others: number }[] = await tx.query(
      `SELECT COUNT(*) AS others FROM user u
        WHERE u.domain_id = ? AND u.id <> ? AND u.deleted_at IS NULL AND u.openstack_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM operation_lock l WHERE l.resource_type = 'user' AND l.resource_id = u.id)`,
      [domainId, id],
    );
    return rows[0]?.others ?? 0;
  }

  async rename(tx: EntityManager, id: number, name: string): Promise<void> {
    await tx.query('UPDATE user SET name = ? WHERE id = ?', [name, id]);
  }

  /** Locks the user while the caller's transaction lasts: call it first, then end the sessions. */
  async markPasswordChanged(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE user SET password_changed_at = NOW(3), updated_at = updated_at WHERE id = ?', [id]);
  }

  /** Locked while the caller's transaction lasts. */
  async findByOpenstackIdForUpdate(tx: EntityManager, openstackId: string): Promise<UserEntity | null> {
    return tx.findOne(UserEntity, { where: { openstackId, deletedAt: IsNull() }, lock: { mode: 'pessimistic_write' } });
  }

  /** Every live user of the domain; locked while the caller's transaction lasts. */
  async findAllForUpdate(tx: EntityManager, domainId: number): Promise<readonly UserEntity[]> {
    return tx.find(UserEntity, {
      where: { domainId, deletedAt: IsNull() },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /** Users that an operation is changing; they are not to be touched. */
  async findLocked(manager: EntityManager): Promise<ReadonlySet<number>> {
    const rows: { id: number }[] = await manager.query(
      "SELECT resource_id AS id FROM operation_lock WHERE resource_type = 'user'",
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Returns our id; null when a live user of ours has that account, and for one who was deleted here after `askedAt`. A deleted one that
   * comes back is the same again.
   */
  async insert(tx: EntityManager, domainId: number, facts: UserFacts, askedAt: Date): Promise<number | null> {
    const present = await tx.findOneBy(UserEntity, { openstackId: facts.openstackId });
    const deletedAt = present?.deletedAt ?? null;
    if (deletedAt !== null && deletedAt >= askedAt) return null;
    if (present !== null) return (await this.update(tx, present.id, facts)) ? present.id : null;
    const { openstackId, accountId, enabled, isAdmin } = facts;
    try {
      const result: { insertId: number } = await tx.query(
        `INSERT INTO user (openstack_id, domain_id, account_id, name, uuid, enabled, is_admin, observed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, NOW(3))`,
        [openstackId, domainId, accountId, accountId, randomUUID(), enabled, isAdmin],
      );
      return result.insertId;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      // Perhaps another replica was quicker with the same user.
      return (await tx.findOneBy(UserEntity, { openstackId }))?.id ?? null;
    }
  }

  /** The name is ours and stays. False when a live user of ours has that account. */
  async update(
    tx: EntityManager,
    id: number,
    { openstackId, accountId, enabled, isAdmin }: UserFacts,
  ): Promise<boolean> {
    try {
      await tx.query(
        `UPDATE user SET openstack_id = ?, account_id = ?, enabled = ?, is_admin = ?, deleted_at = NULL, observed_at = NOW(3)
          WHERE id = ?`,
        [openstackId, accountId, enabled, isAdmin, id],
      );
      return true;
    } catch (error) {
      if (duplicateKey(error) === null) throw error;
      return false;
    }
  }

  /** Keystone has no such user any more: the account is free, its sessions end with it. */
  async tombstone(tx: EntityManager, id: number): Promise<void> {
    await tx.query('UPDATE user SET enabled = 0, is_admin = 0, deleted_at = NOW(3) WHERE id = ?', [id]);
  }

  async markObserved(tx: EntityManager, ids: readonly number[]): Promise<void> {
    if (ids.length > 0)
      await tx.query('UPDATE user SET observed_at = NOW(3), updated_at = updated_at WHERE id IN (?)', [ids]);
  }
}
