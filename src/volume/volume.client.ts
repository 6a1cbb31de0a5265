import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp, type Query } from '../openstack/openstack-http.js';
import { cinderMicroversion } from '../openstack/openstack-microversions.js';
import { openstackName, openstackText } from '../openstack/openstack-name.js';
import { collect, followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { path } from '../openstack/openstack-path.js';
import { wholeSeconds, wireId, wireOptionalText, wireTime } from '../openstack/openstack-wire.js';

export interface CreateVolumeCommand {
  readonly name: string;
  readonly description: string | null;
  /** GiB. */
  readonly size: number;
  /** With an image the volume becomes bootable. */
  readonly imageId: string | null;
  /** Null: the cloud's default type. */
  readonly volumeTypeId: string | null;
  readonly availabilityZone: string | null;
  readonly marker: string;
}

export interface UpdateVolumeCommand {
  readonly name: string;
  /** Null: none. */
  readonly description: string | null;
}

interface VolumeAttachment {
  readonly serverId: string;
  readonly device: string | null;
}

export interface ObservedVolume {
  readonly openstackId: string;
  readonly name: string;
  /** Null where there is none. */
  readonly description: string | null;
  readonly projectId: string | null;
  /** Cinder's word, lower case with hyphens; `unknown` without one. */
  readonly status: string;
  /** GiB. */
  readonly size: number;
  /** The type's name. */
  readonly volumeType: string | null;
  readonly availabilityZone: string | null;
  readonly isBootable: boolean;
  readonly metadataMarker: string | null;
  readonly attachments: readonly VolumeAttachment[];
  readonly imageId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

const observedVolume = z
  .object({
    id: wireId,
    name: z.string().nullish(),
    description: wireOptionalText,
    'os-vol-tenant-attr:tenant_id': wireOptionalText,
    status: z.string().nullish(),
    size: z.number(),
    volume_type: wireOptionalText,
    availability_zone: wireOptionalText,
    bootable: z.union([z.string(), z.boolean()]).nullish(),
    metadata: z.record(z.string(), z.string().nullable()).nullish(),
    attachments: z.array(z.object({ server_id: z.string().nullish(), device: wireOptionalText })).default([]),
    volume_image_metadata: z.object({ image_id: wireOptionalText }).nullish(),
    created_at: wireTime,
    updated_at: wireTime.nullish(),
  })
  .transform((volume): ObservedVolume => ({
    openstackId: volume.id,
    name: volume.name ?? '',
    description: volume.description,
    projectId: volume['os-vol-tenant-attr:tenant_id'],
    status: (volume.status ?? '').trim().toLowerCase() || 'unknown',
    size: volume.size,
    volumeType: volume.volume_type,
    availabilityZone: volume.availability_zone,
    isBootable: String(volume.bootable) === 'true',
    metadataMarker: volume.metadata?.['cloud_api'] ?? null,
    attachments: volume.attachments.flatMap(({ server_id: serverId, device }) =>
      serverId ? [{ serverId, device }] : [],
    ),
    imageId: volume.volume_image_metadata?.image_id ?? null,
    createdAt: volume.created_at,
    updatedAt: volume.updated_at ?? null,
  }));

const shownVolume = z.object({ volume: observedVolume });
const volumePage = z
  .object({ volumes: z.array(observedVolume), volumes_links: pageLinks })
  .transform((page) => ({ items: page.volumes, next: nextLink(page.volumes_links) }));
const snapshotCount = z.object({ count: z.number() });
const messageList = z.object({ messages: z.array(z.object({ user_message: z.string(), created_at: wireTime })) });

/** How far Cinder's clock may be behind MySQL's. */
const clockSkewMs = 30_000;

/** Cinder. A volume that is unknown or gone is OpenStackNotFound everywhere. */
@Injectable()
export class VolumeClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** Answers at once with status `creating`. Repeated, it makes a second volume. */
  async create(call: OpenStackCall, command: CreateVolumeCommand): Promise<ObservedVolume> {
    const answer = await this.http.send({
      service: 'volume',
      method: 'POST',
      path: '/volumes',
      operation: 'POST /volumes',
      microversion: cinderMicroversion,
      body: { volume: creationBody(command) },
      ok: [202],
      schema: shownVolume,
      call,
    });
    return answer.data.volume;
  }

  async get(call: OpenStackCall, openstackId: string): Promise<ObservedVolume> {
    const answer = await this.http.send({
      service: 'volume',
      method: 'GET',
      path: path`/volumes/${openstackId}`,
      operation: 'GET /volumes/{id}',
      microversion: cinderMicroversion,
      ok: [200],
      schema: shownVolume,
      call,
    });
    return answer.data.volume;
  }

  /** Volumes whose metadata carry the marker; in a project's scope only that project's. */
  async findByMarker(call: OpenStackCall, marker: string): Promise<readonly ObservedVolume[]> {
    const volumes = await collect(this.pages(call, { metadata: `{'cloud_api':'${marker}'}` }));
    return volumes.filter((volume) => volume.metadataMarker === marker);
  }

  /**
   * Asks for the deletion; gone is when `get` says not found. Refused with OpenStackRefused while the volume is in use, still
   * being made, stuck, or has snapshots.
   */
  async delete(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'volume',
      method: 'DELETE',
      path: path`/volumes/${openstackId}`,
      operation: 'DELETE /volumes/{id}',
      microversion: cinderMicroversion,
      ok: [202],
      schema: null,
      call,
    });
  }

  /** May be repeated. Cinder takes off white space at the edges. */
  async update(call: OpenStackCall, openstackId: string, command: UpdateVolumeCommand): Promise<ObservedVolume> {
    const answer = await this.http.send({
      service: 'volume',
      method: 'PUT',
      path: path`/volumes/${openstackId}`,
      operation: 'PUT /volumes/{id}',
      microversion: cinderMicroversion,
      body: { volume: namesBody(command) },
      ok: [200],
      schema: shownVolume,
      call,
    });
    return answer.data.volume;
  }

  /**
   * Makes the volume larger; it is `extending` until then. Where no backend has room it goes back to the status and the size that
   * it had, and only a message tells. Refused with OpenStackRefused while it is not `available` or `in-use`, and when it is not
   * smaller than `sizeGib`.
   */
  async extend(call: OpenStackCall, openstackId: string, sizeGib: number): Promise<void> {
    await this.http.send({
      service: 'volume',
      method: 'POST',
      path: path`/volumes/${openstackId}/action`,
      operation: 'POST /volumes/{id}/action os-extend',
      microversion: cinderMicroversion,
      body: { 'os-extend': { new_size: sizeGib } },
      ok: [202],
      schema: null,
      call,
    });
  }

  /** Sets a stuck volume to `error`, so that it can be deleted. Needs the admin's scope. */
  async resetToError(call: OpenStackCall, openstackId: string): Promise<void> {
    await this.http.send({
      service: 'volume',
      method: 'POST',
      path: path`/volumes/${openstackId}/action`,
      operation: 'POST /volumes/{id}/action os-reset_status',
      microversion: cinderMicroversion,
      body: { 'os-reset_status': { status: 'error' } },
      ok: [202],
      schema: null,
      call,
    });
  }

  /** All volumes of the project; with the admin's scope of all projects. */
  list(call: OpenStackCall): AsyncGenerator<readonly ObservedVolume[]> {
    return this.pages(call, {});
  }

  /** Those that were changed at that time of Cinder's clock or later: deleted ones are not among them, nor those never changed. */
  listChanged(call: OpenStackCall, since: Date): AsyncGenerator<readonly ObservedVolume[]> {
    return this.pages(call, { updated_at: `gte:${wholeSeconds(since)}` });
  }

  /** How many snapshots hold the volume; of an unknown volume none. */
  async snapshotCount(call: OpenStackCall, openstackId: string): Promise<number> {
    const answer = await this.http.send({
      service: 'volume',
      method: 'GET',
      path: '/snapshots',
      operation: 'GET /snapshots?volume_id',
      microversion: cinderMicroversion,
      query: { volume_id: openstackId, with_count: true, limit: 1, ...everywhere(call) },
      ok: [200],
      schema: snapshotCount,
      call,
    });
    return answer.data.count;
  }

  /** What Cinder tells users about the volume's failures, newest first. Only in the scope of its project. */
  messages(call: OpenStackCall, openstackId: string): Promise<readonly string[]> {
    return this.messagesSince(call, openstackId, new Date(0));
  }

  /** The same, without what it told before. */
  async messagesSince(call: OpenStackCall, openstackId: string, since: Date): Promise<readonly string[]> {
    const answer = await this.http.send({
      service: 'volume',
      method: 'GET',
      path: '/messages',
      operation: 'GET /messages?resource_uuid',
      microversion: cinderMicroversion,
      query: { resource_uuid: openstackId },
      ok: [200],
      schema: messageList,
      call,
    });
    return answer.data.messages
      .filter((message) => message.created_at.getTime() > since.getTime() - clockSkewMs)
      .map((message) => message.user_message);
  }

  private async *pages(call: OpenStackCall, filter: Query): AsyncGenerator<readonly ObservedVolume[]> {
    const { scope } = call;
    const pages = followPages(this.http, {
      service: 'volume',
      path: '/volumes/detail',
      operation: 'GET /volumes/detail',
      microversion: cinderMicroversion,
      query: { ...filter, ...everywhere(call), limit: pageSize },
      schema: volumePage,
      call,
    });
    for await (const page of pages) {
      yield page.filter(
        ({ projectId }) => scope.kind === 'admin' || projectId === null || projectId === scope.projectId,
      );
    }
  }
}

function everywhere({ scope }: OpenStackCall): Query {
  return scope.kind === 'admin' ? { all_tenants: 1 } : {};
}

function namesBody({ name, description }: UpdateVolumeCommand): Readonly<Record<string, string | null>> {
  return { name: openstackName(name), description: description === null ? null : openstackText(description) };
}

function creationBody(command: CreateVolumeCommand): Readonly<Record<string, unknown>> {
  return {
    ...namesBody(command),
    size: command.size,
    metadata: { cloud_api: command.marker },
    ...(command.imageId === null ? {} : { imageRef: command.imageId }),
    ...(command.volumeTypeId === null ? {} : { volume_type: command.volumeTypeId }),
    ...(command.availabilityZone === null ? {} : { availability_zone: command.availabilityZone }),
  };
}
