import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DatabaseUnavailable } from '../common/errors.js';
import { Loop } from '../common/loop.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { DeploymentService } from '../database/deployment.service.js';
import { LeaseService, type HeldLease } from '../database/lease.service.js';
import { Transaction } from '../database/transaction.js';
import { adminCall, projectCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { parseMarker } from '../openstack/marker.js';
import { existingRule } from './observed-rule.js';
import { splitDescription } from './security-group-description.js';
import {
  SecurityGroupImportRepository,
  type ImportedGroup,
  type ManagedProject,
} from './security-group-import.repository.js';
import { SecurityGroupClient, type ObservedSecurityGroup } from './security-group.client.js';

/** How soon after a project appeared its default group is there, at most; milliseconds. */
const newProjectsMs = 2_000;

/**
 * Brings the security groups of the managed projects into MySQL, by whichever replica holds the lease: those of a new
 * project soon, all of them again every IDENTITY_SWEEP_MS. What a list does not show is left alone: absent is not deleted.
 */
@Injectable()
export class SecurityGroupImporter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(SecurityGroupImporter.name);
  private readonly loop: Loop;

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
    private readonly database: Database,
    private readonly transaction: Transaction,
    private readonly leases: LeaseService,
    private readonly deployment: DeploymentService,
    private readonly client: SecurityGroupClient,
    private readonly groups: SecurityGroupImportRepository,
  ) {
    this.loop = new Loop(
      'security-groups',
      Math.min(newProjectsMs, config.settings.IDENTITY_SWEEP_MS),
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
   * Brings the group that Neutron gives a port by itself into the record, before there is such a port: else the port's row
   * would have to leave it out. Does nothing where it is known. May be repeated.
   *
   * @throws OpenStackError when Neutron does not list the project's groups
   */
  async ensureDefaultGroup(project: ManagedProject): Promise<void> {
    const known = await this.database.read((manager) => this.groups.hasDefaultGroup(manager, project.id));
    if (!known) await this.importList(projectCall(project.openstackId), [project], null);
  }

  private async importIfDue(): Promise<void> {
    const { LEASE_MS, IDENTITY_SWEEP_MS } = this.config.settings;
    const withoutGroup = await this.database.read((manager) => this.groups.projectsWithoutDefaultGroup(manager));
    if (withoutGroup.length > 0) {
      const often = { ttlMs: LEASE_MS, everyMs: Math.min(newProjectsMs, IDENTITY_SWEEP_MS) };
      await this.leases.withLease('security-groups-of-new-projects', often, async (lease) => {
        for (const project of withoutGroup) await this.importProject(project, lease);
      });
    }
    await this.leases.withLease('security-groups', { ttlMs: LEASE_MS, everyMs: IDENTITY_SWEEP_MS }, async (lease) => {
      const projects = await this.database.read((manager) => this.groups.managedProjects(manager));
      if (projects.length > 0) await this.importList(adminCall, projects, lease);
    });
  }

  /** Listed with the project's own token, which makes Neutron create the group `default` where it has none yet. */
  private async importProject(project: ManagedProject, lease: HeldLease): Promise<void> {
    try {
      await this.importList(projectCall(project.openstackId), [project], lease);
    } catch (error) {
      // One project that the service account cannot enter yet does not hold up the others.
      if (!(error instanceof OpenStackError)) throw error;
      this.logger.debug({ projectId: project.id, error: error.message }, 'a new project cannot be looked into yet');
    }
  }

  /** Without a lease where one project is looked into on behalf of an operation; `observed_at` keeps the order then. */
  private async importList(
    call: OpenStackCall,
    projects: readonly ManagedProject[],
    lease: HeldLease | null,
  ): Promise<void> {
    const projectIds = new Map(projects.map((project) => [project.openstackId, project.id]));
    const deploymentId = await this.deployment.deploymentId();
    let askedAt = await this.database.read((manager) => this.groups.now(manager));
    for await (const page of this.client.list(call)) {
      const groups = page.map((group) => imported(group, projectIds, deploymentId)).filter((group) => group !== null);
      const pageAskedAt = askedAt;
      await this.transaction.run(async (tx) => {
        await lease?.fence(tx);
        await this.groups.store(tx, groups, pageAskedAt);
      });
      askedAt = await this.database.read((manager) => this.groups.now(manager));
    }
  }

  private warn(error: unknown): void {
    const isAway = error instanceof DatabaseUnavailable || error instanceof OpenStackError;
    if (isAway) this.logger.warn({ error: error.message }, 'the import of security groups was not completed');
    else
      this.logger.error(
        { error: error instanceof Error ? error.stack : String(error) },
        'the import of security groups met a bug',
      );
  }
}

/** Null for a group of a project that is not managed. */
function imported(
  group: ObservedSecurityGroup,
  projectIds: ReadonlyMap<string, number>,
  deploymentId: string,
): ImportedGroup | null {
  const projectId = projectIds.get(group.projectId);
  if (projectId === undefined) return null;
  return {
    openstackId: group.openstackId,
    projectId,
    // Neutron allows a group without a name; here everything can be called by one.
    name: group.name === '' ? group.openstackId : group.name,
    description: group.description,
    marker: ownMarker(group.description, deploymentId),
    rules: group.rules.map((rule) => existingRule(rule)),
  };
}

/** Null where there is none, or one of another deployment. */
function ownMarker(description: string, deploymentId: string): ImportedGroup['marker'] {
  const text = splitDescription(description).marker;
  const marker = text === null ? null : parseMarker(text);
  if (text === null || marker?.deployment !== deploymentId) return null;
  return { text, uuid: marker.uuid };
}
