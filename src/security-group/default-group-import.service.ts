import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { duplicateKey } from '../database/database-errors.js';
import type { HeldLease } from '../database/lease.service.js';
import { projectCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { Loops, type LoopTurn, type ReconciliationLoop } from '../reconciliation/loops.js';
import { ReconcilerKit } from '../reconciliation/reconciler-kit.js';
import type { ManagedProject } from '../reconciliation/reconciler.js';
import { DefaultGroupRepository } from './default-group.repository.js';
import { SecurityGroupClient, type ObservedSecurityGroup } from './security-group.client.js';
import { SecurityGroupReconciler } from './security-group.reconciler.js';

/** On whose behalf a project's groups were asked for, and when. */
interface Question {
  readonly project: ManagedProject;
  /** Null where one project is looked into on behalf of an operation. */
  readonly lease: HeldLease | null;
  /** The database's time before. */
  readonly sentAt: Date;
}

/** How soon after a project appeared its default group is there, at most; milliseconds. */
const newProjectsMs = 2_000;

/**
 * Brings the group that Neutron makes by itself for each project into MySQL, by whichever replica holds the lease: servers are made with
 * it. All other groups that were not made here are reconciliation's, and are only taken over as its policy says.
 */
@Injectable()
export class DefaultGroupImporter implements ReconciliationLoop {
  readonly name = 'default-groups';
  readonly intervalMs: number;
  readonly runsAtStart = true;
  private readonly logger = new Logger(DefaultGroupImporter.name);

  constructor(
    config: Config,
    loops: Loops,
    private readonly kit: ReconcilerKit,
    private readonly client: SecurityGroupClient,
    private readonly defaults: DefaultGroupRepository,
    private readonly groups: SecurityGroupReconciler,
  ) {
    this.intervalMs = Math.min(newProjectsMs, config.settings.IDENTITY_SWEEP_MS);
    loops.register(this);
  }

  describe(): string {
    return 'Brings the default security group of each new project into the record; rests while there is none.';
  }

  async run(turn: LoopTurn): Promise<void> {
    const without = await this.kit.read((manager) => this.defaults.projectsWithout(manager));
    if (without.length === 0) return;
    await turn.underLease(async (lease) => {
      for (const project of without) await this.importUnlessRefused(project, lease);
    });
  }

  /**
   * Brings the group into the record before there is a port that Neutron gives it to: else the port's row would have to leave it out.
   * Does nothing where it is known. May be repeated.
   *
   * @throws OpenStackError when Neutron does not list the project's groups
   */
  async ensureDefaultGroup(project: ManagedProject): Promise<void> {
    const isKnown = await this.kit.read((manager) => this.defaults.isKnown(manager, project.id));
    if (!isKnown) await this.importOf(project, null);
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
    const sentAt = await this.kit.now();
    for await (const page of this.client.list(projectCall(project.openstackId))) {
      const found = page.find((group) => group.projectId === project.openstackId && group.name === 'default');
      if (found === undefined) continue;
      await this.store(found, { project, lease, sentAt });
      return;
    }
  }

  /** A group that was missed, and is there all the same, gets the row that it had. */
  private async store(seen: ObservedSecurityGroup, { project, lease, sentAt }: Question): Promise<void> {
    try {
      await this.kit.transaction.run(async (tx) => {
        await lease?.fence(tx);
        if (!(await this.groups.restore(tx, seen, sentAt))) await this.groups.adopt(tx, seen, project);
      });
    } catch (error) {
      // Somebody else was a moment earlier.
      if (duplicateKey(error) !== 'uq_security_group_openstack_id') throw error;
    }
  }
}
