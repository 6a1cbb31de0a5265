import { Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { ServerResponse } from './server.dto.js';
import { VolumeAttachmentService, type ServerWithVolumes } from './volume-attachment.service.js';

@Controller('servers/:server_id/volumes/:volume_id')
export class VolumeAttachmentController {
  constructor(private readonly attachments: VolumeAttachmentService) {}

  @Post()
  @HttpCode(200)
  @ApiOkResponse({ type: ServerResponse, description: 'The volume is on the server.' })
  @ApiAccepted(ServerResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Attach a volume to a server',
    description: 'A volume is on one server at most. The server may run or be stopped; it sees a new disk.',
  })
  @ApiProblems(
    'SERVER_NOT_FOUND',
    'SERVER_ACCESS_PERMISSION_DENIED',
    'VOLUME_NOT_FOUND',
    'VOLUME_ACCESS_PERMISSION_DENIED',
    'VOLUME_ALREADY_ATTACHED',
    'VOLUME_STATUS_INVALID_FOR_ATTACHING',
    'SERVER_STATUS_INVALID_FOR_ATTACHING',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async attach(
    @CurrentActor() actor: Actor,
    @IdParam('server_id') serverId: number,
    @IdParam('volume_id') volumeId: number,
  ): Promise<ServerResponse | Accepted<ServerResponse>> {
    return answerOf(await this.attachments.attach(actor, { serverId, volumeId }));
  }

  @Delete()
  @ApiOkResponse({ type: ServerResponse, description: 'The volume is off the server.' })
  @ApiAccepted(ServerResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Detach a volume from a server',
    description:
      'The volume stays with what is on it. Unmount it in the server before; the root volume cannot be detached.',
  })
  @ApiProblems(
    'SERVER_NOT_FOUND',
    'SERVER_ACCESS_PERMISSION_DENIED',
    'VOLUME_NOT_FOUND',
    'VOLUME_ACCESS_PERMISSION_DENIED',
    'SERVER_NOT_MATCHED',
    'VOLUME_NOT_ATTACHED_TO_SERVER',
    'CANNOT_DETACH_ROOT_VOLUME',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async detach(
    @CurrentActor() actor: Actor,
    @IdParam('server_id') serverId: number,
    @IdParam('volume_id') volumeId: number,
  ): Promise<ServerResponse | Accepted<ServerResponse>> {
    return answerOf(await this.attachments.detach(actor, { serverId, volumeId }));
  }
}

function answerOf({ server, operationId }: ServerWithVolumes): ServerResponse | Accepted<ServerResponse> {
  const response = ServerResponse.from(server);
  return operationId === null ? response : new Accepted(operationId, response);
}
