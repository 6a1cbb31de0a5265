import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wireId, wireOptionalText, wireTime } from '../openstack/openstack-wire.js';

interface ObservedSecurityGroupRule {
  readonly openstackId: string;
  /** As Neutron normalises it: a name such as `tcp`, or a number; null: any. */
  readonly protocol: string | null;
  readonly etherType: string;
  readonly direction: string;
  /** For icmp the type. */
  readonly portRangeMin: number | null;
  /** For icmp the code. */
  readonly portRangeMax: number | null;
  /** A network, host bits cleared. */
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
const securityGroupPage = z
  .object({ security_groups: z.array(observedSecurityGroup), security_groups_links: pageLinks })
  .transform((page) => ({ items: page.security_groups, next: nextLink(page.security_groups_links) }));

/** Neutron's security groups. */
@Injectable()
export class SecurityGroupClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** @throws OpenStackNotFound when it is unknown or gone. */
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
  async *list(call: OpenStackCall): AsyncGenerator<readonly ObservedSecurityGroup[]> {
    const { scope } = call;
    const pages = followPages(this.http, {
      service: 'network',
      path: '/security-groups',
      operation: 'GET /v2.0/security-groups',
      // An admin's token sees all projects in Neutron, whatever its scope.
      query: { ...(scope.kind === 'project' ? { project_id: scope.projectId } : {}), limit: pageSize },
      schema: securityGroupPage,
      call,
    });
    for await (const page of pages) {
      yield page.filter((group) => scope.kind === 'admin' || group.projectId === scope.projectId);
    }
  }
}
