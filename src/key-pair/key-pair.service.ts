import { Injectable } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import type { Actor } from '../common/actor.js';
import { ValidationFailed } from '../common/errors.js';
import type { Precondition } from '../common/precondition.js';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import type { KeyPairEntity } from './key-pair.entity.js';
import { KeyPairNotFound } from './key-pair.errors.js';
import { KeyPairRepository, type KeyPairFilter } from './key-pair.repository.js';
import { parsePublicKey } from './public-key.js';

/** A key pair as every route shows it. */
export type KeyPairDetails = KeyPairEntity;

/** People's public keys. They are kept here alone: Nova sees one only while a server is made with it. */
@Injectable()
export class KeyPairService {
  constructor(
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly audit: AuditRepository,
    private readonly keyPairs: KeyPairRepository,
  ) {}

  async list({ userId }: Principal, filter: Omit<KeyPairFilter, 'userId'>): Promise<readonly KeyPairDetails[]> {
    return this.database.read((manager) => this.keyPairs.list(manager, { ...filter, userId }));
  }

  /** @throws KeyPairNotFound for another person's, too; `field` is where the id stood in a body. */
  async get({ userId }: Principal, id: number, field: string | null = null): Promise<KeyPairDetails> {
    const keyPair = await this.database.read((manager) => this.keyPairs.find(manager, userId, id));
    if (keyPair === null) throw new KeyPairNotFound(id, field);
    return keyPair;
  }

  /** @throws ValidationFailed for what is no public key; KeyPairNameTaken */
  async add(actor: Actor, name: string, text: string): Promise<KeyPairDetails> {
    const key = parsePublicKey(text);
    if (typeof key === 'string') {
      throw new ValidationFailed([{ field: 'public_key', message: key, type: 'public_key' }]);
    }
    const { userId } = actor.principal;
    return this.transaction.run(async (tx) => {
      const { type, line: publicKey, fingerprint } = key;
      const id = await this.keyPairs.insert(tx, { userId, name, type, publicKey, fingerprint });
      await this.write(tx, actor, 'key-pair.add', id);
      const keyPair = await this.keyPairs.find(tx, userId, id);
      if (keyPair === null) throw new Error(`key pair ${String(id)} is not there right after its insert`);
      return keyPair;
    });
  }

  /** Servers keep their own copies. @throws KeyPairNotFound, PreconditionFailed */
  async remove(actor: Actor, id: number, ifMatch: Precondition<KeyPairDetails>): Promise<void> {
    const { userId } = actor.principal;
    await this.transaction.run(async (tx) => {
      const keyPair = await this.keyPairs.find(tx, userId, id);
      if (keyPair === null) throw new KeyPairNotFound(id);
      await ifMatch.require(() => Promise.resolve(keyPair));
      if (!(await this.keyPairs.tombstone(tx, id))) throw new KeyPairNotFound(id);
      await this.write(tx, actor, 'key-pair.remove', id);
    });
  }

  private async write(tx: EntityManager, { principal, requestId }: Actor, action: string, id: number): Promise<void> {
    await this.audit.insert(tx, {
      actorUserId: principal.userId,
      projectId: null,
      action,
      resourceType: 'key_pair',
      resourceId: id,
      operationId: null,
      requestId,
    });
  }
}
