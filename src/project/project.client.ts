import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackUnknownOutcome } from '../openstack/openstack-errors.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { isSameName } from '../openstack/openstack-name.js';
import { wholeListBytes } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wireId } from '../openstack/openstack-wire.js';

export interface ObservedDomain {
  readonly openstackId: string;
  readonly name: string;
  readonly enabled: boolean;
}

export interface ObservedProject {
  readonly openstackId: string;
  readonly name: string;
  readonly domainId: string;
  readonly description: string;
  readonly enabled: boolean;
}

export interface ObservedProjects {
  readonly projects: readonly ObservedProject[];
  /** False when Keystone cut the list: what is absent may exist. */
  readonly isComplete: boolean;
}

export interface KeystoneRole {
  readonly id: string;
  readonly name: string;
}

export interface AssignRoleCommand {
  readonly projectId: string;
  readonly userId: string;
  readonly roleId: string;
}

export interface RoleAssignmentFilter {
  readonly projectId?: string;
  readonly userId?: string;
}

export interface RoleAssignment {
  readonly userId: string;
  /** Null for a role on a domain or on the system. */
  readonly projectId: string | null;
  readonly roleName: string;
  readonly system: boolean;
}

const observedDomain = z
  .object({ id: wireId, name: z.string(), enabled: z.boolean().default(true) })
  .transform(({ id, name, enabled }): ObservedDomain => ({ openstackId: id, name, enabled }));

const observedProject = z
  .object({
    id: wireId,
    name: z.string(),
    domain_id: z.string(),
    description: z.string().nullish(),
    enabled: z.boolean().default(true),
  })
  .transform((project): ObservedProject => ({
    openstackId: project.id,
    name: project.name,
    domainId: project.domain_id,
    description: project.description ?? '',
    enabled: project.enabled,
  }));

const projectList = z.object({ projects: z.array(observedProject), truncated: z.boolean().default(false) });
const roleList = z.object({ roles: z.array(z.object({ id: wireId, name: z.string() })) });

const assignmentList = z.object({
  role_assignments: z.array(
    z.object({
      // An assignment to a group has none; with `effective` its users stand in its place.
      user: z.object({ id: wireId }).optional(),
      role: z.object({ name: z.string() }),
      scope: z.object({ project: z.object({ id: wireId }).optional(), system: z.unknown().optional() }),
    }),
  ),
  truncated: z.boolean().default(false),
});

/** Keystone's domains, projects and roles; needs the admin's scope. */
@Injectable()
export class ProjectClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** @throws OpenStackNotFound */
  async domain(call: OpenStackCall, domainId: string): Promise<ObservedDomain> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: path`/domains/${domainId}`,
      operation: 'GET /v3/domains/{id}',
      ok: [200],
      schema: z.object({ domain: observedDomain }),
      call,
    });
    return answer.data.domain;
  }

  /** The domain's projects, disabled ones too. Keystone has no pages. */
  listProjects(call: OpenStackCall, domainId: string): Promise<ObservedProjects> {
    return this.search(call, domainId, {});
  }

  /** Projects of that name, as Keystone compares names: without case, on MySQL without accents too. */
  async findByName(
    call: OpenStackCall,
    { name, domainId }: { readonly name: string; readonly domainId: string },
  ): Promise<readonly ObservedProject[]> {
    const { projects } = await this.search(call, domainId, { name });
    return projects.filter((project) => isSameName(project.name, name));
  }

  /** @throws OpenStackNotFound */
  async get(call: OpenStackCall, projectId: string): Promise<ObservedProject> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: path`/projects/${projectId}`,
      operation: 'GET /v3/projects/{id}',
      ok: [200],
      schema: z.object({ project: observedProject }),
      call,
    });
    return answer.data.project;
  }

  /** The roles of the whole cloud; a domain's own are not among them. */
  async roles(call: OpenStackCall): Promise<readonly KeystoneRole[]> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: '/roles',
      operation: 'GET /v3/roles',
      ok: [200],
      schema: roleList,
      call,
    });
    return answer.data.roles;
  }

  /** Idempotent. @throws OpenStackNotFound when project, user or role is unknown. */
  async assignRole(call: OpenStackCall, { projectId, userId, roleId }: AssignRoleCommand): Promise<void> {
    await this.http.send({
      service: 'identity',
      method: 'PUT',
      path: path`/projects/${projectId}/users/${userId}/roles/${roleId}`,
      operation: 'PUT /v3/projects/{id}/users/{id}/roles/{id}',
      ok: [204],
      schema: null,
      call,
    });
  }

  /** @throws OpenStackNotFound when the user has not been given that role there, or has it by another way. */
  async unassignRole(call: OpenStackCall, { projectId, userId, roleId }: AssignRoleCommand): Promise<void> {
    await this.http.send({
      service: 'identity',
      method: 'DELETE',
      path: path`/projects/${projectId}/users/${userId}/roles/${roleId}`,
      operation: 'DELETE /v3/projects/{id}/users/{id}/roles/{id}',
      ok: [204],
      schema: null,
      call,
    });
  }

  /** The roles that were given to this very user in this very project: none that come another way. @throws OpenStackNotFound */
  async assignedRoles(
    call: OpenStackCall,
    { projectId, userId }: Omit<AssignRoleCommand, 'roleId'>,
  ): Promise<readonly KeystoneRole[]> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: path`/projects/${projectId}/users/${userId}/roles`,
      operation: 'GET /v3/projects/{id}/users/{id}/roles',
      ok: [200],
      schema: roleList,
      call,
    });
    return answer.data.roles;
  }

  /**
   * Look for the name first: Keystone 2025.1 closes the connection, instead of answering 409, when another project of the domain has it.
   *
   * @throws OpenStackNotFound; OpenStackConflict or OpenStackUnknownOutcome when the name is taken, however it is spelled.
   */
  async rename(call: OpenStackCall, projectId: string, name: string): Promise<ObservedProject> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'PATCH',
      path: path`/projects/${projectId}`,
      operation: 'PATCH /v3/projects/{id}',
      body: { project: { name } },
      ok: [200],
      schema: z.object({ project: observedProject }),
      call,
    });
    return answer.data.project;
  }

  /**
   * Who has which role where, with what comes through groups, from the domain and by implication.
   *
   * @throws OpenStackNotFound for an unknown project or user.
   * @throws OpenStackUnknownOutcome of type `IncompleteList` when Keystone cut the list.
   */
  async roleAssignments(call: OpenStackCall, filter: RoleAssignmentFilter): Promise<readonly RoleAssignment[]> {
    const operation = 'GET /v3/role_assignments';
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: '/role_assignments',
      operation,
      query: {
        include_names: true,
        effective: true,
        ...(filter.projectId === undefined ? {} : { 'scope.project.id': filter.projectId }),
        ...(filter.userId === undefined ? {} : { 'user.id': filter.userId }),
      },
      ok: [200],
      schema: assignmentList,
      largestBytes: wholeListBytes,
      call,
    });
    if (answer.data.truncated) {
      const text = 'the list is incomplete: Keystone cut it';
      throw new OpenStackUnknownOutcome({ service: 'identity', operation, type: 'IncompleteList', text });
    }
    return answer.data.role_assignments
      .flatMap(({ user, role, scope }): RoleAssignment[] =>
        user === undefined
          ? []
          : [
              {
                userId: user.id,
                projectId: scope.project?.id ?? null,
                roleName: role.name,
                system: scope.system !== undefined,
              },
            ],
      )
      .filter(({ projectId, userId }) => matches(filter.projectId, projectId) && matches(filter.userId, userId));
  }

  private async search(
    call: OpenStackCall,
    domainId: string,
    filter: Readonly<Record<string, string>>,
  ): Promise<ObservedProjects> {
    const answer = await this.http.send({
      service: 'identity',
      method: 'GET',
      path: '/projects',
      operation: 'GET /v3/projects',
      query: { domain_id: domainId, ...filter },
      ok: [200],
      schema: projectList,
      largestBytes: wholeListBytes,
      call,
    });
    const { projects, truncated } = answer.data;
    return { projects: projects.filter((project) => project.domainId === domainId), isComplete: !truncated };
  }
}

function matches(wanted: string | undefined, found: string | null): boolean {
  return wanted === undefined || wanted === found;
}
