import { Controller, Delete, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import type { Actor } from '../common/actor.js';
import { Access } from '../common/access.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { CurrentActor } from '../common/principal.decorator.js';
import { FloatingIpResponse } from '../floating-ip/floating-ip.dto.js';
import type { ChangingFloatingIp } from '../floating-ip/floating-ip.service.js';
import { FloatingIpAssociationService } from './floating-ip-association.service.js';

@Controller('network-interfaces/:network_interface_id/floating-ips/:floating_ip_id')
export class FloatingIpAssociationController {
  constructor(private readonly associations: FloatingIpAssociationService) {}

  @Post()
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'The address leads to the interface.' })
  @ApiAccepted(FloatingIpResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Put a floating IP on a network interface',
    description: 'An interface has one floating IP at most, and a floating IP leads to one interface at most.',
  })
  @ApiProblems(
    'NETWORK_INTERFACE_NOT_FOUND',
    'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED',
    'FLOATING_IP_NOT_FOUND',
    'FLOATING_IP_ACCESS_PERMISSION_DENIED',
    'FLOATING_IP_ALREADY_ATTACHED_TO_NETWORK_INTERFACE',
    'NETWORK_INTERFACE_HAS_FLOATING_IP',
    'OPERATION_IN_PROGRESS',
    'NETWORK_NOT_ROUTED',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async associate(
    @CurrentActor() actor: Actor,
    @IdParam('network_interface_id') networkInterfaceId: number,
    @IdParam('floating_ip_id') floatingIpId: number,
  ): Promise<Accepted<FloatingIpResponse> | undefined> {
    return accepted(await this.associations.associate(actor, { networkInterfaceId, floatingIpId }));
  }

  @Delete()
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'The address leads nowhere.' })
  @ApiAccepted(FloatingIpResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Take a floating IP off a network interface',
    description: 'The address stays in the project and can be put on another interface.',
  })
  @ApiProblems(
    'NETWORK_INTERFACE_NOT_FOUND',
    'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED',
    'FLOATING_IP_NOT_FOUND',
    'FLOATING_IP_ACCESS_PERMISSION_DENIED',
    'FLOATING_IP_NOT_ATTACHED_TO_NETWORK_INTERFACE',
    'NETWORK_INTERFACE_NOT_MATCHED',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async disassociate(
    @CurrentActor() actor: Actor,
    @IdParam('network_interface_id') networkInterfaceId: number,
    @IdParam('floating_ip_id') floatingIpId: number,
  ): Promise<Accepted<FloatingIpResponse> | undefined> {
    return accepted(await this.associations.disassociate(actor, { networkInterfaceId, floatingIpId }));
  }
}

function accepted(going: ChangingFloatingIp | null): Accepted<FloatingIpResponse> | undefined {
  return going === null ? undefined : new Accepted(going.operationId, FloatingIpResponse.from(going.floatingIp));
}
