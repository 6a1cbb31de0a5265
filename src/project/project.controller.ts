import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest, requireAdminForDeleted } from '../common/pagination.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { OperationOnlyResponse } from '../operation/operation.dto.js';
import type { ProjectDetails } from './project-details.js';
import { ProjectRenameService } from './project-rename.service.js';
import { ProjectListQuery, ProjectListResponse, ProjectResponse, RenameProjectRequest } from './project.dto.js';
import { ProjectService } from './project.service.js';

@Controller('projects')
export class ProjectController {
  constructor(
    private readonly projects: ProjectService,
    private readonly renames: ProjectRenameService,
  ) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: 'List your projects',
    description: 'With the people in them, oldest first unless asked otherwise; an admin sees every project.',
  })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: ProjectListQuery): Promise<ProjectListResponse> {
    requireAdminForDeleted(principal, query.include_deleted);
    const page = pageRequest(query, { sortBy: 'created_at', order: 'asc' });
    const rows = await this.projects.list(principal, {
      ...page,
      ids: query.ids ?? null,
      idsExcluded: query.ids_exclude ?? null,
      name: query.name ?? null,
      nameLike: query.name_like ?? null,
      includeDeleted: query.include_deleted ?? false,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, ({ id, name, createdAt }) => ({
      value: page.sortBy === 'name' ? name : createdAt,
      id,
    }));
    return { projects: shown.map((project) => ProjectResponse.from(project)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one project',
    description: 'One that you are in, with the people in it; an admin sees every one.',
  })
  @ApiProblems('PROJECT_NOT_FOUND', 'PROJECT_ACCESS_DENIED')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<ProjectResponse> {
    return ProjectResponse.from(await this.projects.getDetails(principal, id));
  }

  @Put(':id')
  @Access('member')
  @ApiOkResponse({ type: ProjectResponse, description: 'Renamed.' })
  @ApiAccepted(OperationOnlyResponse)
  @ApiOperation({
    summary: 'Rename a project',
    description:
      'In OpenStack too, where a name stands once in a domain, whatever its case. An admin who is not in it switches to it first.',
  })
  @ApiProblems(
    'PROJECT_NOT_FOUND',
    'PROJECT_ACCESS_DENIED',
    'PROJECT_NAME_DUPLICATED',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async rename(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: RenameProjectRequest,
    @IfMatch(ProjectResponse) ifMatch: Precondition<ProjectDetails>,
  ): Promise<ProjectResponse | Accepted<OperationOnlyResponse>> {
    const { project, operation } = await this.renames.rename(actor, id, body.name, ifMatch);
    return operation === null
      ? ProjectResponse.from(project)
      : new Accepted(operation.id, OperationOnlyResponse.from(operation));
  }
}
