import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest } from '../common/pagination.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { AdminOperationListQuery, AdminOperationListResponse, AdminOperationResponse } from './operation-admin.dto.js';
import { OperationAdminService, type WatchedOperation } from './operation-admin.service.js';
import { OperationRegistry } from './operation-registry.js';

@Controller('admin/operations')
@Access('admin')
export class OperationAdminController {
  constructor(
    private readonly operations: OperationAdminService,
    private readonly registry: OperationRegistry,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List the operations of every project, newest first',
    description:
      'With what tells why one does not end: its phase, its last failure, when it is tried again and who works on it. `stuck=true` leaves those that somebody should look at.',
  })
  async list(@Query() query: AdminOperationListQuery): Promise<AdminOperationListResponse> {
    const page = pageRequest(query, { sortBy: 'id', order: 'desc' });
    const found = await this.operations.list({
      projectId: query.project_id ?? null,
      ids: null,
      kind: query.kind ?? null,
      resourceType: query.resource_type ?? null,
      resourceId: query.resource_id ?? null,
      state: query.state ?? null,
      onlyStuck: query.stuck === true,
      after: page.after?.id ?? null,
      order: page.order,
      limit: page.limit,
    });
    const { rows, nextCursor } = pageOf(found, page, ({ operation: { id } }) => ({ value: '', id }));
    return { operations: rows.map((row) => this.shown(row)), next_cursor: nextCursor };
  }

  @Post(':id/retry')
  @HttpCode(200)
  @ApiOkResponse({ type: AdminOperationResponse, description: 'It is due.' })
  @ApiOperation({
    summary: 'Try an operation again now',
    description:
      'One that waits, be it for its next try or because it needs attention, becomes due at once; its failures, and the time for an undo, are counted from zero again. One that a replica works on just goes on. What has ended is not taken up again.',
  })
  @ApiProblems('OPERATION_NOT_FOUND', 'OPERATION_ENDED')
  async retry(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<AdminOperationResponse> {
    return this.shown(await this.operations.retry(actor, id));
  }

  @Post(':id/abandon')
  @HttpCode(200)
  @ApiOkResponse({ type: AdminOperationResponse, description: 'It has FAILED with OPERATION_ABANDONED.' })
  @ApiOperation({
    summary: 'End an operation that does not end by itself',
    description:
      'It ends as FAILED at once, and its resources may be changed again; they tell why. Whoever works on it writes nothing more. Nothing is undone in OpenStack: what is left there belongs to no row and is taken by the sweep for orphans.',
  })
  @ApiProblems('OPERATION_NOT_FOUND', 'OPERATION_ENDED')
  async abandon(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<AdminOperationResponse> {
    return this.shown(await this.operations.abandon(actor, id));
  }

  private shown({ operation, resourceName, stuck, now }: WatchedOperation): AdminOperationResponse {
    const position = this.registry.position(operation);
    return AdminOperationResponse.of(operation, { position, resourceName, stuck, now });
  }
}
