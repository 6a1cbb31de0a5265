import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { NeutronChanges } from '../openstack/neutron-changes.js';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp, type Query } from '../openstack/openstack-http.js';
import { collect, followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wireId, wireOptionalText, wireTime } from '../openstack/openstack-wire.js';

export interface AllocateFloatingIpCommand {
  readonly floatingNetworkId: string;
  readonly marker: string;
}

export interface AssociateFloatingIpCommand {
  readonly portId: string;
  /** Null: the port's only address. */
  readonly fixedIpAddress: string | null;
  /** The floating IP as it was seen: a change meanwhile refuses the association. */
  readonly revision: number;
}

export interface ObservedFloatingIp {
  readonly openstackId: string;
  readonly projectId: string;
  readonly address: string;
  /** Neutron's word: ACTIVE, DOWN, ERROR. */
  readonly status: string;
  readonly floatingNetworkId: string;
  readonly portId: string | null;
  readonly fixedIpAddress: string | null;
  readonly description: string;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const observedFloatingIp = z
  .object({
    id: wireId,
    project_id: z.string(),
    floating_ip_address: z.string(),
    status: z.string().nullish(),
    floating_network_id: wireId,
    port_id: wireOptionalText,
    fixed_ip_address: wireOptionalText,
    description: z.string().nullish(),
    revision_number: z.number(),
    created_at: wireTime,
    updated_at: wireTime,
  })
  .transform((floatingIp): ObservedFloatingIp => ({
    openstackId: floatingIp.id,
    projectId: floatingIp.project_id,
    address: floatingIp.floating_ip_address,
    status: (floatingIp.status ?? '').toUpperCase() || 'UNKNOWN',
    floatingNetworkId: floatingIp.floating_network_id,
    portId: floatingIp.port_id,
    fixedIpAddress: floatingIp.fixed_ip_address,
    description: floatingIp.description ?? '',
    revision: floatingIp.revision_number,
    createdAt: floatingIp.created_at,
    updatedAt: floatingIp.updated_at,
  }));

const shownFloatingIp = z.object({ floatingip: observedFloatingIp });
const floatingIpPage = z
  .object({ floatingips: z.array(observedFloatingIp), floatingips_links: pageLinks })
  .transform((page) => ({ items: page.floatingips, next: nextLink(page.floatingips_links) }));

/** Neutron's floating IPs. One that is unknown or gone is OpenStackNotFound everywhere. */
@Injectable()
export class FloatingIpClient {
  private readonly changes: NeutronChanges;

  constructor(private readonly http: OpenStackHttp) {
    this.changes = new NeutronChanges(http);
  }

  /** Repeated, it takes a second address. A network that is not external is OpenStackRefused, an unknown one OpenStackNotFound. */
  async allocate(call: OpenStackCall, command: AllocateFloatingIpCommand): Promise<ObservedFloatingIp> {
    const answer = await this.http.send({
      service: 'network',
      method: 'POST',
      path: '/floatingips',
      operation: 'POST /v2.0/floatingips',
      body: {
        floatingip: {
          floating_network_id: command.floatingNetworkId,
          description: command.marker,
          ...(call.scope.kind === 'project' ? { project_id: call.scope.projectId } : {}),
        },
      },
      ok: [201],
      schema: shownFloatingIp,
      call,
    });
    return answer.data.floatingip;
  }

  async get(call: OpenStackCall, openstackId: string): Promise<ObservedFloatingIp> {
    const answer = await this.http.send({
      service: 'network',
      method: 'GET',
      path: path`/floatingips/${openstackId}`,
      operation: 'GET /v2.0/floatingips/{id}',
      ok: [200],
      schema: shownFloatingIp,
      call,
    });
    return answer.data.floatingip;
  }

  /** Floating IPs whose description is the marker; in a project's scope only that project's. */
  async findByMarker(call: OpenStackCall, marker: string): Promise<readonly ObservedFloatingIp[]> {
    const floatingIps = await collect(this.pages(call, { description: marker }));
    return floatingIps.filter((floatingIp) => floatingIp.description === marker);
  }

  /** Gives the address back, from whatever it was associated with. */
  async release(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'network',
      method: 'DELETE',
      path: path`/floatingips/${openstackId}`,
      operation: 'DELETE /v2.0/floatingips/{id}',
      ok: [204],
      schema: null,
      call,
    });
  }

  /**
   * Points the address to a port. Neutron's answer still says DOWN; ACTIVE follows.
   *
   * @throws OpenStackConflict when it was changed since `revision` was seen (status 412), or when the fixed address already has a
   * floating IP (type `FloatingIPPortAlreadyAssociated`).
   * @throws OpenStackNotFound also when no router leads to the port (type `ExternalGatewayForFloatingIPNotFound`).
   */
  associate(
    call: OpenStackCall,
    openstackId: string,
    command: AssociateFloatingIpCommand,
  ): Promise<ObservedFloatingIp> {
    const { portId, fixedIpAddress, revision } = command;
    const address = fixedIpAddress === null ? {} : { fixed_ip_address: fixedIpAddress };
    return this.update(call, openstackId, { port_id: portId, ...address }, revision);
  }

  /** @throws OpenStackConflict when it was changed since `revision` was seen. */
  disassociate(
    call: OpenStackCall,
    openstackId: string,
    { revision }: { readonly revision: number },
  ): Promise<ObservedFloatingIp> {
    return this.update(call, openstackId, { port_id: null }, revision);
  }

  /** All floating IPs of the project; with the admin's scope of all projects. */
  list(call: OpenStackCall): AsyncGenerator<readonly ObservedFloatingIp[]> {
    return this.pages(call, {});
  }

  /** Those that changed since a time of Neutron's clock; one that was deleted is never among them. With the admin's scope of all projects. */
  async *listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly ObservedFloatingIp[]> {
    const { scope } = call;
    const pages = this.changes.list(
      {
        path: '/floatingips',
        key: 'floatingips',
        operation: 'GET /v2.0/floatingips',
        query: scope.kind === 'project' ? { project_id: scope.projectId } : {},
        schema: floatingIpPage,
        call,
      },
      since,
    );
    for await (const page of pages) {
      yield page.filter(({ projectId }) => scope.kind === 'admin' || projectId === scope.projectId);
    }
  }

  async listByPort(call: OpenStackCall, portId: string): Promise<readonly ObservedFloatingIp[]> {
    const floatingIps = await collect(this.pages(call, { port_id: portId }));
    return floatingIps.filter((floatingIp) => floatingIp.portId === portId);
  }

  private async update(
    call: OpenStackCall,
    openstackId: string,
    floatingip: Readonly<Record<string, string | null>>,
    revision: number,
  ): Promise<ObservedFloatingIp> {
    const answer = await this.http.send({
      service: 'network',
      method: 'PUT',
      path: path`/floatingips/${openstackId}`,
      operation: 'PUT /v2.0/floatingips/{id}',
      // Without it Neutron silently moves an address that is in use elsewhere.
      headers: { 'If-Match': `revision_number=${String(revision)}` },
      body: { floatingip },
      ok: [200],
      schema: shownFloatingIp,
      call,
    });
    return answer.data.floatingip;
  }

  private async *pages(call: OpenStackCall, filter: Query): AsyncGenerator<readonly ObservedFloatingIp[]> {
    const { scope } = call;
    const pages = followPages(this.http, {
      service: 'network',
      path: '/floatingips',
      operation: 'GET /v2.0/floatingips',
      // An admin's token sees all projects in Neutron, whatever its scope.
      query: { ...filter, ...(scope.kind === 'project' ? { project_id: scope.projectId } : {}), limit: pageSize },
      schema: floatingIpPage,
      call,
    });
    for await (const page of pages) {
      yield page.filter((floatingIp) => scope.kind === 'admin' || floatingIp.projectId === scope.projectId);
    }
  }
}
