import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Config } from '../config/config.js';
import type { Policies } from './policy.js';

/** A policy and the version of it that was read; 0 where nobody has set it yet. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: number;
}

const policiesName = 'reconciliation';

/** What administrators decided about reconciliation. */
@Injectable()
export class PolicyRepository {
  constructor(private readonly config: Config) {}

  async policies(manager: EntityManager): Promise<Versioned<Policies>> {
    const rows: Versioned<Partial<Policies>>[] = await manager.query(
      'SELECT value, version FROM policy WHERE name = ?',
      [policiesName],
    );
    const found = rows[0];
    return { value: { ...this.defaults(), ...found?.value }, version: found?.version ?? 0 };
  }

  async setPolicies(tx: EntityManager, policies: Policies): Promise<void> {
    await tx.query(
      `INSERT INTO policy (name, value) VALUES (?, ?) AS new
           ON DUPLICATE KEY UPDATE value = new.value, version = policy.version + 1`,
      [policiesName, JSON.stringify(policies)],
    );
  }

  private defaults(): Policies {
    return {
      missing: 'tombstone',
      missingGraceSeconds: 300,
      massMissingCount: 1,
      massMissingPercent: 20,
      unmanaged: 'report',
      orphans: this.config.settings.ORPHAN_POLICY,
      names: 'accept',
      stuckAfterSeconds: 1_800,
    };
  }
}
