import { Body, Controller, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { RebootQuery, RenameServerRequest, ServerStatusQuery } from './server-action.dto.js';
import { ServerActionService } from './server-action.service.js';
import type { ServerDetails } from './server-details.js';
import { ServerRenameService } from './server-rename.service.js';
import { ServerResponse } from './server.dto.js';
import { ServerService } from './server.service.js';

/** What changes a server that is there. */
@Controller('servers/:id')
export class ServerActionController {
  constructor(
    private readonly servers: ServerService,
    private readonly renaming: ServerRenameService,
    private readonly actions: ServerActionService,
  ) {}

  @Put('info')
  @ApiOkResponse({ type: ServerResponse, description: 'Renamed.' })
  @ApiAccepted(ServerResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Rename, describe and protect a server',
    description:
      'The name goes to OpenStack too; what OpenStack refuses in names is replaced there by `_`. The name of the root volume stays. If OpenStack refuses, everything is as it was.',
  })
  @ApiProblems(
    'SERVER_NOT_FOUND',
    'SERVER_UPDATE_PERMISSION_DENIED',
    'SERVER_NAME_DUPLICATE',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async rename(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: RenameServerRequest,
    @IfMatch(ServerResponse) ifMatch: Precondition<ServerDetails>,
  ): Promise<ServerResponse | Accepted<ServerResponse>> {
    const { name, description, protected: isProtected } = body;
    const renamed = await this.renaming.rename(actor, id, { name, description, isProtected }, ifMatch);
    const response = ServerResponse.from(renamed.server);
    return renamed.operationId === null ? response : new Accepted(renamed.operationId, response);
  }

  @Put('status')
  @HttpCode(202)
  @ApiAccepted(ServerResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Start or stop a server',
    description:
      'ACTIVE starts one that is SHUTOFF, SHUTOFF stops one that is ACTIVE or in ERROR; no other status can be asked for. Answers at once; what went wrong stands in `fault`.',
  })
  @ApiProblems(
    'INVALID_SERVER_STATUS_UPDATE_REQUEST',
    'SERVER_NOT_FOUND',
    'SERVER_UPDATE_PERMISSION_DENIED',
    'SERVER_STATUS_INVALID_TO_START',
    'SERVER_STATUS_INVALID_TO_STOP',
    'OPERATION_IN_PROGRESS',
  )
  async setStatus(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Query() { status }: ServerStatusQuery,
    @IfMatch(ServerResponse) ifMatch: Precondition<ServerDetails>,
  ): Promise<Accepted<ServerResponse>> {
    return this.accepted(actor, await this.actions.setStatus(actor, id, status, ifMatch));
  }

  @Post('actions/reboot')
  @HttpCode(202)
  @ApiAccepted(ServerResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Reboot a server',
    description:
      'Soft needs a server that is ACTIVE; hard takes one that is SHUTOFF, PAUSED, SUSPENDED or in ERROR too. It is rebooted once, whatever becomes of the answers on the way.',
  })
  @ApiProblems(
    'SERVER_NOT_FOUND',
    'SERVER_UPDATE_PERMISSION_DENIED',
    'SERVER_STATUS_INVALID_TO_REBOOT',
    'OPERATION_IN_PROGRESS',
  )
  async reboot(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Query() { type }: RebootQuery,
  ): Promise<Accepted<ServerResponse>> {
    return this.accepted(actor, await this.actions.reboot(actor, id, type ?? 'soft'));
  }

  private async accepted(
    { principal }: Actor,
    operation: { readonly id: number; readonly resourceId: number },
  ): Promise<Accepted<ServerResponse>> {
    const server = await this.servers.getDetails(principal, operation.resourceId);
    return new Accepted(operation.id, ServerResponse.from(server));
  }
}
