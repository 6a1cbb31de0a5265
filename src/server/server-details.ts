import type { Sync } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';
import type { VolumeOfServer } from '../volume/volume.repository.js';
import type { ServerStatus } from './server-status.js';

/** One interface of a server with what hangs on it. */
export interface ServerInterfaceDetails {
  readonly id: number;
  readonly openstackId: string | null;
  readonly fixedIpAddress: string | null;
  readonly floatingIp: { readonly id: number; readonly address: string | null } | null;
}

/** A server as every route shows it. */
export interface ServerDetails {
  readonly id: number;
  readonly openstackId: string | null;
  readonly projectId: number;
  readonly name: string;
  readonly description: string | null;
  readonly flavorOpenstackId: string;
  readonly imageOpenstackId: string | null;
  readonly availabilityZone: string | null;
  readonly isProtected: boolean;
  readonly status: ServerStatus;
  readonly openstackStatus: string | null;
  readonly version: number;
  readonly observedAt: Date | null;
  readonly sync: Sync;
  readonly missingSince: Date | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: OperationState } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
  readonly volumes: readonly VolumeOfServer[];
  readonly interfaces: readonly ServerInterfaceDetails[];
  readonly securityGroups: readonly { readonly id: number; readonly name: string }[];
}
