import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiProblems } from '../common/api-problems.js';
import { pageOf, pageRequest } from '../common/pagination.js';
import { Previewed } from '../common/previewed.js';
import { CurrentActor } from '../common/principal.decorator.js';
import {
  AdoptionResponse,
  AdoptRequest,
  UnmanagedResourceListQuery,
  UnmanagedResourceListResponse,
  UnmanagedResourceResponse,
} from './adoption.dto.js';
import type { Adopted } from './adoption.js';
import { AdoptionService } from './adoption.service.js';

function isAnyNew(adopted: readonly Adopted[]): boolean {
  return adopted.some(({ isNew }) => isNew);
}

const created = (adopted: readonly Adopted[]) => ({
  status: isAnyNew(adopted) ? 201 : 200,
  body: AdoptionResponse.from(adopted),
});

@Controller('admin')
@Access('admin')
export class AdoptionController {
  constructor(private readonly adoptions: AdoptionService) {}

  @Get('unmanaged-resources')
  @ApiOperation({
    summary: 'List what is in projects of ours and was not made here',
    description:
      'As the newest complete reconciliation of each type saw it, without what has been adopted since. Nothing of it is ever deleted.',
  })
  async listUnmanaged(@Query() query: UnmanagedResourceListQuery): Promise<UnmanagedResourceListResponse> {
    const page = pageRequest(query, { sortBy: 'id', order: 'asc' });
    const rows = await this.adoptions.listUnmanaged({
      type: query.type ?? null,
      projectId: query.project_id ?? null,
      after: page.after?.id ?? null,
      order: page.order,
      limit: page.limit,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, ({ id }) => ({ value: '', id }));
    return {
      unmanaged_resources: shown.map((found) => UnmanagedResourceResponse.from(found)),
      next_cursor: nextCursor,
    };
  }

  @Post('adoptions')
  @ApiCreatedResponse({ type: AdoptionResponse, description: 'Managed here from now on.' })
  @ApiOkResponse({
    type: AdoptionResponse,
    description: 'All of it was managed here already; or, with `dry_run`: what would be.',
  })
  @ApiOperation({
    summary: 'Take over an object that was not made here',
    description:
      'With everything that belongs to it: of a server its interfaces, addresses, groups and volumes. OpenStack is only read. What has a row already keeps it, so that it may be asked again.',
  })
  @ApiProblems(
    'PROJECT_NOT_FOUND',
    'UNMANAGED_RESOURCE_NOT_FOUND',
    'ADOPTION_REFUSED',
    'OPENSTACK_UNAVAILABLE',
    'OPENSTACK_REFUSED',
  )
  async adopt(
    @CurrentActor() actor: Actor,
    @Body() body: AdoptRequest,
  ): Promise<AdoptionResponse | Previewed<AdoptionResponse>> {
    const command = { type: body.type, openstackId: body.openstack_id, projectId: body.project_id };
    if (body.dry_run === true) return new Previewed(AdoptionResponse.from(await this.adoptions.preview(command)));
    const adopted = await this.adoptions.adopt(actor, command, created);
    const response = AdoptionResponse.from(adopted);
    return isAnyNew(adopted) ? response : new Previewed(response);
  }
}
