import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Config } from '../config/config.js';
import type { Policies } from './policy.js';

/** Who stopped the loops of reconciliation, and when. */
export interface Pause {
  readonly userId: number | null;
  readonly since: string;
}

/** A policy and the version of it that was read; 0 where nobody has set it yet. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: number;
}

const policiesName = 'reconciliation';
const pauseName = 'pause';

/** What administrators decided about reconciliation. */
@Injectable()
export class PolicyRepository {
  constructor(private readonly config: Config) {}

  async policies(manager: EntityManager): Promise<Versioned<Policies>> {
    const found = await this.find(manager, policiesName);
    return { value: { ...this.defaults(), ...found?.value }, version: found?.version ?? 0 };
  }

  async setPolicies(tx: EntityManager, policies: Policies): Promise<void> {
    await this.set(tx, policiesName, policies);
  }

  /** Null while the loops run. */
  async pause(manager: EntityManager): Promise<Pause | null> {
    return (await this.find<Pause>(manager, pauseName))?.value ?? null;
  }

  /** Null: the loops go on. */
  async setPause(tx: EntityManager, pause: Pause | null): Promise<void> {
    if (pause === null) await tx.query('DELETE FROM policy WHERE name = ?', [pauseName]);
    else await this.set(tx, pauseName, pause);
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

  private async find<T = Policies>(manager: EntityManager, name: string): Promise<Versioned<T> | null> {
    const rows: Versioned<T>[] = await manager.query('SELECT value, version FROM policy WHERE name = ?', [name]);
    return rows[0] ?? null;
  }

  private async set(tx: EntityManager, name: string, value: unknown): Promise<void> {
    await tx.query(
      `INSERT INTO policy (name, value) VALUES (?, ?) AS new
           ON DUPLICATE KEY UPDATE value = new.value, version = policy.version + 1`,
      [name, JSON.stringify(value)],
    );
  }
}
