import { Body, Controller, Delete, HttpCode, HttpStatus, Post, Put, Query, Res, UseGuards } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Accepted } from '../common/accepted.js';
import { Access, Public } from '../common/access.js';
import type { Actor, Requester } from '../common/actor.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { DeletionPreviewResponse, DeletionQuery } from '../common/deletion-preview.dto.js';
import { IdParam } from '../common/id-param.decorator.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { CurrentActor, CurrentRequester } from '../common/principal.decorator.js';
import { SecretAnswer } from '../common/secret-answer.js';
import { OperationOnlyResponse } from '../operation/operation.dto.js';
import type { UserDetails } from '../user/user-details.js';
import { UserResponse } from '../user/user.dto.js';
import { ChangePasswordRequest, SignUpRequest } from './account.dto.js';
import { PasswordChangeService } from './password-change.service.js';
import { SignUpGuard } from './sign-up.guard.js';
import { SignUpService } from './sign-up.service.js';
import { UserDeletionService } from './user-deletion.service.js';

/** Accounts begin, get another password, and end. It stands here, above user and project, because sessions end with them. */
@Controller('users')
export class AccountController {
  constructor(
    private readonly signUps: SignUpService,
    private readonly passwords: PasswordChangeService,
    private readonly deletions: UserDeletionService,
  ) {}

  @Post()
  @Public()
  @UseGuards(SignUpGuard)
  @ApiCreatedResponse({ type: UserResponse, description: 'Signed up.' })
  @ApiOperation({
    summary: 'Sign up',
    description:
      'Makes an account, in no project yet: a member of one adds you. It is made before the answer, or not at all: when OpenStack takes too long what was begun is undone and the answer is 503.',
  })
  @ApiProblems(
    'SIGN_UP_CLOSED',
    'USER_ACCOUNT_ID_DUPLICATE',
    'TOO_MANY_REQUESTS',
    'OPENSTACK_REFUSED',
    'OPENSTACK_UNAVAILABLE',
    'DATABASE_UNAVAILABLE',
  )
  async signUp(@CurrentRequester() requester: Requester, @Body() body: SignUpRequest): Promise<UserResponse> {
    const { account_id: accountId, password, name } = body;
    return UserResponse.from(await this.signUps.signUp(requester, { accountId, password, name }));
  }

  @Put(':id/password')
  @HttpCode(204)
  @SecretAnswer()
  @Access('reader')
  @ApiNoContentResponse({ description: 'Changed.' })
  @ApiOperation({
    summary: 'Change your password',
    description:
      'In OpenStack, at once or not at all. Every other session of yours ends; the one that asks goes on. May be repeated when the answer was lost. Wrong old passwords count like failed logins.',
  })
  @ApiProblems(
    'USER_NOT_FOUND',
    'USER_UPDATE_PERMISSION_DENIED',
    'INVALID_AUTH_OLD_PASSWORD',
    'TOO_MANY_ATTEMPTS',
    'OPENSTACK_UNAVAILABLE',
  )
  async changePassword(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: ChangePasswordRequest,
  ): Promise<void> {
    const { old_password: oldPassword, new_password: newPassword } = body;
    await this.passwords.change(actor, id, { oldPassword, newPassword });
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('reader')
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiOkResponse({ type: DeletionPreviewResponse, description: 'With `dry_run`: what the deletion would do.' })
  @ApiAccepted(OperationOnlyResponse)
  @ApiOperation({
    summary: 'Delete an account',
    description:
      'Your own, and as an administrator one that is in no project and could not log in to delete itself. In OpenStack too; its sessions end with it. Only accounts that were made here, not the last one of the domain, and not that of who is alone in a project with something in it.',
  })
  @ApiProblems(
    'USER_NOT_FOUND',
    'USER_DELETE_PERMISSION_DENIED',
    'LAST_USER_DELETION_NOT_ALLOWED',
    'LAST_PROJECT_MEMBER',
    'IMPORTED_USER_DELETION',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async delete(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Query() query: DeletionQuery,
    @IfMatch(UserResponse) ifMatch: Precondition<UserDetails>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeletionPreviewResponse | Accepted<OperationOnlyResponse> | undefined> {
    if (query.dry_run === true) {
      reply.status(HttpStatus.OK);
      return DeletionPreviewResponse.from(await this.deletions.preview(actor.principal, id, ifMatch));
    }
    const going = await this.deletions.delete(actor, id, ifMatch);
    return going === null ? undefined : new Accepted(going.id, OperationOnlyResponse.from(going));
  }
}
