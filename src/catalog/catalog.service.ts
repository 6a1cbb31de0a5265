import { Injectable, Logger } from '@nestjs/common';
import { OpenStackAway } from '../common/errors.js';
import { Config } from '../config/config.js';
import { projectCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { AvailabilityZoneClient } from './availability-zone.client.js';
import { CatalogClient } from './catalog.client.js';
import type { Catalogue } from './catalogue.js';
import { ProjectCache } from './project-cache.js';

/** The catalogue of each project, kept for CATALOG_MS; an old one serves on while OpenStack is away. */
@Injectable()
export class CatalogService {
  private readonly logger = new Logger(CatalogService.name);
  private readonly cache: ProjectCache<Catalogue>;

  constructor(
    config: Config,
    private readonly client: CatalogClient,
    private readonly zones: AvailabilityZoneClient,
  ) {
    this.cache = new ProjectCache(
      config.settings.CATALOG_MS,
      (projectOpenstackId) => this.fetch(projectOpenstackId),
      (error) => {
        if (!(error instanceof OpenStackError)) throw error;
        this.logger.warn(
          { service: error.service, operation: error.operation, status: error.status },
          'the catalogue could not be read',
        );
      },
    );
  }

  /** For a person who looks at it. @throws OpenStackAway when nothing is known yet and OpenStack is away. */
  async get(projectOpenstackId: string): Promise<Catalogue> {
    const catalogue = await this.known(projectOpenstackId);
    if (catalogue === null) throw new OpenStackAway('A first look at the catalogue', undefined);
    return catalogue;
  }

  /** Null when it is not known and OpenStack does not give it within 2 seconds. */
  async known(projectOpenstackId: string): Promise<Catalogue | null> {
    return (await this.cache.known(projectOpenstackId))?.value ?? null;
  }

  /** Reads it from OpenStack now, once for all who ask at the same time. @throws OpenStackError */
  async require(projectOpenstackId: string): Promise<Catalogue> {
    return this.cache.require(projectOpenstackId);
  }

  private async fetch(projectOpenstackId: string): Promise<Catalogue> {
    const call = projectCall(projectOpenstackId);
    const [flavors, images, networks, volumeTypes, serverZones, volumeZones] = await Promise.all([
      this.client.flavors(call),
      this.client.images(call),
      this.client.networks(call),
      this.client.volumeTypes(call),
      this.zones.ofServers(call),
      this.zones.ofVolumes(call),
    ]);
    return { flavors, images, networks, volumeTypes, serverZones, volumeZones };
  }
}
