import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { LeaseService, type HeldLease } from '../database/lease.service.js';
import { Transaction } from '../database/transaction.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { PauseRepository } from '../reconciliation/pause.repository.js';
import { IdentityRecordService } from './identity-record.service.js';
import { identityLease, IdentityRepository } from './identity.repository.js';
import { KeystoneIdentityService } from './keystone-identity.service.js';

/**
 * Keeps domain, projects, people and roles in step with Keystone: at the start, and then every IDENTITY_SWEEP_MS by one of the
 * replicas. Nothing waits for it. While reconciliation is paused it does nothing, but for the first import, without which nobody can log in.
 */
@Injectable()
export class IdentityImportService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(IdentityImportService.name);
  private readonly loop: Loop;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly leases: LeaseService,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly pauses: PauseRepository,
    private readonly identity: IdentityRepository,
    private readonly keystone: KeystoneIdentityService,
    private readonly record: IdentityRecordService,
  ) {
    this.loop = new Loop(
      'identity',
      config.settings.IDENTITY_SWEEP_MS,
      () => this.runIfDue(),
      (error) => {
        this.report(error);
        this.tryAgainSoon();
      },
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start(this.scheduler);
    this.loop.nudge();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.retry);
    await this.loop.stop();
  }

  /** Whether an import has ever been completed, by whichever replica. @throws DatabaseUnavailable */
  async hasRun(): Promise<boolean> {
    return this.database.read((manager) => this.identity.hasBeenImported(manager));
  }

  private async runIfDue(): Promise<void> {
    if (await this.isHeld()) return;
    const { IDENTITY_SWEEP_MS: sweepMs, LEASE_MS: leaseMs } = this.config.settings;
    // A little less than the interval: a timer that comes early by a moment must not skip a turn.
    await this.leases.withLease(identityLease, { ttlMs: leaseMs, everyMs: Math.floor(sweepMs * 0.9) }, (lease) =>
      this.run(lease),
    );
  }

  private async isHeld(): Promise<boolean> {
    return this.database.read(
      async (manager) => (await this.pauses.find(manager)) !== null && (await this.identity.hasBeenImported(manager)),
    );
  }

  private async run(lease: HeldLease): Promise<void> {
    const known = await this.database.read((manager) => this.identity.known(manager));
    const observed = await this.keystone.observe(known, () => lease.renew());
    await this.transaction.run(async (tx) => {
      await lease.fence(tx);
      await this.record.saveAll(tx, observed);
    });
    this.logger.debug(
      { projects: observed.projects.length, users: observed.users.length, complete: observed.arePlacesComplete },
      'identity imported',
    );
  }

  /** A first start that met a Keystone in trouble must not be without people and projects for a whole interval. */
  private tryAgainSoon(): void {
    const { IDENTITY_SWEEP_MS: sweepMs, BACKOFF_MAX_MS: backoffMs } = this.config.settings;
    clearTimeout(this.retry);
    this.retry = setTimeout(
      () => {
        this.loop.nudge();
      },
      Math.min(sweepMs, backoffMs),
    );
  }

  private report(error: unknown): void {
    if (error instanceof OpenStackError) {
      const { service, operation, status, text } = error;
      this.logger.warn({ service, operation, status, text }, 'Keystone could not be read; the import is tried again');
    } else if (error instanceof DatabaseUnavailable) {
      this.logger.warn('MySQL is away; the import is tried again');
    } else {
      this.logger.error({ err: error }, 'the import met a bug');
    }
  }
}
