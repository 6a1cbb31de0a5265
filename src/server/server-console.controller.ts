import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { SecretAnswer } from '../common/secret-answer.js';
import { ConsoleLogQuery, ConsoleLogResponse, ConsoleResponse } from './server-action.dto.js';
import { ServerConsoleService } from './server-console.service.js';

const description =
  "The address of the server's screen and keyboard, a new one each time. Whoever has it is at the console: it is written down who asked, never the address.";

/** Screen, keyboard and serial console of a server, while OpenStack is there. */
@Controller('servers/:id')
@SecretAnswer()
export class ServerConsoleController {
  constructor(private readonly consoles: ServerConsoleService) {}

  @Get('vnc-url')
  @ApiOkResponse({ type: ConsoleResponse })
  @Access('member')
  @ApiOperation({ summary: 'Open the console of a server (as older clients ask)', description })
  @ApiProblems(
    'SERVER_NOT_FOUND',
    'SERVER_ACCESS_PERMISSION_DENIED',
    'SERVER_STATUS_INVALID_FOR_CONSOLE',
    'OPENSTACK_REFUSED',
    'OPENSTACK_UNAVAILABLE',
  )
  async vncUrl(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<ConsoleResponse> {
    return { url: await this.consoles.open(actor, id) };
  }

  @Post('console')
  @HttpCode(200)
  @ApiOkResponse({ type: ConsoleResponse })
  @Access('member')
  @ApiOperation({ summary: 'Open the console of a server', description })
  @ApiProblems(
    'SERVER_NOT_FOUND',
    'SERVER_ACCESS_PERMISSION_DENIED',
    'SERVER_STATUS_INVALID_FOR_CONSOLE',
    'OPENSTACK_REFUSED',
    'OPENSTACK_UNAVAILABLE',
  )
  async open(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<ConsoleResponse> {
    return { url: await this.consoles.open(actor, id) };
  }

  @Get('console-log')
  @ApiOkResponse({ type: ConsoleLogResponse })
  @Access('member')
  @ApiOperation({
    summary: 'Read what a server wrote on its serial console',
    description:
      'The last lines, at most 256 KiB; read from OpenStack now. Boot messages may hold secrets of the guest.',
  })
  @ApiProblems(
    'SERVER_NOT_FOUND',
    'SERVER_ACCESS_PERMISSION_DENIED',
    'SERVER_STATUS_INVALID_FOR_CONSOLE',
    'OPENSTACK_REFUSED',
    'OPENSTACK_UNAVAILABLE',
  )
  async log(
    @CurrentPrincipal() principal: Principal,
    @IdParam() id: number,
    @Query() { lines }: ConsoleLogQuery,
  ): Promise<ConsoleLogResponse> {
    return { output: await this.consoles.log(principal, id, lines ?? 200) };
  }
}
