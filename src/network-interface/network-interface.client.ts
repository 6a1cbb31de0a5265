import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { NeutronChanges } from '../openstack/neutron-changes.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp, type Query } from '../openstack/openstack-http.js';
import { openstackName } from '../openstack/openstack-name.js';
import { collect, followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wireId, wireOptionalText, wireTime } from '../openstack/openstack-wire.js';

export interface CreatePortCommand {
  readonly name: string;
  readonly networkId: string;
  /** Null: Neutron's choice, the project's group `default`. Empty: none. */
  readonly securityGroupIds: readonly string[] | null;
  readonly marker: string;
  /** Null: Neutron's choice. */
  readonly subnetId: string | null;
}

export interface SetPortSecurityGroupsCommand {
  readonly securityGroupIds: readonly string[];
  /** The port as it was seen: a change meanwhile refuses this one. */
  readonly revision: number;
}

interface FixedIp {
  readonly subnetId: string;
  readonly ipAddress: string;
}

export interface ObservedPort {
  readonly openstackId: string;
  readonly name: string;
  readonly projectId: string;
  readonly networkId: string;
  /** Neutron's word: ACTIVE, DOWN, BUILD, ERROR, N/A. */
  readonly status: string;
  /** The server that uses it; null for a moment after Nova accepted the server, too. */
  readonly deviceId: string | null;
  /** `compute:<zone>` for a server; empty when nothing uses it. */
  readonly deviceOwner: string;
  readonly description: string;
  readonly macAddress: string;
  readonly fixedIps: readonly FixedIp[];
  readonly securityGroupIds: readonly string[];
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Null where the cloud does not know port security. */
  readonly portSecurityEnabled: boolean | null;
}

const observedPort = z
  .object({
    id: wireId,
    name: z.string().nullish(),
    project_id: z.string(),
    network_id: wireId,
    status: z.string().nullish(),
    device_id: wireOptionalText,
    device_owner: z.string().nullish(),
    description: z.string().nullish(),
    mac_address: z.string(),
    fixed_ips: z.array(z.object({ subnet_id: z.string(), ip_address: z.string() })).default([]),
    security_groups: z.array(wireId).default([]),
    revision_number: z.number(),
    created_at: wireTime,
    updated_at: wireTime,
    port_security_enabled: z.boolean().nullish(),
  })
  .transform((port): ObservedPort => ({
    openstackId: port.id,
    name: port.name ?? '',
    projectId: port.project_id,
    networkId: port.network_id,
    status: (port.status ?? '').toUpperCase() || 'UNKNOWN',
    deviceId: port.device_id,
    deviceOwner: port.device_owner ?? '',
    description: port.description ?? '',
    macAddress: port.mac_address,
    fixedIps: port.fixed_ips.map((ip) => ({ subnetId: ip.subnet_id, ipAddress: ip.ip_address })),
    securityGroupIds: port.security_groups,
    revision: port.revision_number,
    createdAt: port.created_at,
    updatedAt: port.updated_at,
    portSecurityEnabled: port.port_security_enabled ?? null,
  }));

const shownPort = z.object({ port: observedPort });
const portPage = z
  .object({ ports: z.array(observedPort), ports_links: pageLinks })
  .transform((page) => ({ items: page.ports, next: nextLink(page.ports_links) }));

/** Neutron's ports. A port that is unknown or gone is OpenStackNotFound everywhere. */
@Injectable()
export class NetworkInterfaceClient {
  private readonly changes: NeutronChanges;

  constructor(private readonly http: OpenStackHttp) {
    this.changes = new NeutronChanges(http);
  }

  /**
   * Repeated, it makes a second port. An unknown network, group or subnet is OpenStackNotFound or OpenStackRefused; no free
   * address is OpenStackConflict.
   */
  async create(call: OpenStackCall, command: CreatePortCommand): Promise<ObservedPort> {
    const answer = await this.http.send({
      service: 'network',
      method: 'POST',
      path: '/ports',
      operation: 'POST /v2.0/ports',
      body: { port: creationBody(call, command) },
      ok: [201],
      schema: shownPort,
      call,
    });
    return answer.data.port;
  }

  async get(call: OpenStackCall, openstackId: string): Promise<ObservedPort> {
    const answer = await this.http.send({
      service: 'network',
      method: 'GET',
      path: path`/ports/${openstackId}`,
      operation: 'GET /v2.0/ports/{id}',
      ok: [200],
      schema: shownPort,
      call,
    });
    return answer.data.port;
  }

  /** Ports whose description is the marker; in a project's scope only that project's. */
  async findByMarker(call: OpenStackCall, marker: string): Promise<readonly ObservedPort[]> {
    const ports = await collect(this.pages(call, { description: marker }));
    return ports.filter((port) => port.description === marker);
  }

  /** Works on a port in use too: the server loses it. Frees its floating IPs. */
  async delete(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'network',
      method: 'DELETE',
      path: path`/ports/${openstackId}`,
      operation: 'DELETE /v2.0/ports/{id}',
      ok: [204],
      schema: null,
      call,
    });
  }

  /**
   * Makes the port's groups exactly these; none is allowed.
   *
   * @throws OpenStackConflict when the port was changed since `revision` was seen (status 412).
   * @throws OpenStackNotFound also when a group is unknown (type `SecurityGroupNotFound`).
   * @throws OpenStackRefused when the port has no port security (type `PortSecurityAndIPRequiredForSecurityGroups`).
   */
  async setSecurityGroups(
    call: OpenStackCall,
    openstackId: string,
    { securityGroupIds, revision }: SetPortSecurityGroupsCommand,
  ): Promise<ObservedPort> {
    const answer = await this.http.send({
      service: 'network',
      method: 'PUT',
      path: path`/ports/${openstackId}`,
      operation: 'PUT /v2.0/ports/{id}',
      headers: { 'If-Match': `revision_number=${String(revision)}` },
      body: { port: { security_groups: securityGroupIds } },
      ok: [200],
      schema: shownPort,
      call,
    });
    return answer.data.port;
  }

  /** The ports that a server uses, by the server's OpenStack id. */
  async listByDevice(call: OpenStackCall, serverOpenstackId: string): Promise<readonly ObservedPort[]> {
    const ports = await collect(this.pages(call, { device_id: serverOpenstackId }));
    return ports.filter((port) => port.deviceId === serverOpenstackId);
  }

  /** All ports of the project; with the admin's scope of all projects, routers' and DHCP's included. */
  list(call: OpenStackCall): AsyncGenerator<readonly ObservedPort[]> {
    return this.pages(call, {});
  }

  /** Those that changed since a time of Neutron's clock; one that was deleted is never among them. With the admin's scope of all projects. */
  async *listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly ObservedPort[]> {
    const { scope } = call;
    const pages = this.changes.list(
      {
        path: '/ports',
        key: 'ports',
        operation: 'GET /v2.0/ports',
        query: scope.kind === 'project' ? { project_id: scope.projectId } : {},
        schema: portPage,
        call,
      },
      since,
    );
    for await (const page of pages) {
      yield page.filter(({ projectId }) => scope.kind === 'admin' || projectId === scope.projectId);
    }
  }

  private async *pages(call: OpenStackCall, filter: Query): AsyncGenerator<readonly ObservedPort[]> {
    const { scope } = call;
    const pages = followPages(this.http, {
      service: 'network',
      path: '/ports',
      operation: 'GET /v2.0/ports',
      // An admin's token sees all projects in Neutron, whatever its scope.
      query: { ...filter, ...(scope.kind === 'project' ? { project_id: scope.projectId } : {}), limit: pageSize },
      schema: portPage,
      call,
    });
    for await (const page of pages) {
      yield page.filter((port) => scope.kind === 'admin' || port.projectId === scope.projectId);
    }
  }
}

function creationBody(call: OpenStackCall, command: CreatePortCommand): Readonly<Record<string, unknown>> {
  return {
    name: openstackName(command.name),
    network_id: command.networkId,
    description: command.marker,
    ...(call.scope.kind === 'project' ? { project_id: call.scope.projectId } : {}),
    ...(command.securityGroupIds === null ? {} : { security_groups: command.securityGroupIds }),
    ...(command.subnetId === null ? {} : { fixed_ips: [{ subnet_id: command.subnetId }] }),
  };
}
