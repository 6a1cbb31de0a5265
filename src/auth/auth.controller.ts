import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, Public } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { SecretAnswer } from '../common/secret-answer.js';
import { LoginRequest, LoginResponse, SessionResponse } from './auth.dto.js';
import { LoginService } from './login.service.js';
import { SessionService } from './session.service.js';

@ApiTags('Session')
@SecretAnswer()
@Controller('auth')
export class AuthController {
  constructor(
    private readonly logins: LoginService,
    private readonly sessions: SessionService,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Log in',
    description:
      'Checks the password with OpenStack and opens a session in one project. The token is good for some minutes, the session until it is ended; when OpenStack cannot be asked the answer is 503, never 401.',
  })
  @ApiProblems(
    'INVALID_AUTH',
    'PROJECT_ACCESS_DENIED',
    'PASSWORD_EXPIRED',
    'USER_NOT_JOINED_ANY_PROJECT',
    'OPENSTACK_UNAVAILABLE',
    'DATABASE_UNAVAILABLE',
  )
  async login(@Body() body: LoginRequest): Promise<LoginResponse> {
    const { account_id: accountId, password, project_id: projectId = null } = body;
    return LoginResponse.from(await this.logins.login({ accountId, password, projectId }));
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
