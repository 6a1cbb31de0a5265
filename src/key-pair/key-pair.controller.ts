import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import type { Actor } from '../common/actor.js';
import { ApiProblems } from '../common/api-problems.js';
import { IdParam } from '../common/id-param.decorator.js';
import { pageOf, pageRequest } from '../common/pagination.js';
import { IfMatch, type Precondition } from '../common/precondition.js';
import { CurrentActor, CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import { SecretAnswer } from '../common/secret-answer.js';
import { AddKeyPairRequest, KeyPairListQuery, KeyPairListResponse, KeyPairResponse } from './key-pair.dto.js';
import { KeyPairService, type KeyPairDetails } from './key-pair.service.js';

@Controller('key-pairs')
@SecretAnswer()
export class KeyPairController {
  constructor(private readonly keyPairs: KeyPairService) {}

  @Get()
  @Access('reader')
  @ApiOperation({
    summary: 'List your key pairs',
    description: 'Your own, in whatever project you are; oldest first unless asked otherwise.',
  })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: KeyPairListQuery): Promise<KeyPairListResponse> {
    const page = pageRequest(query, { sortBy: 'created_at', order: 'asc' });
    const { rows, nextCursor } = pageOf(await this.keyPairs.list(principal, page), page, (keyPair) => ({
      value: page.sortBy === 'name' ? keyPair.name : keyPair.createdAt,
      id: keyPair.id,
    }));
    return { key_pairs: rows.map((keyPair) => KeyPairResponse.from(keyPair)), next_cursor: nextCursor };
  }

  @Get(':id')
  @Access('reader')
  @ApiOperation({ summary: 'Get one of your key pairs', description: 'Those of others are not found.' })
  @ApiProblems('KEY_PAIR_NOT_FOUND')
  async get(@CurrentPrincipal() principal: Principal, @IdParam() id: number): Promise<KeyPairResponse> {
    return KeyPairResponse.from(await this.keyPairs.get(principal, id));
  }

  @Post()
  @ApiCreatedResponse({ type: KeyPairResponse, description: 'Kept.' })
  @Access('member')
  @ApiOperation({
    summary: 'Keep a public key',
    description:
      'For POST /servers, which puts it into a new server. The private half stays with you: none is ever made here. Idempotency-Key is ignored.',
  })
  @ApiProblems('KEY_PAIR_NAME_DUPLICATE')
  async add(@CurrentActor() actor: Actor, @Body() body: AddKeyPairRequest): Promise<KeyPairResponse> {
    return KeyPairResponse.from(await this.keyPairs.add(actor, body.name, body.public_key));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'Forgotten.' })
  @Access('member')
  @ApiOperation({
    summary: 'Forget a key pair',
    description: 'Servers that were made with it keep it. Idempotency-Key is ignored.',
  })
  @ApiProblems('KEY_PAIR_NOT_FOUND')
  async remove(
    @CurrentActor() actor: Actor,
    @IdParam() id: number,
    @IfMatch(KeyPairResponse) ifMatch: Precondition<KeyPairDetails>,
  ): Promise<void> {
    await this.keyPairs.remove(actor, id, ifMatch);
  }
}
