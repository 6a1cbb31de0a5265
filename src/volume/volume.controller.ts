import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Post, Put, Query, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Accepted } from '../common/accepted.js';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { DeletionPreviewResponse, DeletionQuery } from '../common/deletion-preview.dto.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest, requireAdminForDeleted } from '../common/pagination.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import { asMember, type Principal } from '../common/principal.js';
import { Refreshes } from '../reconciliation/refresh-limit.guard.js';
import { ResourceRefresh } from '../reconciliation/resource-refresh.service.js';
import { VolumeChangeService } from './volume-change.service.js';
import { VolumeCreationService } from './volume-creation.service.js';
import { VolumeDeletionService } from './volume-deletion.service.js';
import type { VolumeDetails } from './volume-details.js';
import {
  CreateVolumeRequest,
  ResizeVolumeRequest,
  UpdateVolumeRequest,
  VolumeListQuery,
  VolumeListResponse,
  VolumeResponse,
} from './volume.dto.js';
import { VolumeService, type ChangedVolume } from './volume.service.js';

@Controller('volumes')
export class VolumeController {
  constructor(
    private readonly volumes: VolumeService,
    private readonly creation: VolumeCreationService,
    private readonly changes: VolumeChangeService,
    private readonly deletion: VolumeDeletionService,
    private readonly refreshes: ResourceRefresh,
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

  @Post(':id/refresh')
  @Refreshes()
  @ApiOkResponse({ type: VolumeResponse, description: 'As it is after the look.' })
  @Access('member')
  @ApiOperation({
    summary: 'Look at one volume in OpenStack now',
    description:
      'For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.',
  })
  @ApiProblems('VOLUME_NOT_FOUND', 'VOLUME_ACCESS_PERMISSION_DENIED', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refresh(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<VolumeResponse> {
    const read = () => this.volumes.getDetails(asMember(principal), id);
    return VolumeResponse.from(await this.refreshes.refreshed('volume', id, read));
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
  @ApiProblems('VOLUME_NAME_DUPLICATE', 'VOLUME_TYPE_NOT_FOUND', 'IMAGE_NOT_FOUND', 'VOLUME_TOO_SMALL')
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

  @Put(':id/info')
  @ApiOkResponse({ type: VolumeResponse, description: 'Renamed, in OpenStack too.' })
  @ApiAccepted(VolumeResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Rename, describe or protect a volume',
    description: 'The name holds here at once. If OpenStack refuses it, the old one is back.',
  })
  @ApiProblems(
    'VOLUME_NOT_FOUND',
    'VOLUME_UPDATE_PERMISSION_DENIED',
    'VOLUME_NAME_DUPLICATE',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_REFUSED',
  )
  async update(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: UpdateVolumeRequest,
    @IfMatch(VolumeResponse) ifMatch: Precondition<VolumeDetails>,
  ): Promise<VolumeResponse | Accepted<VolumeResponse>> {
    const { name, description, protected: isProtected } = body;
    return answerOf(await this.changes.update(actor, { id, name, description, isProtected }, ifMatch));
  }

  @Put(':id/size')
  @ApiOkResponse({ type: VolumeResponse, description: 'Made larger.' })
  @ApiAccepted(VolumeResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Make a volume larger',
    description:
      'Only while it is AVAILABLE, and never smaller. What is on it stays; the file system on it does not grow by itself.',
  })
  @ApiProblems(
    'VOLUME_NOT_FOUND',
    'VOLUME_UPDATE_PERMISSION_DENIED',
    'VOLUME_STATUS_INVALID_FOR_RESIZING',
    'VOLUME_RESIZE_NOT_ALLOWED',
    'OPERATION_IN_PROGRESS',
    'QUOTA_EXCEEDED',
    'CAPACITY_UNAVAILABLE',
    'OPENSTACK_REFUSED',
  )
  async resize(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() { size }: ResizeVolumeRequest,
    @IfMatch(VolumeResponse) ifMatch: Precondition<VolumeDetails>,
  ): Promise<VolumeResponse | Accepted<VolumeResponse>> {
    return answerOf(await this.changes.extend(actor, { id, size }, ifMatch));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiOkResponse({ type: DeletionPreviewResponse, description: 'With `dry_run`: what the deletion would do.' })
  @ApiAccepted(VolumeResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Delete a volume and what is on it',
    description:
      'It must be on no server, in AVAILABLE or one of the ERROR states, not protected, and without snapshots. One that OpenStack failed to delete may be deleted again.',
  })
  @ApiProblems(
    'VOLUME_NOT_FOUND',
    'VOLUME_DELETE_PERMISSION_DENIED',
    'ATTACHED_VOLUME_DELETION',
    'VOLUME_STATUS_INVALID_FOR_DELETION',
    'PROTECTED',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_REFUSED',
  )
  async delete(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Query() query: DeletionQuery,
    @IfMatch(VolumeResponse) ifMatch: Precondition<VolumeDetails>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeletionPreviewResponse | Accepted<VolumeResponse> | undefined> {
    if (query.dry_run === true) {
      reply.status(HttpStatus.OK);
      return DeletionPreviewResponse.from(await this.deletion.preview(actor.principal, id, ifMatch));
    }
    const going = await this.deletion.delete(actor, id, ifMatch);
    return going === null ? undefined : new Accepted(going.operationId, VolumeResponse.from(going.volume));
  }
}

function answerOf({ volume, operationId }: ChangedVolume): VolumeResponse | Accepted<VolumeResponse> {
  const response = VolumeResponse.from(volume);
  return operationId === null ? response : new Accepted(operationId, response);
}
