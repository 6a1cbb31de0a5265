import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { Accepted } from '../common/accepted.js';
import type { Actor } from '../common/actor.js';
import { DeletionPreviewResponse } from '../common/deletion-preview.dto.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest, requireAdminForDeleted } from '../common/pagination.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { Previewed } from '../common/previewed.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import { asMember, type Principal } from '../common/principal.js';
import { Refreshes } from '../reconciliation/refresh-limit.guard.js';
import { ResourceRefresh } from '../reconciliation/resource-refresh.service.js';
import { ServerCreationService } from './server-creation.service.js';
import { ServerDeletionService } from './server-deletion.service.js';
import type { ServerDetails } from './server-details.js';
import {
  CreatedServerResponse,
  createServerExamples,
  CreateServerRequest,
  ServerDeletionQuery,
  ServerDeletionResponse,
  ServerListQuery,
  ServerListResponse,
  ServerResponse,
} from './server.dto.js';
import { ServerService } from './server.service.js';

@Controller('servers')
export class ServerController {
  constructor(
    private readonly servers: ServerService,
    private readonly creation: ServerCreationService,
    private readonly deletion: ServerDeletionService,
    private readonly refreshes: ResourceRefresh,
  ) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: "List the project's servers",
    description:
      "Newest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.",
  })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: ServerListQuery): Promise<ServerListResponse> {
    requireAdminForDeleted(principal, query.include_deleted);
    const page = pageRequest(query, { sortBy: 'created_at', order: 'desc' });
    const rows = await this.servers.list(principal, {
      ...page,
      ids: idsOf(query),
      idsExclude: query.ids_exclude ?? null,
      nameEquals: query.name_eq ?? null,
      nameLike: query.name_like ?? null,
      includeDeleted: query.include_deleted ?? false,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, (server) => ({
      value: page.sortBy === 'name' ? server.name : server.createdAt,
      id: server.id,
    }));
    return { servers: shown.map((server) => ServerResponse.from(server)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one server',
    description:
      'With its interfaces, addresses, volumes and groups, what is under way on it, and when OpenStack was last seen to say so.',
  })
  @ApiProblems('SERVER_NOT_FOUND', 'SERVER_ACCESS_PERMISSION_DENIED')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<ServerResponse> {
    return ServerResponse.from(await this.servers.getDetails(principal, id));
  }

  @Post(':id/refresh')
  @Refreshes()
  @ApiOkResponse({ type: ServerResponse, description: 'As it is after the look.' })
  @Access('member')
  @ApiOperation({
    summary: 'Look at one server in OpenStack now',
    description:
      'For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.',
  })
  @ApiProblems('SERVER_NOT_FOUND', 'SERVER_ACCESS_PERMISSION_DENIED', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refresh(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<ServerResponse> {
    const read = () => this.servers.getDetails(asMember(principal), id);
    return ServerResponse.from(await this.refreshes.refreshed('server', id, read));
  }

  @Post()
  @HttpCode(202)
  @ApiAccepted(CreatedServerResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Create a server with its port and its root volume',
    description:
      'Answers at once with the server in BUILD; Location leads to the operation. If OpenStack refuses at any step, everything made for it is removed again, and the server reads ERROR with the reason in `fault`.',
  })
  @ApiBody({ type: CreateServerRequest, examples: createServerExamples })
  @ApiProblems(
    'SECURITY_GROUP_NOT_FOUND',
    'SECURITY_GROUP_ACCESS_DENIED',
    'OPERATION_IN_PROGRESS',
    'KEY_PAIR_NOT_FOUND',
    'FLAVOR_NOT_FOUND',
    'IMAGE_NOT_FOUND',
    'NETWORK_NOT_FOUND',
    'SUBNET_NOT_FOUND',
    'VOLUME_TYPE_NOT_FOUND',
    'AVAILABILITY_ZONE_NOT_FOUND',
    'ROOT_VOLUME_TOO_SMALL',
    'SERVER_NAME_DUPLICATE',
  )
  async create(
    @CurrentActor() actor: Actor,
    @Body() body: CreateServerRequest,
  ): Promise<Accepted<CreatedServerResponse>> {
    const { operation, adminPassword } = await this.creation.create(actor, {
      name: body.name,
      description: body.description ?? null,
      flavorId: body.flavor_id,
      imageId: body.root_volume.image_id,
      networkId: body.network_id,
      rootVolumeSize: body.root_volume.size,
      securityGroupIds: body.security_group_ids ?? null,
      keyPairId: body.key_pair_id ?? null,
      userData: body.user_data ?? null,
      needsAdminPassword: body.admin_password ?? false,
      volumeType: body.volume_type_id ?? null,
      subnetId: body.subnet_id ?? null,
      availabilityZone: body.availability_zone ?? null,
      isProtected: body.protected ?? false,
    });
    const server = await this.servers.getDetails(actor.principal, operation.resourceId);
    return new Accepted(operation.id, CreatedServerResponse.fromCreated(server, adminPassword));
  }

  @Delete(':id')
  @ApiOkResponse({ type: DeletionPreviewResponse, description: 'With `dry_run`: what would happen.' })
  @ApiAccepted(ServerDeletionResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Delete a server with its ports and its root volume',
    description:
      'Allowed in every state, also while it is being built; whatever else is under way on it is cancelled. Floating IPs and data volumes stay unless asked otherwise. While it runs, the same answer comes again. With `dry_run` nothing happens, and what would go, stay and stand in the way is named.',
  })
  @ApiProblems('SERVER_NOT_FOUND', 'SERVER_DELETE_PERMISSION_DENIED', 'PROTECTED', 'OPERATION_IN_PROGRESS')
  async delete(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Query() query: ServerDeletionQuery,
    @IfMatch(ServerResponse) ifMatch: Precondition<ServerDetails>,
  ): Promise<Accepted<ServerDeletionResponse> | Previewed<DeletionPreviewResponse>> {
    const command = {
      id,
      deletesVolumes: query.delete_volumes ?? false,
      releasesFloatingIps: query.release_floating_ips ?? false,
    };
    if (query.dry_run === true) {
      return new Previewed(
        DeletionPreviewResponse.from(await this.deletion.preview(actor.principal, command, ifMatch)),
      );
    }
    const deletion = await this.deletion.delete(actor, command, ifMatch);
    return new Accepted(deletion.operation.id, ServerDeletionResponse.from(deletion));
  }
}

function idsOf(query: ServerListQuery): readonly number[] | null {
  if (query.id === undefined) return query.ids_contain ?? null;
  if (query.ids_contain === undefined || query.ids_contain.includes(query.id)) return [query.id];
  return [0];
}
