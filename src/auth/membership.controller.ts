import { Body, Controller, Delete, HttpCode, HttpStatus, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Accepted } from '../common/accepted.js';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { DeletionPreviewResponse, DeletionQuery } from '../common/deletion-preview.dto.js';
import { IdParam } from '../common/id-param.decorator.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { OperationOnlyResponse } from '../operation/operation.dto.js';
import { AddMemberRequest } from './account.dto.js';
import { MembershipService } from './membership.service.js';

@Controller('projects/:id/users')
export class MembershipController {
  constructor(private readonly memberships: MembershipService) {}

  @Post(':uid')
  @HttpCode(204)
  @Access('member')
  @ApiBody({ type: AddMemberRequest, required: false })
  @ApiNoContentResponse({ description: 'Added.' })
  @ApiAccepted(OperationOnlyResponse)
  @ApiOperation({
    summary: 'Add somebody to a project',
    description:
      'Gives the role in OpenStack. GET /users finds anyone by the account id. Any member may do it, unless this installation leaves it to admins.',
  })
  @ApiProblems(
    'PROJECT_NOT_FOUND',
    'PROJECT_ACCESS_DENIED',
    'USER_NOT_FOUND',
    'USER_ROLE_ALREADY_IN_PROJECT',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async add(
    @CurrentActor() actor: Actor,
    @IdParam() projectId: number,
    @IdParam('uid') userId: number,
    @Body() body: AddMemberRequest,
  ): Promise<Accepted<OperationOnlyResponse> | undefined> {
    const going = await this.memberships.add(actor, { projectId, userId, role: body.role ?? 'member' });
    return going === null ? undefined : new Accepted(going.id, OperationOnlyResponse.from(going));
  }

  @Delete(':uid')
  @HttpCode(204)
  @Access('member')
  @ApiNoContentResponse({ description: 'Removed.' })
  @ApiOkResponse({ type: DeletionPreviewResponse, description: 'With `dry_run`: what the removal would do.' })
  @ApiAccepted(OperationOnlyResponse)
  @ApiOperation({
    summary: 'Take somebody out of a project',
    description:
      'Takes the role away in OpenStack; the sessions of that person in the project end. The last one stays. Any member may do it, unless this installation leaves it to admins.',
  })
  @ApiProblems(
    'PROJECT_NOT_FOUND',
    'PROJECT_ACCESS_DENIED',
    'USER_NOT_FOUND',
    'USER_ROLE_NOT_IN_PROJECT',
    'LAST_PROJECT_MEMBER',
    'ROLE_INHERITED',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async remove(
    @CurrentActor() actor: Actor,
    @IdParam() projectId: number,
    @IdParam('uid') userId: number,
    @Query() query: DeletionQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeletionPreviewResponse | Accepted<OperationOnlyResponse> | undefined> {
    if (query.dry_run === true) {
      reply.status(HttpStatus.OK);
      return DeletionPreviewResponse.from(await this.memberships.previewRemoval(actor, { projectId, userId }));
    }
    const going = await this.memberships.remove(actor, { projectId, userId });
    return going === null ? undefined : new Accepted(going.id, OperationOnlyResponse.from(going));
  }
}
