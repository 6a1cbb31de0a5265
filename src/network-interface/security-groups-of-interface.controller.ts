import { Body, Controller, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import type { Actor } from '../common/actor.js';
import { Access } from '../common/access.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { CurrentActor } from '../common/principal.decorator.js';
import type { NetworkInterfaceDetails } from './network-interface-details.repository.js';
import { NetworkInterfaceResponse } from './network-interface.dto.js';
import { SetSecurityGroupsRequest } from './security-groups-of-interface.dto.js';
import { SecurityGroupsOfInterfaceService } from './security-groups-of-interface.service.js';

@Controller('network-interfaces/:id/security-groups')
export class SecurityGroupsOfInterfaceController {
  constructor(private readonly interfaces: SecurityGroupsOfInterfaceService) {}

  @Put()
  @ApiOkResponse({ type: NetworkInterfaceResponse, description: 'The interface is in these groups.' })
  @ApiAccepted(NetworkInterfaceResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Put a network interface into security groups',
    description:
      'It is in exactly these groups afterwards; in none, nothing is let through. An interface without port security takes none.',
  })
  @ApiProblems(
    'NETWORK_INTERFACE_NOT_FOUND',
    'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED',
    'SECURITY_GROUP_NOT_FOUND',
    'SECURITY_GROUP_ACCESS_DENIED',
    'OPERATION_IN_PROGRESS',
    'PORT_SECURITY_DISABLED',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
    'DEADLINE_EXCEEDED',
  )
  async set(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: SetSecurityGroupsRequest,
    @IfMatch(NetworkInterfaceResponse) ifMatch: Precondition<NetworkInterfaceDetails>,
  ): Promise<NetworkInterfaceResponse | Accepted<NetworkInterfaceResponse>> {
    const { nic, operationId } = await this.interfaces.set(actor, {
      networkInterfaceId: id,
      securityGroupIds: body.security_group_ids,
      ifMatch,
    });
    const response = NetworkInterfaceResponse.from(nic);
    return operationId === null ? response : new Accepted(operationId, response);
  }
}
