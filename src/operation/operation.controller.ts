import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest } from '../common/pagination.js';
import { CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { OperationRegistry } from './operation-registry.js';
import { OperationListQuery, OperationListResponse, OperationQuery, OperationResponse } from './operation.dto.js';
import { OperationService } from './operation.service.js';

@Controller('operations')
export class OperationController {
  constructor(
    private readonly operations: OperationService,
    private readonly registry: OperationRegistry,
  ) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: 'List operations, newest first',
    description: "The changes of your project, under way and ended; an admin sees every project's.",
  })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: OperationListQuery,
  ): Promise<OperationListResponse> {
    const page = pageRequest(query, { sortBy: 'id', order: 'desc' });
    const rows = await this.operations.list(principal, {
      ids: query.id ?? null,
      resourceType: query.resource_type ?? null,
      resourceId: query.resource_id ?? null,
      state: query.state ?? null,
      after: page.after?.id ?? null,
      order: page.order,
      limit: page.limit,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, ({ id }) => ({ value: '', id }));
    return {
      operations: shown.map((operation) => OperationResponse.from(operation, this.registry.position(operation))),
      next_cursor: nextCursor,
    };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one operation, and wait for its end if asked',
    description:
      'With `wait` the answer comes when the operation has ended, or after that many seconds with what it is then.',
  })
  @ApiProblems('OPERATION_NOT_FOUND')
  async get(
    @CurrentPrincipal() principal: Principal,
    @IdParam() id: number,
    @Query() query: OperationQuery,
  ): Promise<OperationResponse> {
    const visible = await this.operations.getVisible(principal, id);
    const operation = query.wait === undefined ? visible : await this.operations.waitFor(id, query.wait * 1_000);
    return OperationResponse.from(operation, this.registry.position(operation));
  }
}
