import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, Public } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { CurrentPrincipal, CurrentRequester } from '../common/principal.decorator.js';
import type { Requester } from '../common/actor.js';
import type { Principal } from '../common/principal.js';
import {
  EnterProjectRequest,
  EnterProjectResponse,
  LoginRequest,
  LoginResponse,
  RefreshRequest,
  RefreshResponse,
  SessionResponse,
} from './auth.dto.js';
import { SecretAnswer } from '../common/secret-answer.js';
import { LoginService } from './login.service.js';
import { SessionRefreshService } from './session-refresh.service.js';
import { SessionService } from './session.service.js';

@ApiTags('Session')
@SecretAnswer()
@Controller('auth')
export class AuthController {
  constructor(
    private readonly logins: LoginService,
    private readonly refreshes: SessionRefreshService,
    private readonly sessions: SessionService,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Log in',
    description:
      'Checks the password with OpenStack and opens a session in one project. The token is good for some minutes, the session until it is ended; when OpenStack cannot be asked the answer is 503, never 401. After some failures, of the account or from the address, no password is checked for a while.',
  })
  @ApiProblems(
    'INVALID_AUTH',
    'PROJECT_ACCESS_DENIED',
    'PASSWORD_EXPIRED',
    'USER_NOT_JOINED_ANY_PROJECT',
    'TOO_MANY_ATTEMPTS',
    'OPENSTACK_UNAVAILABLE',
    'DATABASE_UNAVAILABLE',
  )
  async login(@CurrentRequester() { address }: Requester, @Body() body: LoginRequest): Promise<LoginResponse> {
    const { account_id: accountId, password, project_id: projectId = null } = body;
    return LoginResponse.from(await this.logins.login({ accountId, password, projectId, address }));
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Get a new token without the password',
    description:
      'Each refresh token is good for one exchange, and its session lives on by it. Who did not hear the answer may ask again for some seconds and gets the same refresh token; after that a used one ends the session, for somebody has a copy. Works while OpenStack is away.',
  })
  @ApiProblems('INVALID_REFRESH_TOKEN', 'DATABASE_UNAVAILABLE')
  async refresh(@Body() body: RefreshRequest): Promise<RefreshResponse> {
    return RefreshResponse.from(await this.refreshes.refresh(body.refresh_token));
  }

  @Post('project')
  @HttpCode(200)
  @Access('reader')
  @ApiOperation({
    summary: 'Go on in another project',
    description:
      'Answers a token for a project that you are in; an admin may enter every managed project. Refreshes stay there. The token that was sent remains good for its own project.',
  })
  @ApiProblems('PROJECT_ACCESS_DENIED')
  async enterProject(
    @CurrentPrincipal() principal: Principal,
    @Body() body: EnterProjectRequest,
  ): Promise<EnterProjectResponse> {
    return EnterProjectResponse.from(await this.sessions.enterProject(principal, body.project_id));
  }

  @Post('logout')
  @HttpCode(204)
  @Access('reader')
  @ApiOperation({
    summary: 'Log out',
    description: 'Ends the session: its tokens count nowhere any more, from this moment on.',
  })
  async logout(@CurrentPrincipal() principal: Principal): Promise<void> {
    await this.sessions.end(principal);
  }

  @Get('me')
  @Access('reader')
  @ApiOperation({
    summary: 'Who am I?',
    description: 'The user, the project that the token is for, and the role in it.',
  })
  async me(@CurrentPrincipal() principal: Principal): Promise<SessionResponse> {
    return SessionResponse.from(await this.sessions.getDetails(principal));
  }
}
