import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest, requireAdminForDeleted } from '../common/pagination.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { VolumeCreationService } from './volume-creation.service.js';
import { CreateVolumeRequest, VolumeListQuery, VolumeListResponse, VolumeResponse } from './volume.dto.js';
import { VolumeService } from './volume.service.js';

@Controller('volumes')
export class VolumeController {
  constructor(
    private readonly volumes: VolumeService,
    private readonly creation: VolumeCreationService,
  ) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: "List the project's volumes",
    description:
      "Root volumes too. Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.",
  })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: VolumeListQuery): Promise<VolumeListResponse> {
    requireAdminForDeleted(principal, query.include_deleted);
    const page = pageRequest(query, { sortBy: 'created_at', order: 'asc' });
    const rows = await this.volumes.list(principal, { ...page, includeDeleted: query.include_deleted ?? false });
    const { rows: shown, nextCursor } = pageOf(rows, page, (volume) => ({
      value: page.sortBy === 'name' ? volume.name : volume.createdAt,
      id: volume.id,
    }));
    return { volumes: shown.map((volume) => VolumeResponse.from(volume)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one volume',
    description: 'With the server that it is on, what is under way on it, and when OpenStack was last seen to say so.',
  })
  @ApiProblems('VOLUME_NOT_FOUND', 'VOLUME_ACCESS_PERMISSION_DENIED')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<VolumeResponse> {
    return VolumeResponse.from(await this.volumes.getDetails(principal, id));
  }

  @Post()
  @HttpCode(202)
  @ApiAccepted(VolumeResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Create a volume',
    description:
      'Answers at once with the volume in CREATING; Location leads to the operation. If OpenStack refuses or fails, the volume reads ERROR with the reason in `fault`, and can be deleted.',
  })
  @ApiProblems('VOLUME_NAME_DUPLICATE', 'VOLUME_TYPE_NOT_FOUND', 'IMAGE_NOT_FOUND')
  async create(@CurrentActor() actor: Actor, @Body() body: CreateVolumeRequest): Promise<Accepted<VolumeResponse>> {
    const operation = await this.creation.create(actor, {
      name: body.name,
      description: body.description ?? null,
      size: body.size,
      volumeType: body.volume_type_id,
      imageId: body.image_id ?? null,
      isProtected: body.protected ?? false,
    });
    const volume = await this.volumes.getDetails(actor.principal, operation.resourceId);
    return new Accepted(operation.id, VolumeResponse.from(volume));
  }
}
