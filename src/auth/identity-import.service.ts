import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import type { HeldLease } from '../database/lease.service.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { Loops, type LoopTurn, type ReconciliationLoop } from '../reconciliation/loops.js';
import { PolicyRepository } from '../reconciliation/policy.repository.js';
import { IdentityRecordService } from './identity-record.service.js';
import { identityLease, IdentityRepository } from './identity.repository.js';
import { KeystoneIdentityService } from './keystone-identity.service.js';

/**
 * Keeps domain, projects, people and roles in step with Keystone: at the start, and then every IDENTITY_SWEEP_MS by one of the
 * replicas. Nothing waits for it. While reconciliation is paused it does nothing, but for the first import, without which nobody can log in.
 * People or projects that are gone so many at once that the view may be wrong stay as they are: a run finds them MASS_MISSING, and an
 * administrator decides.
 */
@Injectable()
export class IdentityImportService implements ReconciliationLoop {
  readonly name = identityLease;
  readonly intervalMs: number;
  readonly runsAtStart = true;
  /** A first start that met a Keystone in trouble must not be without people and projects for a whole interval. */
  readonly retryMs: number;
  private readonly logger = new Logger(IdentityImportService.name);

  constructor(
    config: Config,
    loops: Loops,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly identity: IdentityRepository,
    private readonly policies: PolicyRepository,
    private readonly keystone: KeystoneIdentityService,
    private readonly record: IdentityRecordService,
  ) {
    const { IDENTITY_SWEEP_MS, BACKOFF_MAX_MS } = config.settings;
    this.intervalMs = IDENTITY_SWEEP_MS;
    this.retryMs = Math.min(IDENTITY_SWEEP_MS, BACKOFF_MAX_MS);
    loops.register(this);
  }

  describe(): string {
    return 'Takes over projects, people and who is a member of what from Keystone.';
  }

  async isUrgent(manager: EntityManager): Promise<boolean> {
    return !(await this.identity.hasBeenImported(manager));
  }

  run(turn: LoopTurn): Promise<void> {
    return turn.underLease((lease) => this.import(lease));
  }

  /** Whether an import has ever been completed, by whichever replica. @throws DatabaseUnavailable */
  async hasRun(): Promise<boolean> {
    return this.database.read((manager) => this.identity.hasBeenImported(manager));
  }

  private async import(lease: HeldLease): Promise<void> {
    const known = await this.database.read((manager) => this.identity.known(manager));
    const observed = await this.keystone.observe(known, () => lease.renew());
    const { value: policies } = await this.database.read((manager) => this.policies.policies(manager));
    const heldBack = await this.transaction.run(async (tx) => {
      await lease.fence(tx);
      return this.record.saveAll(tx, observed, policies);
    });
    if (heldBack.users + heldBack.projects > 0)
      this.logger.warn(
        heldBack,
        'so many are gone from Keystone at once that the view may be wrong: they stay until an administrator confirms their findings',
      );
    this.logger.debug(
      { projects: observed.projects.length, users: observed.users.length, complete: observed.arePlacesComplete },
      'identity imported',
    );
  }
}
