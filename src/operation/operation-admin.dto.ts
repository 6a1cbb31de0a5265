import { ApiProperty } from '@nestjs/swagger';
import { OneOf, QueryFlag, QueryId, Text } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import type { OperationPosition } from './operation-registry.js';
import { operationStates, resourceTypes, type OperationState, type ResourceType } from './operation-state.js';
import { stuckReasons, type StuckReason } from './operation-stuck.js';
import { OperationResponse } from './operation.dto.js';
import type { OperationEntity } from './operation.entity.js';

export class AdminOperationListQuery extends PageQuery {
  @OneOf(operationStates, { optional: true, description: 'Only operations in this state.' })
  state?: OperationState;

  @Text({ optional: true, min: 1, max: 64, description: 'Only operations of this kind.', example: 'server.create' })
  kind?: string;

  @QueryId({ description: 'Only operations of this project.' })
  project_id?: number;

  @OneOf(resourceTypes, { optional: true, description: 'Only operations on this type of resource.' })
  resource_type?: ResourceType;

  @QueryId({ description: 'Only operations on the resource with this id.' })
  resource_id?: number;

  @QueryFlag({
    description:
      '`true`: only those that somebody should look at: past their deadline, NEEDS_ATTENTION, or at one step for longer than OPERATION_SLOW_MS.',
  })
  stuck?: boolean;
}

/** Which replica works on an operation, and until when it may. */
export class OperationLeaseResponse {
  /** @example api-1:4711:9f86d081 */
  owner!: string;

  /** @example 2026-11-24T09:31:00.000Z */
  until_at!: string;
}

/** An operation with what tells its operators why it does not end. */
export class AdminOperationResponse extends OperationResponse {
  /** What people call its resource now; an interface and a floating IP go by their address. @example web-1 */
  resource_name!: string | null;

  /** Null for what belongs to no project. @example 1 */
  project_id!: number | null;

  /** COMPENSATE undoes what was made. @example FORWARD */
  @ApiProperty({ enum: ['FORWARD', 'COMPENSATE'] })
  phase!: 'FORWARD' | 'COMPENSATE';

  /** How often it was taken up. @example 3 */
  attempt!: number;

  /** How often the same thing failed in a row. @example 2 */
  failures!: number;

  /** @example unavailable compute no answer ECONNREFUSED */
  last_failure!: string | null;

  /** Since when it stands at its step. @example 2026-11-24T09:30:04.000Z */
  step_since_at!: string;

  /** When it is tried again; in the past for what is due, or has ended. @example 2026-11-24T09:30:34.000Z */
  next_run_at!: string;

  /** @example 2026-11-24T10:00:00.000Z */
  deadline_at!: string;

  /** Why somebody should look at it; null when nobody needs to. @example PAST_DEADLINE */
  @ApiProperty({ enum: [...stuckReasons, null], nullable: true })
  stuck!: StuckReason | null;

  /** Null when no replica works on it at the moment. */
  lease!: OperationLeaseResponse | null;

  /** The request that asked for it, for the log. @example 3f0c6a52-5f0e-4a0e-9d4d-0c6b2a1f7e11 */
  request_id!: string | null;

  static of(
    operation: OperationEntity,
    {
      position,
      resourceName,
      stuck,
      now,
    }: {
      readonly position: OperationPosition;
      readonly resourceName: string | null;
      readonly stuck: StuckReason | null;
      readonly now: Date;
    },
  ): AdminOperationResponse {
    const { leaseOwner, leaseUntil } = operation;
    const isLeased = leaseOwner !== null && leaseUntil > now;
    return Object.assign(OperationResponse.from(operation, position), {
      resource_name: resourceName,
      project_id: operation.projectId,
      phase: operation.phase,
      attempt: operation.attempt,
      failures: operation.failures,
      last_failure: operation.lastFailure,
      step_since_at: operation.stepSince.toISOString(),
      next_run_at: operation.nextRunAt.toISOString(),
      deadline_at: operation.deadlineAt.toISOString(),
      stuck,
      lease: isLeased ? { owner: leaseOwner, until_at: leaseUntil.toISOString() } : null,
      request_id: operation.requestId,
    });
  }
}

export class AdminOperationListResponse {
  operations!: AdminOperationResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}
