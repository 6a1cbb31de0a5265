import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import type { Actor } from '../common/actor.js';
import { Access } from '../common/access.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { AllocateFloatingIpRequest, FloatingIpResponse } from '../floating-ip/floating-ip.dto.js';
import { FloatingIpAllocationService } from './floating-ip-allocation.service.js';

@Controller('floating-ips')
export class FloatingIpAllocationController {
  constructor(private readonly allocations: FloatingIpAllocationService) {}

  @Post()
  @ApiCreatedResponse({ type: FloatingIpResponse, description: 'Allocated.' })
  @ApiAccepted(FloatingIpResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Allocate a floating IP',
    description:
      'Takes an address from an external network; it is DOWN until it is put on an interface. If OpenStack refuses, nothing is kept.',
  })
  @ApiProblems('NETWORK_NOT_FOUND', 'QUOTA_EXCEEDED', 'OPENSTACK_CONFLICT', 'OPENSTACK_REFUSED')
  async allocate(
    @CurrentActor() actor: Actor,
    @Body() body: AllocateFloatingIpRequest,
  ): Promise<FloatingIpResponse | Accepted<FloatingIpResponse>> {
    const { floatingIp, operationId } = await this.allocations.allocate(actor, body.floating_network_id);
    const response = FloatingIpResponse.from(floatingIp);
    return operationId === null ? response : new Accepted(operationId, response);
  }
}
