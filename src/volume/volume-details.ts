import type { Sync } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';
import type { VolumeStatus } from './volume-status.js';

/** The server that a volume is on, as far as a volume shows it. */
export interface VolumeServerDetails {
  readonly id: number;
  readonly name: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A volume as every route shows it. */
export interface VolumeDetails {
  readonly id: number;
  readonly openstackId: string | null;
  readonly projectId: number;
  readonly server: VolumeServerDetails | null;
  readonly volumeTypeOpenstackId: string | null;
  readonly imageOpenstackId: string | null;
  readonly name: string;
  readonly description: string | null;
  readonly status: VolumeStatus;
  readonly openstackStatus: string | null;
  /** GiB. */
  readonly size: number;
  readonly isRootVolume: boolean;
  readonly availabilityZone: string | null;
  readonly isProtected: boolean;
  readonly observedAt: Date | null;
  readonly sync: Sync;
  readonly missingSince: Date | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: OperationState } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}
