import { Controller, Get, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest, requireAdminForDeleted } from '../common/pagination.js';
import { CurrentPrincipal } from '../common/principal.decorator.js';
import { asMember, type Principal } from '../common/principal.js';
import { Refreshes } from '../reconciliation/refresh-limit.guard.js';
import { ResourceRefresh } from '../reconciliation/resource-refresh.service.js';
import {
  NetworkInterfaceListQuery,
  NetworkInterfaceListResponse,
  NetworkInterfaceResponse,
} from './network-interface.dto.js';
import { NetworkInterfaceService } from './network-interface.service.js';

@Controller('network-interfaces')
export class NetworkInterfaceController {
  constructor(
    private readonly interfaces: NetworkInterfaceService,
    private readonly refreshes: ResourceRefresh,
  ) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: "List the network interfaces of the project's servers",
    description:
      "Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.",
  })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: NetworkInterfaceListQuery,
  ): Promise<NetworkInterfaceListResponse> {
    requireAdminForDeleted(principal, query.include_deleted);
    const page = pageRequest(query, { sortBy: 'created_at', order: 'asc' });
    const rows = await this.interfaces.list(principal, {
      order: page.order,
      after: page.after,
      limit: page.limit,
      serverId: query.server_id ?? null,
      includeDeleted: query.include_deleted ?? false,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, ({ createdAt, id }) => ({ value: createdAt, id }));
    return { network_interfaces: shown.map((nic) => NetworkInterfaceResponse.from(nic)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one network interface',
    description: 'With its addresses, its groups and its floating IP.',
  })
  @ApiProblems('NETWORK_INTERFACE_NOT_FOUND', 'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<NetworkInterfaceResponse> {
    return NetworkInterfaceResponse.from(await this.interfaces.getDetails(principal, id));
  }

  @Post(':id/refresh')
  @Refreshes()
  @ApiOkResponse({ type: NetworkInterfaceResponse, description: 'As it is after the look.' })
  @Access('member')
  @ApiOperation({
    summary: 'Look at one network interface in OpenStack now',
    description:
      'For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.',
  })
  @ApiProblems(
    'NETWORK_INTERFACE_NOT_FOUND',
    'NETWORK_INTERFACE_ACCESS_PERMISSION_DENIED',
    'OPENSTACK_UNAVAILABLE',
    'OPENSTACK_REFUSED',
  )
  async refresh(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<NetworkInterfaceResponse> {
    const read = () => this.interfaces.getDetails(asMember(principal), id);
    return NetworkInterfaceResponse.from(await this.refreshes.refreshed('network_interface', id, read));
  }
}
