import { Body, Controller, Get, HttpCode, Post, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { IfMatch, Tagged, type Precondition } from '../common/precondition.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { PausedResponse, PoliciesResponse, SetPoliciesRequest } from './policy.dto.js';
import { PolicyService, type PauseDetails, type PoliciesDetails } from './policy.service.js';
import { ReconciliationStatusResponse } from './reconciliation-status.dto.js';
import { ReconciliationStatusService } from './reconciliation-status.service.js';

const policies = (found: PoliciesDetails) => ({ status: 200, body: PoliciesResponse.from(found) });
const paused = (pause: PauseDetails) => ({ status: 200, body: PausedResponse.from(pause) });

@Controller('admin')
@Access('admin')
export class ReconciliationStatusController {
  constructor(
    private readonly status: ReconciliationStatusService,
    private readonly policies: PolicyService,
  ) {}

  @Get('reconciliation-status')
  @ApiOperation({
    summary: 'See how reconciliation stands',
    description:
      'The loops with their leases and how long ago they were last completed, how far changes have been read, what is stuck, and which services answer.',
  })
  async getStatus(): Promise<ReconciliationStatusResponse> {
    return ReconciliationStatusResponse.from(await this.status.get());
  }

  @Get('reconciliation-policies')
  @Tagged()
  @ApiOperation({
    summary: 'Get the policies of reconciliation',
    description: 'What is done about findings without asking; the defaults until somebody sets them.',
  })
  async getPolicies(): Promise<PoliciesResponse> {
    return PoliciesResponse.from(await this.policies.get());
  }

  @Put('reconciliation-policies')
  @Tagged()
  @ApiOkResponse({ type: PoliciesResponse, description: 'Set.' })
  @ApiOperation({
    summary: 'Set the policies of reconciliation',
    description:
      'All of them at once. They hold for loops from their next page on, and for reconciliations that are planned from now on. What has been planned is deleted or adopted only if they still say so.',
  })
  async setPolicies(
    @CurrentActor() actor: Actor,
    @Body() body: SetPoliciesRequest,
    @IfMatch(PoliciesResponse) ifMatch: Precondition<PoliciesDetails>,
  ): Promise<PoliciesResponse> {
    const command = { policies: SetPoliciesRequest.toPolicies(body), version: body.version };
    const set = await this.policies.set(actor, command, ifMatch, policies);
    return PoliciesResponse.from(set);
  }

  @Post('reconciliation/pause')
  @HttpCode(200)
  @ApiOkResponse({ type: PausedResponse, description: 'Paused; also when they were already.' })
  @ApiOperation({
    summary: 'Stop the loops of reconciliation',
    description:
      'On every replica, until POST /admin/reconciliation/resume: no comparison, no look at changes, no deletion of orphans, no import of people, projects and default groups begins any more. What has begun goes on to its end, but deletes no orphan any more; a sweep applies no more of what it found and ends as CANCELLED. Operations go on, and so does what administrators ask for.',
  })
  async pause(@CurrentActor() actor: Actor): Promise<PausedResponse> {
    return PausedResponse.from(await this.policies.pause(actor, paused));
  }

  @Post('reconciliation/resume')
  @HttpCode(200)
  @ApiOkResponse({ type: PausedResponse, description: 'Running; also when they were already.' })
  @ApiOperation({
    summary: 'Let the loops of reconciliation run again',
    description: 'On every replica, from their next turn on. Nothing happens when they are not paused.',
  })
  async resume(@CurrentActor() actor: Actor): Promise<PausedResponse> {
    await this.policies.resume(actor, paused);
    return PausedResponse.from(null);
  }
}
