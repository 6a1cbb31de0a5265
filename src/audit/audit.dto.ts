import { ApiProperty } from '@nestjs/swagger';
import { QueryId, QueryTime, Text } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import type { RecordedAuditEvent } from './audit.repository.js';

export class AuditEventListQuery extends PageQuery {
  @QueryId({ description: 'Only what this user asked for.' })
  actor_user_id?: number;

  @QueryId({ description: 'Only what concerns this project.' })
  project_id?: number;

  @Text({ optional: true, min: 1, max: 64, description: 'Only this action.', example: 'server.delete' })
  action?: string;

  @Text({
    optional: true,
    min: 1,
    max: 32,
    description: 'Only what was done to this type of thing.',
    example: 'server',
  })
  resource_type?: string;

  @QueryId({ description: 'Only what was done to the thing with this id.' })
  resource_id?: number;

  @QueryTime({ description: 'Only what happened at this time or later.', example: '2026-11-24T00:00:00.000Z' })
  since?: Date;

  @QueryTime({ description: 'Only what happened before this time.', example: '2026-11-25T00:00:00.000Z' })
  until?: Date;
}

/** Who asked for what, and when; whether it came to that is told by the operation. */
export class AuditEventResponse {
  /** @example 71 */
  id!: number;

  /** Null for what nobody asked for who was logged in. @example 3 */
  actor_user_id!: number | null;

  /** @example ada */
  actor_account_id!: string | null;

  /** @example 1 */
  project_id!: number | null;

  /** The kind of the operation, or what was done at once. @example server.delete */
  action!: string;

  /** @example server */
  resource_type!: string;

  /** @example 7 */
  resource_id!: number | null;

  /** What carries it out; null for what was done at once. @example 42 */
  operation_id!: number | null;

  /** The request, for the log. @example 3f0c6a52-5f0e-4a0e-9d4d-0c6b2a1f7e11 */
  request_id!: string | null;

  /** What else belongs to it; never a secret. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: null })
  detail!: Record<string, unknown> | null;

  /** @example 2026-11-24T09:30:00.000Z */
  created_at!: string;

  static from(event: RecordedAuditEvent): AuditEventResponse {
    return {
      id: event.id,
      actor_user_id: event.actorUserId,
      actor_account_id: event.actorAccountId,
      project_id: event.projectId,
      action: event.action,
      resource_type: event.resourceType,
      resource_id: event.resourceId,
      operation_id: event.operationId,
      request_id: event.requestId,
      detail: event.detail,
      created_at: event.createdAt.toISOString(),
    };
  }
}

export class AuditEventListResponse {
  audit_events!: AuditEventResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}
