import { ApiProperty } from '@nestjs/swagger';
import {
  operationStates,
  resourceTypes,
  type OperationState,
  type ResourceType,
} from '../operation/operation-state.js';
import { PauseResponse } from './policy.dto.js';
import { runStates, type RunState } from './reconciliation-run-state.js';
import type { ReconciliationStatus } from './reconciliation-status.service.js';
import { ReconciliationErrorResponse } from './reconciliation.dto.js';

export class LoopResponse {
  /** @example orphans */
  name!: string;

  /** What it does; null for a loop of another release. @example Takes over projects and people from Keystone. */
  description!: string | null;

  /** How often it is begun; 0: never, null for a loop of another release. @example 1800000 */
  interval_ms!: number | null;

  /** The replica that runs it now; null: none. @example api-1:4711:3f0c6a52 */
  owner!: string | null;

  /** Grows with each replica that takes it over. @example 17 */
  epoch!: number;

  /** @example 2026-11-24T09:31:00.000Z */
  @ApiProperty({ format: 'date-time' })
  lease_until!: string;

  /** When it last came to its end; null: never. @example 2026-11-24T09:30:00.000Z */
  completed_at!: string | null;

  /** Milliseconds since then. @example 41000 */
  lag_ms!: number | null;
}

export class LastSweepResponse {
  /** A reconciliation. @example 12 */
  id!: number;

  /** @example DONE */
  @ApiProperty({ enum: runStates })
  state!: RunState;

  /** False when a list could not be read to its end. @example true */
  complete!: boolean;

  /** @example 2026-11-24T09:30:00.000Z */
  started_at!: string | null;

  /** @example 2026-11-24T09:30:04.000Z */
  finished_at!: string | null;

  /** Why it failed. */
  error!: ReconciliationErrorResponse | null;
}

export class WatermarkResponse {
  /** @example server */
  name!: string;

  /** Changes until then, by the service's clock, have been taken over. @example 2026-11-24T09:28:00.000Z */
  @ApiProperty({ format: 'date-time' })
  seen_until!: string;

  /** How far behind now that is. @example 121000 */
  lag_ms!: number;
}

export class StuckOperationResourceResponse {
  /** @example server */
  @ApiProperty({ enum: resourceTypes })
  type!: ResourceType;

  /** @example 7 */
  id!: number;
}

export class StuckOperationResponse {
  /** @example 42 */
  id!: number;

  /** @example server.create */
  kind!: string;

  /** @example NEEDS_ATTENTION */
  @ApiProperty({ enum: operationStates })
  state!: OperationState;

  resource!: StuckOperationResourceResponse;

  /** @example 2026-11-24T09:00:00.000Z */
  created_at!: string;
}

export class ServiceResponse {
  /** @example compute */
  name!: string;

  /** As the replica that answers sees it; null where it has not asked anything yet. @example true */
  reachable!: boolean | null;
}

/** How reconciliation stands. */
export class ReconciliationStatusResponse {
  /** The loops that have run, complete sweeps among them. */
  loops!: LoopResponse[];

  /** The last comparison of everything; null before the first. */
  last_sweep!: LastSweepResponse | null;

  /** How far the lists of changes have been read. */
  watermarks!: WatermarkResponse[];

  /** Who stopped the loops, and since when; null while they run. */
  paused!: PauseResponse | null;

  /** Of the operations that do not get on by themselves; null when there is none. */
  oldest_stuck_operation!: StuckOperationResponse | null;

  services!: ServiceResponse[];

  static from(status: ReconciliationStatus): ReconciliationStatusResponse {
    const { lastSweep, paused, oldestStuckOperation: stuck } = status;
    return {
      loops: status.loops.map((loop) => ({
        name: loop.name,
        description: loop.purpose?.description ?? null,
        interval_ms: loop.purpose?.intervalMs ?? null,
        owner: loop.owner,
        epoch: loop.epoch,
        lease_until: loop.leaseUntil.toISOString(),
        completed_at: loop.completedAt?.toISOString() ?? null,
        lag_ms: loop.lagMs,
      })),
      last_sweep:
        lastSweep === null
          ? null
          : {
              id: lastSweep.id,
              state: lastSweep.state,
              complete: lastSweep.isComplete,
              started_at: lastSweep.startedAt?.toISOString() ?? null,
              finished_at: lastSweep.finishedAt?.toISOString() ?? null,
              error: lastSweep.error === null ? null : { code: lastSweep.error.code, message: lastSweep.error.message },
            },
      watermarks: status.watermarks.map(({ name, seenUntil, lagMs }) => ({
        name,
        seen_until: seenUntil.toISOString(),
        lag_ms: lagMs,
      })),
      paused: paused === null ? null : PauseResponse.from(paused),
      oldest_stuck_operation:
        stuck === null
          ? null
          : {
              id: stuck.id,
              kind: stuck.kind,
              state: stuck.state,
              resource: { type: stuck.resourceType, id: stuck.resourceId },
              created_at: stuck.createdAt.toISOString(),
            },
      services: status.services.map(({ name, isReachable }) => ({ name, reachable: isReachable })),
    };
  }
}
