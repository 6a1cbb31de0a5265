import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
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
import { SecurityGroupCreationService } from './security-group-creation.service.js';
import { SecurityGroupDeletionService } from './security-group-deletion.service.js';
import type { SecurityGroupDetails } from './security-group-details.repository.js';
import { SecurityGroupUpdateService } from './security-group-update.service.js';
import {
  CreateSecurityGroupRequest,
  SecurityGroupListQuery,
  SecurityGroupListResponse,
  SecurityGroupResponse,
  SecurityGroupRuleRequest,
  UpdateSecurityGroupRequest,
} from './security-group.dto.js';
import { SecurityGroupService, type ChangedSecurityGroup } from './security-group.service.js';

@Controller('security-groups')
export class SecurityGroupController {
  constructor(
    private readonly groups: SecurityGroupService,
    private readonly creations: SecurityGroupCreationService,
    private readonly updates: SecurityGroupUpdateService,
    private readonly deletions: SecurityGroupDeletionService,
    private readonly refreshes: ResourceRefresh,
  ) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: "List the project's security groups",
    description:
      "Oldest first unless asked otherwise; an admin sees every project's. Answered from the record, whether OpenStack is up or not.",
  })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: SecurityGroupListQuery,
  ): Promise<SecurityGroupListResponse> {
    requireAdminForDeleted(principal, query.include_deleted);
    const page = pageRequest(query, { sortBy: 'created_at', order: 'asc' });
    const rows = await this.groups.list(principal, { ...page, includeDeleted: query.include_deleted ?? false });
    const { rows: shown, nextCursor } = pageOf(rows, page, ({ name, createdAt, id }) => ({
      value: page.sortBy === 'name' ? name : createdAt,
      id,
    }));
    return { security_groups: shown.map((group) => SecurityGroupResponse.from(group)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one security group',
    description: 'With its rules, the servers that are in it, and what is under way on it.',
  })
  @ApiProblems('SECURITY_GROUP_NOT_FOUND', 'SECURITY_GROUP_ACCESS_DENIED')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<SecurityGroupResponse> {
    return SecurityGroupResponse.from(await this.groups.getDetails(principal, id));
  }

  @Post(':id/refresh')
  @Refreshes()
  @ApiOkResponse({ type: SecurityGroupResponse, description: 'As it is after the look.' })
  @Access('member')
  @ApiOperation({
    summary: 'Look at one security group in OpenStack now',
    description:
      'For who does not want to wait for the next round: the record is brought in line with OpenStack, which is only read. A few times a minute; for an admin, in the project that the admin is in. Idempotency-Key is ignored.',
  })
  @ApiProblems('SECURITY_GROUP_NOT_FOUND', 'SECURITY_GROUP_ACCESS_DENIED', 'OPENSTACK_UNAVAILABLE', 'OPENSTACK_REFUSED')
  async refresh(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<SecurityGroupResponse> {
    const read = () => this.groups.getDetails(asMember(principal), id);
    return SecurityGroupResponse.from(await this.refreshes.refreshed('security_group', id, read));
  }

  @Post()
  @ApiCreatedResponse({ type: SecurityGroupResponse, description: 'Made, with its rules.' })
  @ApiAccepted(SecurityGroupResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Create a security group',
    description:
      'The rules come beside those that let everything out, which every group has at first; equal rules are one. If OpenStack refuses any of it, nothing is kept.',
  })
  @ApiProblems(
    'SECURITY_GROUP_NOT_FOUND',
    'SECURITY_GROUP_ACCESS_DENIED',
    'OPERATION_IN_PROGRESS',
    'SECURITY_GROUP_NAME_DUPLICATED',
    'QUOTA_EXCEEDED',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
    'DEADLINE_EXCEEDED',
  )
  async create(
    @CurrentActor() actor: Actor,
    @Body() body: CreateSecurityGroupRequest,
  ): Promise<SecurityGroupResponse | Accepted<SecurityGroupResponse>> {
    return answer(
      await this.creations.create(actor, {
        name: body.name,
        description: body.description ?? null,
        rules: body.rules.map((rule) => SecurityGroupRuleRequest.valueOf(rule)),
      }),
    );
  }

  @Put(':id')
  @ApiOkResponse({ type: SecurityGroupResponse, description: 'Changed, in OpenStack too.' })
  @ApiAccepted(SecurityGroupResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Replace a security group',
    description:
      'The group has exactly these rules afterwards, compared by value: what is there already keeps its ids. New rules come before old ones go. Of two changes at once one wins. A default group keeps its name.',
  })
  @ApiProblems(
    'SECURITY_GROUP_NOT_FOUND',
    'SECURITY_GROUP_UPDATE_PERMISSION_DENIED',
    'SECURITY_GROUP_ACCESS_DENIED',
    'DEFAULT_SECURITY_GROUP_RENAME',
    'SECURITY_GROUP_NAME_DUPLICATED',
    'OPTIMISTIC_LOCK_CONFLICT',
    'OPERATION_IN_PROGRESS',
    'QUOTA_EXCEEDED',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
    'DEADLINE_EXCEEDED',
  )
  async update(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: UpdateSecurityGroupRequest,
    @IfMatch(SecurityGroupResponse) ifMatch: Precondition<SecurityGroupDetails>,
  ): Promise<SecurityGroupResponse | Accepted<SecurityGroupResponse>> {
    return answer(
      await this.updates.update(actor, {
        id,
        name: body.name,
        description: body.description,
        rules: body.rules.map((rule) => SecurityGroupRuleRequest.valueOf(rule)),
        ifMatch,
      }),
    );
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiOkResponse({ type: DeletionPreviewResponse, description: 'With dry_run: what the deletion would do.' })
  @ApiAccepted(SecurityGroupResponse)
  @Access('member')
  @ApiOperation({
    summary: 'Delete a security group',
    description:
      'It must be on no interface. Rules of other groups that let its members in go with it; a preview names those groups under detach.',
  })
  @ApiProblems(
    'SECURITY_GROUP_NOT_FOUND',
    'SECURITY_GROUP_DELETE_PERMISSION_DENIED_EXCEPTION',
    'ATTACHED_SECURITY_GROUP_DELETION',
    'DEFAULT_SECURITY_GROUP_DELETION',
    'OPERATION_IN_PROGRESS',
    'OPENSTACK_CONFLICT',
    'OPENSTACK_REFUSED',
  )
  async delete(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Query() query: DeletionQuery,
    @IfMatch(SecurityGroupResponse) ifMatch: Precondition<SecurityGroupDetails>,
  ): Promise<Previewed<DeletionPreviewResponse> | Accepted<SecurityGroupResponse> | undefined> {
    if (query.dry_run === true)
      return new Previewed(DeletionPreviewResponse.from(await this.deletions.preview(actor, id, ifMatch)));
    const going = await this.deletions.delete(actor, id, ifMatch);
    return going === null ? undefined : new Accepted(going.operationId, SecurityGroupResponse.from(going.group));
  }
}

function answer({ group, operationId }: ChangedSecurityGroup): SecurityGroupResponse | Accepted<SecurityGroupResponse> {
  const response = SecurityGroupResponse.from(group);
  return operationId === null ? response : new Accepted(operationId, response);
}
