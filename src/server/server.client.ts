import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp, type Query } from '../openstack/openstack-http.js';
import { novaMicroversion } from '../openstack/openstack-microversions.js';
import { openstackName } from '../openstack/openstack-name.js';
import { collect, followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wholeSeconds, wireId, wireOptionalText, wireTime } from '../openstack/openstack-wire.js';

export interface CreateServerCommand {
  readonly name: string;
  readonly flavorId: string;
  readonly portId: string;
  /** The root volume: bootable and available. It outlives the server. */
  readonly volumeId: string;
  readonly marker: string;
  /** Null: Nova chooses. */
  readonly availabilityZone: string | null;
  readonly keyName: string | null;
  /** Base64, at most 65,535 characters. */
  readonly userData: string | null;
  /** Null: Nova makes one, which nobody is told. */
  readonly adminPass: string | null;
}

export interface CreatedServer {
  readonly openstackId: string;
}

export interface ObservedServer {
  readonly openstackId: string;
  /** Empty when its cell is down. */
  readonly name: string;
  readonly projectId: string;
  /** Nova's word in upper case; UNKNOWN without one, as for a server whose cell is down. */
  readonly status: string;
  /** What is being done to it; status is the old one meanwhile. */
  readonly taskState: string | null;
  /** Only in ERROR and DELETED; lists leave it out for a server for which no host was found. */
  readonly fault: { readonly code: number; readonly message: string } | null;
  readonly tags: readonly string[];
  readonly flavorName: string | null;
  readonly availabilityZone: string | null;
  readonly keyName: string | null;
  readonly volumeIds: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Told to admins only. */
  readonly host: string | null;
  /** Where its root disk is, such as `/dev/vda`; told to admins only. */
  readonly rootDevice: string | null;
  /** Null for a server that boots from a volume. */
  readonly imageId: string | null;
  /** Its cell is down: hardly more than its id is known. */
  readonly isPartial: boolean;
}

// Rows of a down cell have id, status, tenant_id, created and links alone.
const observedServer = z
  .object({
    id: wireId,
    name: z.string().nullish(),
    tenant_id: z.string(),
    status: z.string().nullish(),
    'OS-EXT-STS:task_state': wireOptionalText,
    fault: z.object({ code: z.number().default(0), message: z.string().default('') }).nullish(),
    tags: z.array(z.string()).default([]),
    flavor: z.object({ original_name: z.string().nullish() }).nullish(),
    'OS-EXT-AZ:availability_zone': wireOptionalText,
    key_name: wireOptionalText,
    'os-extended-volumes:volumes_attached': z.array(z.object({ id: wireId })).default([]),
    created: wireTime,
    updated: wireTime.nullish(),
    'OS-EXT-SRV-ATTR:host': wireOptionalText,
    'OS-EXT-SRV-ATTR:root_device_name': wireOptionalText,
    // An empty text where there is none.
    image: z.union([z.object({ id: wireId }), z.string()]).nullish(),
  })
  .transform((server): ObservedServer => ({
    openstackId: server.id,
    name: server.name ?? '',
    projectId: server.tenant_id,
    status: statusWord(server.status ?? ''),
    taskState: server['OS-EXT-STS:task_state'],
    fault: server.fault ? { code: server.fault.code, message: server.fault.message } : null,
    tags: server.tags,
    flavorName: server.flavor?.original_name ?? null,
    availabilityZone: server['OS-EXT-AZ:availability_zone'],
    keyName: server.key_name,
    volumeIds: server['os-extended-volumes:volumes_attached'].map((volume) => volume.id),
    createdAt: server.created,
    updatedAt: server.updated ?? server.created,
    host: server['OS-EXT-SRV-ATTR:host'],
    rootDevice: server['OS-EXT-SRV-ATTR:root_device_name'],
    imageId: typeof server.image === 'object' ? (server.image?.id ?? null) : null,
    isPartial: server.name === undefined,
  }));

function statusWord(text: string): string {
  return text.trim() === '' ? 'UNKNOWN' : text.trim().toUpperCase().replace(/[- ]/g, '_');
}

const createdServer = z.object({ server: z.object({ id: wireId }) });
const shownServer = z.object({ server: observedServer });
const serverPage = z
  .object({ servers: z.array(observedServer), servers_links: pageLinks })
  .transform((page) => ({ items: page.servers, next: nextLink(page.servers_links) }));

/** Nova. A server that is unknown or gone is OpenStackNotFound everywhere. */
@Injectable()
export class ServerClient {
  constructor(private readonly http: OpenStackHttp) {}

  /**
   * Boots from an existing volume with an existing port. Nova answers at once; the port's `device_id` and the volume's status
   * follow. Repeated with the same port and volume it is refused, never a second server: OpenStackConflict for the port,
   * OpenStackRefused for the volume.
   */
  async create(call: OpenStackCall, command: CreateServerCommand): Promise<CreatedServer> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'POST',
      path: '/servers',
      operation: 'POST /servers',
      microversion: novaMicroversion,
      body: { server: creationBody(command) },
      ok: [202],
      schema: createdServer,
      call,
    });
    return { openstackId: answer.data.server.id };
  }

  async get(call: OpenStackCall, openstackId: string): Promise<ObservedServer> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'GET',
      path: path`/servers/${openstackId}`,
      operation: 'GET /servers/{id}',
      microversion: novaMicroversion,
      ok: [200],
      schema: shownServer,
      call,
    });
    return answer.data.server;
  }

  /**
   * Servers that carry the marker, in any status; in a project's scope only that project's. Those in SOFT_DELETED Nova does not
   * list: find them by their port.
   */
  async findByMarker(call: OpenStackCall, marker: string): Promise<readonly ObservedServer[]> {
    const servers = await collect(this.pages(call, { tags: marker }));
    return servers.filter((server) => server.tags.includes(marker));
  }

  /** Asks for the deletion; gone is when `get` says not found, or SOFT_DELETED where the cloud keeps servers for a time. */
  async delete(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'compute',
      method: 'DELETE',
      path: path`/servers/${openstackId}`,
      operation: 'DELETE /servers/{id}',
      microversion: novaMicroversion,
      ok: [204],
      schema: null,
      call,
    });
  }

  /** Ends a server that is SOFT_DELETED; works in the other states too. */
  async forceDelete(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'compute',
      method: 'POST',
      path: path`/servers/${openstackId}/action`,
      operation: 'POST /servers/{id}/action forceDelete',
      microversion: novaMicroversion,
      body: { forceDelete: null },
      ok: [202],
      schema: null,
      call,
    });
  }

  /** All servers of the project; with the admin's scope of all projects. Without those in SOFT_DELETED. */
  list(call: OpenStackCall): AsyncGenerator<readonly ObservedServer[]> {
    return this.pages(call, {});
  }

  /** Those that were changed at that time of Nova's clock or later; DELETED ones, which have lost their tags, for some time. */
  listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly ObservedServer[]> {
    return this.pages(call, { 'changes-since': wholeSeconds(since) });
  }

  private async *pages(call: OpenStackCall, filter: Query): AsyncGenerator<readonly ObservedServer[]> {
    const { scope } = call;
    const everywhere: Query = scope.kind === 'admin' ? { all_tenants: 1 } : {};
    const pages = followPages(this.http, {
      service: 'compute',
      path: '/servers/detail',
      operation: 'GET /servers/detail',
      microversion: novaMicroversion,
      query: { ...filter, ...everywhere, limit: pageSize },
      schema: serverPage,
      call,
    });
    for await (const page of pages) {
      yield page.filter((server) => scope.kind === 'admin' || server.projectId === scope.projectId);
    }
  }
}

function creationBody(command: CreateServerCommand): Readonly<Record<string, unknown>> {
  return {
    name: openstackName(command.name),
    flavorRef: command.flavorId,
    networks: [{ port: command.portId }],
    block_device_mapping_v2: [
      {
        boot_index: 0,
        uuid: command.volumeId,
        source_type: 'volume',
        destination_type: 'volume',
        delete_on_termination: false,
      },
    ],
    tags: [command.marker],
    ...(command.availabilityZone === null ? {} : { availability_zone: command.availabilityZone }),
    ...(command.keyName === null ? {} : { key_name: command.keyName }),
    ...(command.userData === null ? {} : { user_data: command.userData }),
    ...(command.adminPass === null ? {} : { adminPass: command.adminPass }),
  };
}
