import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { novaMicroversion } from '../openstack/openstack-microversions.js';
import { openstackName } from '../openstack/openstack-name.js';
import { path } from '../openstack/openstack-path.js';
import { wireId, wireOptionalText, wireTime } from '../openstack/openstack-wire.js';

export type RebootType = 'soft' | 'hard';

/** What Nova wrote down of one request that changed the server. */
export interface ServerAction {
  /** Nova's word: `create`, `start`, `stop`, `reboot` … */
  readonly action: string;
  /** Nova's id of the request, which names the action. */
  readonly requestId: string;
  readonly startedAt: Date;
  /** True once something in it went wrong. */
  readonly hasFailed: boolean;
}

const serverAction = z
  .object({ action: z.string(), request_id: wireId, start_time: wireTime, message: wireOptionalText })
  .transform((action): ServerAction => ({
    action: action.action,
    requestId: action.request_id,
    startedAt: action.start_time,
    hasFailed: action.message !== null,
  }));
const actionList = z.object({ instanceActions: z.array(serverAction) });

/** What Nova does to servers that are there. A server that is unknown or gone is OpenStackNotFound everywhere. */
@Injectable()
export class ServerActionClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** Changes the name alone; may be repeated. */
  async rename(call: OpenStackCall, openstackId: string, name: string): Promise<void> {
    await this.http.send({
      service: 'compute',
      method: 'PUT',
      path: path`/servers/${openstackId}`,
      operation: 'PUT /servers/{id}',
      microversion: novaMicroversion,
      body: { server: { name: openstackName(name) } },
      ok: [200],
      schema: null,
      call,
    });
  }

  /** Only from SHUTOFF, else OpenStackConflict. The status follows. */
  start(call: OpenStackCall, openstackId: string): Promise<void> {
    return this.act(call, openstackId, 'os-start', null);
  }

  /** From ACTIVE, ERROR and RESCUE, else OpenStackConflict. The status follows. */
  stop(call: OpenStackCall, openstackId: string): Promise<void> {
    return this.act(call, openstackId, 'os-stop', null);
  }

  /**
   * Repeated, it reboots again: look at `actions` first. Soft from ACTIVE; hard also from SHUTOFF, PAUSED, SUSPENDED and ERROR;
   * else OpenStackConflict.
   */
  reboot(call: OpenStackCall, openstackId: string, type: RebootType): Promise<void> {
    return this.act(call, openstackId, 'reboot', { type: type.toUpperCase() });
  }

  /** Newest first, at most 1,000. An action is listed from the moment at which Nova accepts it. */
  async actions(call: OpenStackCall, openstackId: string): Promise<readonly ServerAction[]> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'GET',
      path: path`/servers/${openstackId}/os-instance-actions`,
      operation: 'GET /servers/{id}/os-instance-actions',
      microversion: novaMicroversion,
      ok: [200],
      schema: actionList,
      call,
    });
    return answer.data.instanceActions;
  }

  private async act(call: OpenStackCall, openstackId: string, action: string, argument: object | null): Promise<void> {
    await this.http.send({
      service: 'compute',
      method: 'POST',
      path: path`/servers/${openstackId}/action`,
      operation: `POST /servers/{id}/action ${action}`,
      microversion: novaMicroversion,
      body: { [action]: argument },
      ok: [202],
      schema: null,
      call,
    });
  }
}
