import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { adminCall, type OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackError, OpenStackNotFound, OpenStackUnknownOutcome } from '../openstack/openstack-errors.js';
import { ProjectClient, type ObservedProject, type RoleAssignment } from '../project/project.client.js';
import { UserClient, type ObservedUsers } from '../user/user.client.js';
import { adminProjectIds, managedProjects, projectsToJoin, rolesOf, type IdentityRules } from './identity.js';
import type { KnownIdentity } from './identity.repository.js';
import type { ObservedIdentity } from './identity-record.service.js';
import { ServiceAccountClient, type ServiceAccount } from './service-account.client.js';

interface Observation {
  readonly observed: ObservedIdentity;
  readonly toJoin: readonly ObservedProject[];
  readonly account: ServiceAccount;
}

/** Asks Keystone about everything that is imported. */
@Injectable()
export class KeystoneIdentityService {
  private readonly logger = new Logger(KeystoneIdentityService.name);
  private warnedOf: string | null = null;

  constructor(
    private readonly config: Config,
    private readonly account: ServiceAccountClient,
    private readonly projects: ProjectClient,
    private readonly users: UserClient,
  ) {}

  /**
   * Reads the lists, and gives the service account the role `member` where it lacks it. `stillHeld` throws when another replica took
   * the work over.
   *
   * @throws OpenStackError when a list cannot be read.
   */
  async observe(known: KnownIdentity, stillHeld: () => Promise<void>): Promise<ObservedIdentity> {
    const { observed, toJoin, account } = await this.read(known, adminCall);
    await stillHeld();
    await this.join(toJoin, account);
    return observed;
  }

  /** Only reads. @throws OpenStackError when a list cannot be read. */
  async look(known: KnownIdentity, call: OpenStackCall): Promise<ObservedIdentity> {
    return (await this.read(known, call)).observed;
  }

  private async read(known: KnownIdentity, call: OpenStackCall): Promise<Observation> {
    const account = await this.account.account();
    const [domain, projectList] = await Promise.all([
      this.projects.domain(call, account.domainId),
      this.projects.listProjects(call, account.domainId),
    ]);
    const { MANAGED_PROJECTS, ADMIN_PROJECTS } = this.config.settings;
    const rules = { managedProjects: MANAGED_PROJECTS, adminProjects: ADMIN_PROJECTS };
    this.warnOfUnknown(projectList.projects, rules);
    const managed = managedProjects(projectList.projects, rules);
    const managedIds = new Set(managed.map(({ openstackId }) => openstackId));
    const admin = adminProjectIds(projectList.projects, rules, account);
    const { assignments, isComplete } = await this.assignments(managedIds, admin, call);
    const { admins, places } = rolesOf(assignments, managedIds, admin, account);
    // After the roles: who is deleted in between is gone, not one who has lost every role.
    const userList = await this.users.list(call, account.domainId);
    const listed = new Set(projectList.projects.map(({ openstackId }) => openstackId));
    const goneProjects = await this.goneProjects(known.projects, projectList, call);
    const observed: ObservedIdentity = {
      askedAt: known.askedAt,
      domain,
      projects: managed,
      users: userList.users
        .filter(({ openstackId }) => admins.has(openstackId) || places.has(openstackId))
        .map(({ openstackId, name, enabled }) => ({
          openstackId,
          accountId: name,
          enabled,
          isAdmin: admins.has(openstackId),
        })),
      places: [...places].flatMap(([user, ofUser]) => [...ofUser].map(([project, role]) => ({ user, project, role }))),
      unmanagedProjects: new Set(
        projectList.isComplete ? known.projects.filter((id) => listed.has(id) && !managedIds.has(id)) : [],
      ),
      goneProjects,
      goneUsers: await this.goneUsers(known.users, userList, call),
      // The service account has a role, so that a list without any shows nothing.
      arePlacesComplete: isComplete && assignments.length > 0 && userList.isComplete && projectList.isComplete,
    };
    return { observed, toJoin: projectsToJoin(managed, assignments, account), account };
  }

  /** All at once; project by project where Keystone cuts the list. */
  private async assignments(
    managedIds: ReadonlySet<string>,
    adminIds: ReadonlySet<string>,
    call: OpenStackCall,
  ): Promise<{ readonly assignments: readonly RoleAssignment[]; readonly isComplete: boolean }> {
    try {
      return { assignments: await this.projects.roleAssignments(call, {}), isComplete: true };
    } catch (error) {
      if (!isCut(error)) throw error;
    }
    const assignments: RoleAssignment[] = [];
    let isComplete = true;
    for (const projectId of new Set([...managedIds, ...adminIds])) {
      try {
        assignments.push(...(await this.projects.roleAssignments(call, { projectId })));
      } catch (error) {
        if (!isCut(error)) throw error;
        isComplete = false;
        this.logger.warn({ projectId }, 'Keystone cut the list of roles in a project; nobody is removed from any');
      }
    }
    return { assignments, isComplete };
  }

  private async join(projects: readonly ObservedProject[], { userId }: ServiceAccount): Promise<void> {
    if (projects.length === 0) return;
    const role = (await this.projects.roles(adminCall)).find(({ name }) => name.toLowerCase() === 'member');
    if (role === undefined) {
      this.logger.error('Keystone has no role "member"; the service account cannot work in any project');
      return;
    }
    for (const { openstackId, name } of projects) {
      try {
        await this.projects.assignRole(adminCall, { projectId: openstackId, userId, roleId: role.id });
        this.logger.log({ project: name }, 'the service account got the role member');
      } catch (error) {
        if (!(error instanceof OpenStackError)) throw error;
        const { status, text } = error;
        this.logger.warn({ project: name, status, text }, 'the service account did not get the role member');
      }
    }
  }

  private async goneProjects(
    known: readonly string[],
    { projects, isComplete }: { readonly projects: readonly ObservedProject[]; readonly isComplete: boolean },
    call: OpenStackCall,
  ): Promise<ReadonlySet<string>> {
    // A list that shows nobody's projects, not even the service account's, is not believed.
    if (!isComplete || projects.length === 0) return new Set();
    const listed = new Set(projects.map(({ openstackId }) => openstackId));
    return this.confirmGone(
      known.filter((id) => !listed.has(id)),
      (id) => this.projects.get(call, id),
    );
  }

  private async goneUsers(
    known: readonly string[],
    { users, isComplete }: ObservedUsers,
    call: OpenStackCall,
  ): Promise<ReadonlySet<string>> {
    if (!isComplete || users.length === 0) return new Set();
    const listed = new Set(users.map(({ openstackId }) => openstackId));
    return this.confirmGone(
      known.filter((id) => !listed.has(id)),
      (id) => this.users.get(call, id),
    );
  }

  /** Absent from a list is not gone: only what Keystone, asked for it, does not know. */
  private async confirmGone(ids: readonly string[], get: (id: string) => Promise<unknown>): Promise<Set<string>> {
    const gone = new Set<string>();
    for (const id of ids) {
      try {
        await get(id);
      } catch (error) {
        if (!(error instanceof OpenStackNotFound)) throw error;
        gone.add(id);
      }
    }
    return gone;
  }

  /** A name in the settings that fits nothing is most likely a slip. Said once, not every minute. */
  private warnOfUnknown(projects: readonly ObservedProject[], rules: IdentityRules): void {
    const unknown = [...rules.managedProjects, ...rules.adminProjects].filter(
      (name) => !projects.some((project) => project.openstackId === name || project.name === name),
    );
    const text = unknown.join(', ');
    if (unknown.length > 0 && text !== this.warnedOf) {
      this.logger.warn(
        { unknown: text },
        'MANAGED_PROJECTS or ADMIN_PROJECTS name projects that Keystone does not have',
      );
    }
    this.warnedOf = text;
  }
}

function isCut(error: unknown): boolean {
  return error instanceof OpenStackUnknownOutcome && error.type === 'IncompleteList';
}
