import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { pageOf, pageRequest } from '../common/pagination.js';
import { AuditEventListQuery, AuditEventListResponse, AuditEventResponse } from './audit.dto.js';
import { AuditService } from './audit.service.js';

@Controller('admin/audit-events')
export class AuditController {
  constructor(private readonly events: AuditService) {}

  @Get()
  @Access('admin')
  @ApiOperation({
    summary: 'List who asked for what, newest first',
    description:
      'Every change that was accepted, in all projects, and every attempt at an administrator’s route by somebody who is none. Filters are combined.',
  })
  async list(@Query() query: AuditEventListQuery): Promise<AuditEventListResponse> {
    const page = pageRequest(query, { sortBy: 'id', order: 'desc' });
    const found = await this.events.list({
      actorUserId: query.actor_user_id ?? null,
      projectId: query.project_id ?? null,
      action: query.action ?? null,
      resourceType: query.resource_type ?? null,
      resourceId: query.resource_id ?? null,
      since: query.since ?? null,
      until: query.until ?? null,
      after: page.after?.id ?? null,
      order: page.order,
      limit: page.limit,
    });
    const { rows, nextCursor } = pageOf(found, page, ({ id }) => ({ value: '', id }));
    return { audit_events: rows.map((event) => AuditEventResponse.from(event)), next_cursor: nextCursor };
  }
}
