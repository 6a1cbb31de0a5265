import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { PageQuery } from '../common/pagination.dto.js';
import { CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import {
  FlavorListResponse,
  FlavorResponse,
  ImageListResponse,
  ImageResponse,
  NetworkListResponse,
  NetworkResponse,
  VolumeTypeListResponse,
  VolumeTypeResponse,
} from './catalog.dto.js';
import { cataloguePage } from './catalogue-page.js';
import { CatalogService } from './catalog.service.js';

const description =
  'As OpenStack offers it to the project of the token, at most a minute old; an older list is shown while OpenStack is away.';

/** What a project may choose from. */
@Controller()
export class CatalogController {
  constructor(private readonly catalog: CatalogService) {}

  @Get('flavors')
  @Access('reader')
  @ApiOperation({ summary: 'List flavors', description })
  @ApiProblems('OPENSTACK_UNAVAILABLE')
  async flavors(
    @CurrentPrincipal() { projectOpenstackId }: Principal,
    @Query() query: PageQuery,
  ): Promise<FlavorListResponse> {
    const catalogue = await this.catalog.get(projectOpenstackId);
    const { rows, nextCursor } = cataloguePage(catalogue.flavors, query);
    return { flavors: rows.map((flavor) => FlavorResponse.from(flavor)), next_cursor: nextCursor };
  }

  @Get('images')
  @Access('reader')
  @ApiOperation({ summary: 'List images', description })
  @ApiProblems('OPENSTACK_UNAVAILABLE')
  async images(
    @CurrentPrincipal() { projectOpenstackId }: Principal,
    @Query() query: PageQuery,
  ): Promise<ImageListResponse> {
    const catalogue = await this.catalog.get(projectOpenstackId);
    const { rows, nextCursor } = cataloguePage(catalogue.images, query);
    return { images: rows.map((image) => ImageResponse.from(image)), next_cursor: nextCursor };
  }

  @Get('networks')
  @Access('reader')
  @ApiOperation({ summary: 'List networks with their subnets', description })
  @ApiProblems('OPENSTACK_UNAVAILABLE')
  async networks(
    @CurrentPrincipal() { projectOpenstackId }: Principal,
    @Query() query: PageQuery,
  ): Promise<NetworkListResponse> {
    const catalogue = await this.catalog.get(projectOpenstackId);
    const { rows, nextCursor } = cataloguePage(catalogue.networks, query);
    return { networks: rows.map((network) => NetworkResponse.from(network)), next_cursor: nextCursor };
  }

  @Get('volume-types')
  @Access('reader')
  @ApiOperation({ summary: 'List volume types', description })
  @ApiProblems('OPENSTACK_UNAVAILABLE')
  async volumeTypes(
    @CurrentPrincipal() { projectOpenstackId }: Principal,
    @Query() query: PageQuery,
  ): Promise<VolumeTypeListResponse> {
    const catalogue = await this.catalog.get(projectOpenstackId);
    const { rows, nextCursor } = cataloguePage(catalogue.volumeTypes, query);
    return { volume_types: rows.map((type) => VolumeTypeResponse.from(type)), next_cursor: nextCursor };
  }
}
