import { sees, type Access } from './access.js';
import type { Server } from './model.js';
import { refuse } from './openstack-fault.js';
import type { TokenCall } from './token-call.js';
import type { Refusal } from './wire.js';

export interface NovaCall extends TokenCall {
  readonly access: Access;
  readonly minor: number;
  /** `http://host:port/compute` */
  readonly base: string;
}

export function forbidden(action: string): Refusal {
  return refuse(403, `Policy doesn't allow ${action} to be performed.`);
}

export function requireWriter({ access }: NovaCall, action: string): void {
  if (!access.mayWrite) throw forbidden(`os_compute_api:${action}`);
}

/** One's own server, or for a moment one that was deleted; else 404. */
export function lookAtServer(call: NovaCall, id: string): Server {
  const { cloud, access } = call;
  const deleted = cloud.deletedServers.get(id);
  const isVisible = cloud.now() - (deleted?.deletedAt ?? 0) < cloud.settings.deleted_visible_ms;
  return deleted !== undefined && isVisible && sees(access, deleted) ? deleted : findServer(call, id);
}

/** One's own server, or 404. */
export function findServer({ cloud, access }: NovaCall, id: string): Server {
  const server = cloud.servers.get(id);
  if (server === undefined || !sees(access, server) || cloud.isTooFresh(server)) {
    throw refuse(404, `Instance ${id} could not be found.`);
  }
  return server;
}
