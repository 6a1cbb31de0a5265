import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { PageQuery } from '../common/pagination.dto.js';
import { CurrentPrincipal } from '../common/principal.decorator.js';
import type { Principal } from '../common/principal.js';
import {
  AvailabilityZoneListResponse,
  AvailabilityZoneResponse,
  FlavorListResponse,
  FlavorResponse,
  ImageListResponse,
  ImageResponse,
  NetworkListResponse,
  NetworkResponse,
  QuotasResponse,
  VolumeTypeListResponse,
  VolumeTypeResponse,
} from './catalog.dto.js';
import { cataloguePage } from './catalogue-page.js';
import { CatalogService } from './catalog.service.js';
import { QuotaService } from './quota.service.js';

const description =
  'As OpenStack offers it to the project of the token, at most a minute old; an older list is shown while OpenStack is away.';

/** What a project may choose from. */
@Controller()
export class CatalogController {
  constructor(
    private readonly catalog: CatalogService,
    private readonly quotas: QuotaService,
  ) {}

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

  @Get('availability-zones')
  @Access('reader')
  @ApiOperation({ summary: 'List availability zones', description })
  @ApiProblems('OPENSTACK_UNAVAILABLE')
  async availabilityZones(
    @CurrentPrincipal() { projectOpenstackId }: Principal,
    @Query() query: PageQuery,
  ): Promise<AvailabilityZoneListResponse> {
    const { serverZones, volumeZones } = await this.catalog.get(projectOpenstackId);
    const zones = serverZones.map((zone) => ({ id: zone.name, ...zone }));
    const { rows, nextCursor } = cataloguePage(zones, query);
    return {
      availability_zones: rows.map((zone) => AvailabilityZoneResponse.from(zone, volumeZones)),
      next_cursor: nextCursor,
    };
  }

  @Get('quotas')
  @Access('reader')
  @ApiOperation({
    summary: 'Show what the project may have, and has',
    description:
      'As OpenStack tells, at most a minute old; older numbers are shown while OpenStack is away. `observed_at` says how old.',
  })
  @ApiProblems('OPENSTACK_UNAVAILABLE')
  async quotasOf(@CurrentPrincipal() { projectOpenstackId }: Principal): Promise<QuotasResponse> {
    return QuotasResponse.from(await this.quotas.get(projectOpenstackId));
  }
}
