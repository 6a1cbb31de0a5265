import type { Sync } from '../database/sync.js';
import type { OperationState } from '../operation/operation-state.js';
import type { FloatingIpStatus } from './floating-ip-status.js';

/** A floating IP as every route shows it. */
export interface FloatingIpDetails {
  readonly id: number;
  readonly openstackId: string | null;
  readonly projectId: number;
  readonly address: string | null;
  readonly fixedIpAddress: string | null;
  readonly floatingNetworkOpenstackId: string;
  readonly status: FloatingIpStatus;
  readonly networkInterfaceId: number | null;
  readonly server: { readonly id: number; readonly name: string } | null;
  readonly observedAt: Date | null;
  readonly sync: Sync;
  readonly missingSince: Date | null;
  readonly fault: { readonly code: string; readonly message: string } | null;
  readonly operation: { readonly id: number; readonly kind: string; readonly state: OperationState } | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}
