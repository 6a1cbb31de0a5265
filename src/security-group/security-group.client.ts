import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { NeutronChanges } from '../openstack/neutron-changes.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp, type Query } from '../openstack/openstack-http.js';
import { openstackName } from '../openstack/openstack-name.js';
import { collect, followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wireId, wireOptionalText, wireTime } from '../openstack/openstack-wire.js';

export interface CreateSecurityGroupCommand {
  readonly name: string;
  /** Sent as it is, so that it can be found again by all of it; at most 255 code points that OpenStack takes. */
  readonly description: string;
}

export interface UpdateSecurityGroupCommand {
  /** Null: the name stays; Neutron takes none for the group `default`, not even its own. */
  readonly name: string | null;
  readonly description: string;
  /** The group as it was seen: a change meanwhile, of a rule too, refuses this one. */
  readonly revision: number;
}

export interface CreateSecurityGroupRuleCommand {
  readonly protocol: string | null;
  readonly etherType: string;
  readonly direction: string;
  readonly portRangeMin: number | null;
  readonly portRangeMax: number | null;
  readonly remoteIpPrefix: string | null;
  readonly remoteGroupOpenstackId: string | null;
  readonly description: string | null;
}

export interface ObservedSecurityGroupRule {
  readonly openstackId: string;
  /** As it was given, in small letters: a name such as `tcp`, or a number, which Neutron does not turn into the name; null: any. */
  readonly protocol: string | null;
  readonly etherType: string;
  readonly direction: string;
  /** For icmp the type. */
  readonly portRangeMin: number | null;
  /** For icmp the code. */
  readonly portRangeMax: number | null;
  /** As it was given, host bits included; with a length. */
  readonly remoteIpPrefix: string | null;
  readonly remoteGroupOpenstackId: string | null;
  readonly description: string | null;
}

export interface ObservedSecurityGroup {
  readonly openstackId: string;
  readonly name: string;
  readonly projectId: string;
  readonly description: string;
  readonly rules: readonly ObservedSecurityGroupRule[];
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const observedRule = z
  .object({
    id: wireId,
    protocol: wireOptionalText,
    ethertype: z.string(),
    direction: z.string(),
    port_range_min: z.number().nullish(),
    port_range_max: z.number().nullish(),
    remote_ip_prefix: wireOptionalText,
    remote_group_id: wireOptionalText,
    description: wireOptionalText,
  })
  .transform((rule): ObservedSecurityGroupRule => ({
    openstackId: rule.id,
    protocol: rule.protocol,
    etherType: rule.ethertype,
    direction: rule.direction,
    portRangeMin: rule.port_range_min ?? null,
    portRangeMax: rule.port_range_max ?? null,
    remoteIpPrefix: rule.remote_ip_prefix,
    remoteGroupOpenstackId: rule.remote_group_id,
    description: rule.description,
  }));

const observedSecurityGroup = z
  .object({
    id: wireId,
    name: z.string().nullish(),
    project_id: z.string(),
    description: z.string().nullish(),
    security_group_rules: z.array(observedRule).default([]),
    revision_number: z.number(),
    created_at: wireTime,
    updated_at: wireTime,
  })
  .transform((group): ObservedSecurityGroup => ({
    openstackId: group.id,
    name: group.name ?? '',
    projectId: group.project_id,
    description: group.description ?? '',
    rules: group.security_group_rules,
    revision: group.revision_number,
    createdAt: group.created_at,
    updatedAt: group.updated_at,
  }));

const shownSecurityGroup = z.object({ security_group: observedSecurityGroup });
const shownRule = z.object({ security_group_rule: observedRule });
const securityGroupPage = z
  .object({ security_groups: z.array(observedSecurityGroup), security_groups_links: pageLinks })
  .transform((page) => ({ items: page.security_groups, next: nextLink(page.security_groups_links) }));

/** Neutron's security groups and their rules. One that is unknown or gone is OpenStackNotFound everywhere. */
@Injectable()
export class SecurityGroupClient {
  private readonly changes: NeutronChanges;

  constructor(private readonly http: OpenStackHttp) {
    this.changes = new NeutronChanges(http);
  }

  /**
   * Comes with two rules that let everything out. Repeated, it makes a second group: names are not unique, but `default` in
   * whatever case is OpenStackConflict.
   */
  async create(call: OpenStackCall, command: CreateSecurityGroupCommand): Promise<ObservedSecurityGroup> {
    const answer = await this.http.send({
      service: 'network',
      method: 'POST',
      path: '/security-groups',
      operation: 'POST /v2.0/security-groups',
      body: {
        security_group: {
          name: openstackName(command.name),
          description: command.description,
          ...(call.scope.kind === 'project' ? { project_id: call.scope.projectId } : {}),
        },
      },
      ok: [201],
      schema: shownSecurityGroup,
      call,
    });
    return answer.data.security_group;
  }

  /** @throws OpenStackConflict when it was changed since `revision` was seen (status 412). */
  async update(
    call: OpenStackCall,
    openstackId: string,
    command: UpdateSecurityGroupCommand,
  ): Promise<ObservedSecurityGroup> {
    const { name, description, revision } = command;
    const answer = await this.http.send({
      service: 'network',
      method: 'PUT',
      path: path`/security-groups/${openstackId}`,
      operation: 'PUT /v2.0/security-groups/{id}',
      headers: { 'If-Match': `revision_number=${String(revision)}` },
      body: { security_group: { ...(name === null ? {} : { name: openstackName(name) }), description } },
      ok: [200],
      schema: shownSecurityGroup,
      call,
    });
    return answer.data.security_group;
  }

  /**
   * Rules of other groups that let this group's members in go with it, silently.
   *
   * @throws OpenStackConflict while it is on a port (type `SecurityGroupInUse`).
   */
  async delete(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'network',
      method: 'DELETE',
      path: path`/security-groups/${openstackId}`,
      operation: 'DELETE /v2.0/security-groups/{id}',
      ok: [204],
      schema: null,
      call,
    });
  }

  /**
   * Neutron has no change of a rule: its PUT answers 500.
   *
   * @throws OpenStackConflict when the group has a rule that is equal but for the description (type `SecurityGroupRuleExists`); for
   * Neutron a protocol's number is its name, and `0.0.0.0/0` is no prefix.
   * @throws OpenStackNotFound also when the remote group is unknown.
   */
  async createRule(
    call: OpenStackCall,
    groupOpenstackId: string,
    rule: CreateSecurityGroupRuleCommand,
  ): Promise<ObservedSecurityGroupRule> {
    const answer = await this.http.send({
      service: 'network',
      method: 'POST',
      path: '/security-group-rules',
      operation: 'POST /v2.0/security-group-rules',
      body: {
        security_group_rule: {
          security_group_id: groupOpenstackId,
          direction: rule.direction,
          ethertype: rule.etherType,
          protocol: rule.protocol,
          port_range_min: rule.portRangeMin,
          port_range_max: rule.portRangeMax,
          remote_ip_prefix: rule.remoteIpPrefix,
          remote_group_id: rule.remoteGroupOpenstackId,
          description: rule.description ?? '',
        },
      },
      ok: [201],
      schema: shownRule,
      call,
    });
    return answer.data.security_group_rule;
  }

  async deleteRule(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'network',
      method: 'DELETE',
      path: path`/security-group-rules/${openstackId}`,
      operation: 'DELETE /v2.0/security-group-rules/{id}',
      ok: [204],
      schema: null,
      call,
    });
  }

  /** Groups with exactly this description, which ends in the marker; in a project's scope only that project's. */
  async findByDescription(call: OpenStackCall, description: string): Promise<readonly ObservedSecurityGroup[]> {
    const groups = await collect(this.pages(call, { description }));
    // Neutron on MySQL compares without case, accents and blanks at the end.
    return groups.filter((group) => group.description === description);
  }

  async get(call: OpenStackCall, openstackId: string): Promise<ObservedSecurityGroup> {
    const answer = await this.http.send({
      service: 'network',
      method: 'GET',
      path: path`/security-groups/${openstackId}`,
      operation: 'GET /v2.0/security-groups/{id}',
      ok: [200],
      schema: shownSecurityGroup,
      call,
    });
    return answer.data.security_group;
  }

  /**
   * All groups of the project; with the admin's scope of all projects. Listing with a project's own token makes its group
   * `default` where it has none yet.
   */
  list(call: OpenStackCall): AsyncGenerator<readonly ObservedSecurityGroup[]> {
    return this.pages(call, {});
  }

  /** Those that changed since a time of Neutron's clock; one that was deleted is never among them. With the admin's scope of all projects. */
  async *listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly ObservedSecurityGroup[]> {
    const { scope } = call;
    const pages = this.changes.list(
      {
        path: '/security-groups',
        key: 'security_groups',
        operation: 'GET /v2.0/security-groups',
        query: scope.kind === 'project' ? { project_id: scope.projectId } : {},
        schema: securityGroupPage,
        call,
      },
      since,
    );
    for await (const page of pages) {
      yield page.filter(({ projectId }) => scope.kind === 'admin' || projectId === scope.projectId);
    }
  }

  private async *pages(call: OpenStackCall, filter: Query): AsyncGenerator<readonly ObservedSecurityGroup[]> {
    const { scope } = call;
    const pages = followPages(this.http, {
      service: 'network',
      path: '/security-groups',
      operation: 'GET /v2.0/security-groups',
      // An admin's token sees all projects in Neutron, whatever its scope.
      query: { ...filter, ...(scope.kind === 'project' ? { project_id: scope.projectId } : {}), limit: pageSize },
      schema: securityGroupPage,
      call,
    });
    for await (const page of pages) {
      yield page.filter((group) => scope.kind === 'admin' || group.projectId === scope.projectId);
    }
  }
}
