import { Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { duplicateKey } from '../database/database-errors.js';
import { KeyPairEntity } from './key-pair.entity.js';
import { KeyPairNameTaken } from './key-pair.errors.js';

export interface NewKeyPair {
  readonly userId: number;
  readonly name: string;
  readonly type: string;
  readonly publicKey: string;
  readonly fingerprint: string;
}

/** Which of a user's key pairs a list asks for. */
export interface KeyPairFilter {
  readonly userId: number;
  readonly sortBy: 'created_at' | 'name';
  readonly order: 'asc' | 'desc';
  /** The last row of the page before. */
  readonly after: { readonly value: Date | string; readonly id: number } | null;
  readonly limit: number;
}

/** The table key_pair: people's own, in no project and not in OpenStack. */
@Injectable()
export class KeyPairRepository {
  /** @throws KeyPairNameTaken */
  async insert(tx: EntityManager, keyPair: NewKeyPair): Promise<number> {
    try {
      const result: { insertId: number } = await tx.query(
        'INSERT INTO key_pair (user_id, name, type, public_key, fingerprint) VALUES (?, ?, ?, ?, ?)',
        [keyPair.userId, keyPair.name, keyPair.type, keyPair.publicKey, keyPair.fingerprint],
      );
      return result.insertId;
    } catch (error) {
      if (duplicateKey(error) !== 'uq_key_pair_live_name') throw error;
      throw new KeyPairNameTaken(keyPair.name);
    }
  }

  async find(manager: EntityManager, userId: number, id: number): Promise<KeyPairEntity | null> {
    return manager.findOneBy(KeyPairEntity, { id, userId, deletedAt: IsNull() });
  }

  async list(manager: EntityManager, filter: KeyPairFilter): Promise<readonly KeyPairEntity[]> {
    const column = filter.sortBy === 'name' ? 'keyPair.name' : 'keyPair.createdAt';
    const direction = filter.order === 'asc' ? 'ASC' : 'DESC';
    const query = manager
      .createQueryBuilder(KeyPairEntity, 'keyPair')
      .where('keyPair.userId = :userId AND keyPair.deletedAt IS NULL', { userId: filter.userId })
      .orderBy(column, direction)
      .addOrderBy('keyPair.id', direction)
      .limit(filter.limit);
    if (filter.after !== null) {
      const sign = filter.order === 'asc' ? '>' : '<';
      query.andWhere(`(${column} ${sign} :value OR (${column} = :value AND keyPair.id ${sign} :id))`, filter.after);
    }
    return query.getMany();
  }

  /** False when it was gone already. */
  async tombstone(tx: EntityManager, id: number): Promise<boolean> {
    const result: { affectedRows: number } = await tx.query(
      'UPDATE key_pair SET deleted_at = NOW(3) WHERE id = ? AND deleted_at IS NULL',
      [id],
    );
    return result.affectedRows === 1;
  }
}
