import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { adminCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { CatalogClient } from './catalog.client.js';
import { ProjectCache } from './project-cache.js';

/** Ids by names. */
export interface KnownKinds {
  readonly flavors: ReadonlyMap<string, string>;
  readonly volumeTypes: ReadonlyMap<string, string>;
}

const none: KnownKinds = { flavors: new Map(), volumeTypes: new Map() };

/**
 * The flavors and volume types of all projects: Nova tells a server's flavor by its name, and Cinder a volume's type. Kept for
 * CATALOG_MS; nothing is known while OpenStack does not give them.
 */
@Injectable()
export class KnownKindsService {
  private readonly logger = new Logger(KnownKindsService.name);
  private readonly cache: ProjectCache<KnownKinds>;

  constructor(
    config: Config,
    private readonly client: CatalogClient,
  ) {
    this.cache = new ProjectCache(
      config.settings.CATALOG_MS,
      () => this.fetch(),
      (error) => {
        if (!(error instanceof OpenStackError)) throw error;
        this.logger.warn({ service: error.service, status: error.status }, 'the kinds could not be read');
      },
    );
  }

  async known(): Promise<KnownKinds> {
    return (await this.cache.known(''))?.value ?? none;
  }

  private async fetch(): Promise<KnownKinds> {
    const [flavors, volumeTypes] = await Promise.all([
      this.client.allFlavors(adminCall),
      this.client.allVolumeTypes(adminCall),
    ]);
    return { flavors: idsByName(flavors), volumeTypes: idsByName(volumeTypes) };
  }
}

function idsByName(things: readonly { readonly id: string; readonly name: string }[]): ReadonlyMap<string, string> {
  return new Map(things.map(({ id, name }) => [name, id]));
}
