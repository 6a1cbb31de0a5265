import { Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { LooksAnew } from '../common/secret-answer.js';
import type { ResourceType } from '../operation/operation-state.js';
import { RefreshedResponse } from './refresh.dto.js';
import { ResourceRefresh } from './resource-refresh.service.js';

const description =
  'Brings the record in line at once and says what differed; OpenStack is only read. One that is not there any more is marked as missing. Idempotency-Key is ignored.';

/** Administrators may have anything looked at anew, in any project. */
@Controller('admin')
@Access('admin')
@LooksAnew()
export class RefreshController {
  constructor(private readonly refreshes: ResourceRefresh) {}

  @Post('servers/:id/refresh')
  @ApiOkResponse({ type: RefreshedResponse, description: 'Looked at.' })
  @HttpCode(200)
  @ApiOperation({ summary: 'Look at a server in OpenStack now', description })
  @ApiProblems('SERVER_NOT_FOUND', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refreshServer(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<RefreshedResponse> {
    return this.refresh(actor, 'server', id);
  }

  @Post('volumes/:id/refresh')
  @ApiOkResponse({ type: RefreshedResponse, description: 'Looked at.' })
  @HttpCode(200)
  @ApiOperation({ summary: 'Look at a volume in OpenStack now', description })
  @ApiProblems('VOLUME_NOT_FOUND', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refreshVolume(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<RefreshedResponse> {
    return this.refresh(actor, 'volume', id);
  }

  @Post('network-interfaces/:id/refresh')
  @ApiOkResponse({ type: RefreshedResponse, description: 'Looked at.' })
  @HttpCode(200)
  @ApiOperation({ summary: 'Look at a network interface in OpenStack now', description })
  @ApiProblems('NETWORK_INTERFACE_NOT_FOUND', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refreshNetworkInterface(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<RefreshedResponse> {
    return this.refresh(actor, 'network_interface', id);
  }

  @Post('floating-ips/:id/refresh')
  @ApiOkResponse({ type: RefreshedResponse, description: 'Looked at.' })
  @HttpCode(200)
  @ApiOperation({ summary: 'Look at a floating IP in OpenStack now', description })
  @ApiProblems('FLOATING_IP_NOT_FOUND', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refreshFloatingIp(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<RefreshedResponse> {
    return this.refresh(actor, 'floating_ip', id);
  }

  @Post('security-groups/:id/refresh')
  @ApiOkResponse({ type: RefreshedResponse, description: 'Looked at.' })
  @HttpCode(200)
  @ApiOperation({ summary: 'Look at a security group in OpenStack now', description })
  @ApiProblems('SECURITY_GROUP_NOT_FOUND', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refreshSecurityGroup(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<RefreshedResponse> {
    return this.refresh(actor, 'security_group', id);
  }

  @Post('users/:id/refresh')
  @ApiOkResponse({ type: RefreshedResponse, description: 'Looked at.' })
  @HttpCode(200)
  @ApiOperation({ summary: 'Look at a user in OpenStack now', description })
  @ApiProblems('USER_NOT_FOUND', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refreshUser(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<RefreshedResponse> {
    return this.refresh(actor, 'user', id);
  }

  @Post('projects/:id/refresh')
  @ApiOkResponse({ type: RefreshedResponse, description: 'Looked at.' })
  @HttpCode(200)
  @ApiOperation({ summary: 'Look at a project in OpenStack now', description })
  @ApiProblems('PROJECT_NOT_FOUND', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refreshProject(@CurrentActor() actor: Actor, @IdParam() id: number): Promise<RefreshedResponse> {
    return this.refresh(actor, 'project', id);
  }

  private async refresh(actor: Actor, type: ResourceType, id: number): Promise<RefreshedResponse> {
    return RefreshedResponse.from(type, id, await this.refreshes.refresh(actor, type, id));
  }
}
