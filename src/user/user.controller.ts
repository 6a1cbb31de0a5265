import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest, requireAdminForDeleted } from '../common/pagination.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import type { UserDetails } from './user-details.js';
import { RenameUserRequest, UserListQuery, UserListResponse, UserResponse } from './user.dto.js';
import { UserService } from './user.service.js';

const renamed = (user: UserDetails) => ({ status: 200, body: UserResponse.from(user) });

@Controller('users')
export class UserController {
  constructor(private readonly users: UserService) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: 'List the people you work with',
    description:
      'Those who share a project with you, oldest first unless asked otherwise; an admin sees everybody. An account id that is given exactly finds anyone, so that a colleague can be added to a project: of a stranger only id, account id and name are told.',
  })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: UserListQuery): Promise<UserListResponse> {
    requireAdminForDeleted(principal, query.include_deleted);
    const page = pageRequest(query, { sortBy: 'created_at', order: 'asc' });
    const rows = await this.users.list(principal, {
      ...page,
      userId: query.user_id ?? null,
      accountId: query.account_id ?? null,
      name: query.name ?? null,
      includeDeleted: query.include_deleted ?? false,
    });
    const { rows: shown, nextCursor } = pageOf(rows, page, (user) => ({
      value: sortKey(user, page.sortBy),
      id: user.id,
    }));
    return { users: shown.map((user) => UserResponse.from(user)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({
    summary: 'Get one user',
    description: 'Yourself, or somebody who shares a project with you; with the projects that you share.',
  })
  @ApiProblems('USER_NOT_FOUND')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<UserResponse> {
    return UserResponse.from(await this.users.getDetails(principal, id));
  }

  @Put(':id/info')
  @Access('reader')
  @ApiOkResponse({ type: UserResponse, description: 'Renamed.' })
  @ApiOperation({
    summary: 'Change your name',
    description: 'The name that others see. The account id, with which you log in, stays.',
  })
  @ApiProblems('USER_NOT_FOUND', 'USER_UPDATE_PERMISSION_DENIED', 'OPERATION_IN_PROGRESS')
  async rename(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @Body() body: RenameUserRequest,
    @IfMatch(UserResponse) ifMatch: Precondition<UserDetails>,
  ): Promise<UserResponse> {
    return UserResponse.from(await this.users.rename(actor, { id, name: body.name }, ifMatch, renamed));
  }
}

function sortKey(
  user: { readonly createdAt: Date; readonly accountId: string; readonly name: string },
  sortBy: 'created_at' | 'account_id' | 'name',
): Date | string {
  switch (sortBy) {
    case 'created_at':
      return user.createdAt;
    case 'account_id':
      return user.accountId;
    case 'name':
      return user.name;
    default:
      return sortBy satisfies never;
  }
}
