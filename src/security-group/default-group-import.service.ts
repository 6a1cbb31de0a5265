import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { duplicateKey } from '../database/database-errors.js';
import { Database } from '../database/database.js';
import { LeaseService, type HeldLease } from '../database/lease.service.js';
import { Transaction } from '../database/transaction.js';
import { projectCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { defaultGroupsEveryMs } from '../reconciliation/loops.js';
import { PauseRepository } from '../reconciliation/pause.repository.js';
import type { ManagedProject } from '../reconciliation/reconciler.js';
import { DefaultGroupRepository } from './default-group.repository.js';
import { SecurityGroupClient, type ObservedSecurityGroup } from './security-group.client.js';
import { SecurityGroupReconciler } from './security-group.reconciler.js';

/**
 * Brings the group that Neutron makes by itself for each project into MySQL, by whichever replica holds the lease: servers are made with
 * it. All other groups that were not made here are reconciliation's, and are only taken over as its policy says.
 */
@Injectable()
export class DefaultGroupImporter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DefaultGroupImporter.name);
  private readonly loop: Loop;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly leases: LeaseService,
    private readonly pauses: PauseRepository,
    private readonly client: SecurityGroupClient,
    private readonly defaults: DefaultGroupRepository,
    private readonly groups: SecurityGroupReconciler,
  ) {
    this.loop = new Loop(
      'default-groups',
      this.everyMs(),
      () => this.importIfDue(),
      (error) => {
        this.warn(error);
      },
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start(this.scheduler);
    this.loop.nudge();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /**
   * Brings the group into the record before there is a port that Neutron gives it to: else the port's row would have to leave it out.
   * Does nothing where it is known. May be repeated.
   *
   * @throws OpenStackError when Neutron does not list the project's groups
   */
  async ensureDefaultGroup(project: ManagedProject): Promise<void> {
    const isKnown = await this.database.read((manager) => this.defaults.isKnown(manager, project.id));
    if (!isKnown) await this.importOf(project, null);
  }

  private everyMs(): number {
    return defaultGroupsEveryMs(this.config.settings);
  }

  private async importIfDue(): Promise<void> {
    const without = await this.database.read(async (manager) =>
      (await this.pauses.find(manager)) === null ? this.defaults.projectsWithout(manager) : [],
    );
    if (without.length === 0) return;
    const options = { ttlMs: this.config.settings.LEASE_MS, everyMs: this.everyMs() };
    await this.leases.withLease('default-groups', options, async (lease) => {
      for (const project of without) await this.importUnlessRefused(project, lease);
    });
  }

  private async importUnlessRefused(project: ManagedProject, lease: HeldLease): Promise<void> {
    try {
      await this.importOf(project, lease);
    } catch (error) {
      // One project that the service account cannot enter yet does not hold up the others.
      if (!(error instanceof OpenStackError)) throw error;
      this.logger.debug({ projectId: project.id, error: error.message }, 'a new project cannot be looked into yet');
    }
  }

  /** Listed with the project's own token, which makes Neutron create the group where there is none yet. */
  private async importOf(project: ManagedProject, lease: HeldLease | null): Promise<void> {
    for await (const page of this.client.list(projectCall(project.openstackId))) {
      const found = page.find((group) => group.projectId === project.openstackId && group.name === 'default');
      if (found === undefined) continue;
      await this.store(found, project, lease);
      return;
    }
  }

  /** Without a lease where one project is looked into on behalf of an operation. */
  private async store(seen: ObservedSecurityGroup, project: ManagedProject, lease: HeldLease | null): Promise<void> {
    try {
      await this.transaction.run(async (tx) => {
        await lease?.fence(tx);
        await this.groups.adopt(tx, seen, project);
      });
    } catch (error) {
      // Somebody else was a moment earlier.
      if (duplicateKey(error) !== 'uq_security_group_openstack_id') throw error;
    }
  }

  private warn(error: unknown): void {
    const isAway = error instanceof DatabaseUnavailable || error instanceof OpenStackError;
    if (isAway) this.logger.warn({ error: error.message }, 'the import of default groups was not completed');
    else
      this.logger.error(
        { error: error instanceof Error ? error.stack : String(error) },
        'the import of default groups met a bug',
      );
  }
}
