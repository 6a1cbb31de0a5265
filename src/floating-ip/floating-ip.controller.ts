import { Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Accepted } from '../common/accepted.js';
import type { Actor } from '../common/actor.js';
import { Access } from '../common/access.js';
import { ApiAccepted, ApiProblems } from '../common/api-problems.js';
import { DeletionPreviewResponse, DeletionQuery } from '../common/deletion-preview.dto.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest, requireAdminForDeleted } from '../common/pagination.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { Previewed } from '../common/previewed.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import { asMember, type Principal } from '../common/principal.js';
import { Refreshes } from '../reconciliation/refresh-limit.guard.js';
import { ResourceRefresh } from '../reconciliation/resource-refresh.service.js';
import type { FloatingIpDetails } from './floating-ip-details.js';
import { FloatingIpReleaseService } from './floating-ip-release.service.js';
import { FloatingIpListQuery, FloatingIpListResponse, FloatingIpResponse } from './floating-ip.dto.js';
import { FloatingIpService } from './floating-ip.service.js';

@Controller('floating-ips')
export class FloatingIpController {
  constructor(
    private readonly floatingIps: FloatingIpService,
    private readonly releases: FloatingIpReleaseService,
    private readonly refreshes: ResourceRefresh,
  ) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: "List the project's floating IPs",
    description:
      "Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.",
  })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: FloatingIpListQuery,
  ): Promise<FloatingIpListResponse> {
    requireAdminForDeleted(principal, query.include_deleted);
    const page = pageRequest(query, { sortBy: 'created_at', order: 'asc' });
    const rows = await this.floatingIps.list(principal, { ...page, includeDeleted: query.include_deleted ?? false });
    const { rows: shown, nextCursor } = pageOf(rows, page, (floatingIp) => ({
      value: page.sortBy === 'address' ? (floatingIp.address ?? '') : floatingIp.createdAt,
      id: floatingIp.id,
    }));
    return { floating_ips: shown.map((floatingIp) => FloatingIpResponse.from(floatingIp)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one floating IP',
    description: 'With the interface and the server that it leads to, and what is under way on it.',
  })
  @ApiProblems('FLOATING_IP_NOT_FOUND', 'FLOATING_IP_ACCESS_DENIED')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<FloatingIpResponse> {
    return FloatingIpResponse.from(await this.floatingIps.getDetails(principal, id));
  }

  @Post(':id/refresh')
  @Refreshes()
  @ApiOkResponse({ type: FloatingIpResponse, description: 'As it is after the look.' })
  @Access('member')
  @ApiOperation({
    summary: 'Look at one floating IP in OpenStack now',
    description:
      'For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.',
  })
  @ApiProblems('FLOATING_IP_NOT_FOUND', 'FLOATING_IP_ACCESS_DENIED', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refresh(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<FloatingIpResponse> {
    const read = () => this.floatingIps.getDetails(asMember(principal), id);
    return FloatingIpResponse.from(await this.refreshes.refreshed('floating_ip', id, read));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'Released.' })
  @ApiOkResponse({ type: DeletionPreviewResponse, description: 'With `dry_run`: what would happen.' })
  @ApiAccepted(FloatingIpResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Release a floating IP',
    description:
      'The address goes back to the cloud. It must be on no interface. With `dry_run` nothing happens, and what stands in the way is named.',
  })
  @ApiProblems(
    'FLOATING_IP_NOT_FOUND',
    'FLOATING_IP_DELETE_PERMISSION_DENIED',
    'ATTACHED_FLOATING_IP_DELETION',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_REFUSED',
  )
  async release(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Query() query: DeletionQuery,
    @IfMatch(FloatingIpResponse) ifMatch: Precondition<FloatingIpDetails>,
  ): Promise<Accepted<FloatingIpResponse> | Previewed<DeletionPreviewResponse> | undefined> {
    if (query.dry_run === true)
      return new Previewed(DeletionPreviewResponse.from(await this.releases.preview(actor, id, ifMatch)));
    const going = await this.releases.release(actor, id, ifMatch);
    return going === null ? undefined : new Accepted(going.operationId, FloatingIpResponse.from(going.floatingIp));
  }
}
