import { ApiProperty } from '@nestjs/swagger';
import { OneOf, QueryId, QueryIds, QueryInteger } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import type { OperationPosition } from './operation-registry.js';
import { waitingOf } from './operation-waiting.js';
import { operationStates, resourceTypes, type OperationState, type ResourceType } from './operation-state.js';
import type { OperationEntity } from './operation.entity.js';

export class OperationListQuery extends PageQuery {
  @QueryIds({ description: 'Only these operations.' })
  id?: number[];

  @OneOf(resourceTypes, { optional: true, description: 'Only operations on this type of resource.' })
  resource_type?: ResourceType;

  @QueryId({ description: 'Only operations on the resource with this id.' })
  resource_id?: number;

  @OneOf(operationStates, { optional: true, description: 'Only operations in this state.' })
  state?: OperationState;
}

export class OperationQuery {
  @QueryInteger({
    min: 1,
    max: 30,
    description: 'Seconds to wait for the end of the operation before answering.',
    example: 10,
  })
  wait?: number;
}

export class OperationResourceResponse {
  /** @example server */
  @ApiProperty({ enum: resourceTypes })
  type!: ResourceType;

  /** @example 7 */
  id!: number;
}

export class OperationErrorResponse {
  /** @example QUOTA_EXCEEDED */
  code!: string;

  /** @example Cinder refused root-volume; it said: Maximum number of volumes allowed (10) exceeded */
  message!: string;

  /** OpenStack's ids of the requests that it is about, for its operators: those that failed, else the last that changed something. @example ["req-6f0c1f0e-2a77-4d3e-9d53-0c9a1f1b2c3d"] */
  openstack_request_ids!: string[];
}

export class OperationWaitingResponse {
  /** @example Neutron cannot be reached, or asks for patience. It is tried again by itself. */
  reason!: string;

  /** @example 2026-11-24T09:30:34.000Z */
  @ApiProperty({ format: 'date-time' })
  retry_at!: string;
}

/** A change that is under way or has ended. */
export class OperationResponse {
  /** @example 42 */
  id!: number;

  /** @example server.create */
  kind!: string;

  /** SUCCEEDED, FAILED and CANCELLED are final. @example RUNNING */
  @ApiProperty({ enum: operationStates })
  state!: OperationState;

  /** The step that it stands at. @example root-volume */
  step!: string;

  /** What that step is about, in words. @example the root volume */
  step_title!: string;

  /** Percent of the steps that are done. @example 40 */
  progress!: number;

  resource!: OperationResourceResponse;

  /** The user who asked; null for what the service does by itself. @example 3 */
  requested_by!: number | null;

  /** @example 2026-11-24T09:30:00.000Z */
  created_at!: string;

  /** @example 2026-11-24T09:30:00.010Z */
  started_at!: string | null;

  /** @example null */
  finished_at!: string | null;

  /** Why it does not get on just now; null while it does. */
  waiting!: OperationWaitingResponse | null;

  /** Why it failed or was cancelled. */
  error!: OperationErrorResponse | null;

  static from(operation: OperationEntity, { stepTitle, progress }: OperationPosition): OperationResponse {
    const waiting = waitingOf(operation);
    return {
      id: operation.id,
      kind: operation.kind,
      state: operation.state,
      step: operation.step,
      step_title: stepTitle,
      progress,
      resource: { type: operation.resourceType, id: operation.resourceId },
      requested_by: operation.requestedBy,
      created_at: operation.createdAt.toISOString(),
      started_at: operation.startedAt?.toISOString() ?? null,
      finished_at: operation.finishedAt?.toISOString() ?? null,
      waiting: waiting === null ? null : { reason: waiting.reason, retry_at: waiting.retryAt.toISOString() },
      error:
        operation.errorCode === null
          ? null
          : {
              code: operation.errorCode,
              message: operation.errorDetail ?? '',
              openstack_request_ids: [...(operation.openstackRequestIds ?? [])],
            },
    };
  }
}

export class OperationListResponse {
  operations!: OperationResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

/** The operation that works on a resource, as the resource shows it. */
export class OperationReferenceResponse {
  /** @example 42 */
  id!: number;

  /** @example server.create */
  kind!: string;

  /** @example RUNNING */
  @ApiProperty({ enum: operationStates })
  state!: OperationState;
}

/** The body of a 202 where no object is left to answer with. */
export class OperationOnlyResponse {
  operation!: OperationReferenceResponse;

  static from({ id, kind, state }: Pick<OperationEntity, 'id' | 'kind' | 'state'>): OperationOnlyResponse {
    return { operation: { id, kind, state } };
  }
}
