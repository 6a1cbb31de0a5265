import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { novaMicroversion } from '../openstack/openstack-microversions.js';
import { path } from '../openstack/openstack-path.js';
import { wireId, wireOptionalText } from '../openstack/openstack-wire.js';

/** A server and a volume, by OpenStack's ids. */
export interface AttachmentPair {
  readonly serverId: string;
  readonly volumeId: string;
}

export interface AttachedVolume {
  readonly volumeId: string;
  /** What Nova calls the disk, e.g. `/dev/sdb`; the guest may call it otherwise. */
  readonly device: string | null;
}

const attachedVolume = z
  .object({ volumeId: wireId, device: wireOptionalText })
  .transform((attachment): AttachedVolume => ({ volumeId: attachment.volumeId, device: attachment.device }));
const madeAttachment = z.object({ volumeAttachment: attachedVolume });
const attachmentList = z.object({ volumeAttachments: z.array(attachedVolume) });
/** Nova's attachments of volumes. An unknown server or volume is OpenStackNotFound everywhere. */
@Injectable()
export class VolumeAttachmentClient {
  constructor(private readonly http: OpenStackHttp) {}

  /**
   * Answers when the volume is `reserved`; it is `in-use` later, or `available` again where the host gave up.
   *
   * @throws OpenStackConflict in a status of the server that does not allow it, or while something else is done to it.
   * @throws OpenStackRefused when the volume is on this server already, or not `available`.
   */
  async attach(call: OpenStackCall, { serverId, volumeId }: AttachmentPair): Promise<AttachedVolume> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'POST',
      path: path`/servers/${serverId}/os-volume_attachments`,
      operation: 'POST /servers/{id}/os-volume_attachments',
      microversion: novaMicroversion,
      body: { volumeAttachment: { volumeId } },
      ok: [200, 202],
      schema: madeAttachment,
      call,
    });
    return answer.data.volumeAttachment;
  }

  /**
   * Answers when the volume is `detaching`; it is `available` later, or `in-use` again where the host gave up.
   *
   * @throws OpenStackNotFound also when the volume is not on this server.
   * @throws OpenStackConflict like `attach`.
   * @throws OpenStackRefused for the root volume, and while it is being detached already.
   */
  async detach(call: OpenStackCall, { serverId, volumeId }: AttachmentPair): Promise<void> {
    await this.http.send({
      service: 'compute',
      method: 'DELETE',
      path: path`/servers/${serverId}/os-volume_attachments/${volumeId}`,
      operation: 'DELETE /servers/{id}/os-volume_attachments/{volume}',
      microversion: novaMicroversion,
      ok: [202],
      schema: null,
      call,
    });
  }

  /** All volumes of the server, the root volume too, and those that are being attached or detached. */
  async list(call: OpenStackCall, serverId: string): Promise<readonly AttachedVolume[]> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'GET',
      path: path`/servers/${serverId}/os-volume_attachments`,
      operation: 'GET /servers/{id}/os-volume_attachments',
      microversion: novaMicroversion,
      ok: [200],
      schema: attachmentList,
      call,
    });
    return answer.data.volumeAttachments;
  }
}
