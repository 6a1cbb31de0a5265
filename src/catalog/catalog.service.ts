import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../config/config.js';
import { projectCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { CatalogClient } from './catalog.client.js';
import { CatalogueUnavailable } from './catalog.errors.js';
import type { Catalogue } from './catalogue.js';

interface Cached {
  readonly catalogue: Catalogue;
  readonly readAtMs: number;
}

/** A request does not wait longer for the catalogue than this. */
const patienceMs = 2_000;

/** The catalogue of each project, kept for CATALOG_MS; an old one serves on while OpenStack is away. */
@Injectable()
export class CatalogService {
  private readonly logger = new Logger(CatalogService.name);
  private readonly cache = new Map<string, Cached>();
  private readonly fetching = new Map<string, Promise<Catalogue>>();

  constructor(
    private readonly config: Config,
    private readonly client: CatalogClient,
  ) {}

  /** For a person who looks at it. @throws CatalogueUnavailable when nothing is known yet and OpenStack is away. */
  async get(projectOpenstackId: string): Promise<Catalogue> {
    const catalogue = await this.known(projectOpenstackId);
    if (catalogue === null) throw new CatalogueUnavailable(undefined);
    return catalogue;
  }

  /** Null when it is not known and OpenStack does not give it within 2 seconds. */
  async known(projectOpenstackId: string): Promise<Catalogue | null> {
    const cached = this.cache.get(projectOpenstackId);
    const isFresh = cached !== undefined && performance.now() - cached.readAtMs < this.config.settings.CATALOG_MS;
    if (isFresh) return cached.catalogue;
    try {
      const patience = new AbortController();
      const late = sleep(patienceMs, null, { signal: patience.signal, ref: false }).catch(() => null);
      const catalogue = await Promise.race([this.require(projectOpenstackId), late]);
      patience.abort();
      return catalogue ?? cached?.catalogue ?? null;
    } catch (error) {
      if (!(error instanceof OpenStackError)) throw error;
      this.logger.warn(
        { service: error.service, operation: error.operation, status: error.status },
        'the catalogue could not be read',
      );
      return cached?.catalogue ?? null;
    }
  }

  /** Reads it from OpenStack now, once for all who ask at the same time. @throws OpenStackError */
  async require(projectOpenstackId: string): Promise<Catalogue> {
    const running = this.fetching.get(projectOpenstackId);
    if (running !== undefined) return running;
    const fetch = this.fetch(projectOpenstackId).finally(() => this.fetching.delete(projectOpenstackId));
    this.fetching.set(projectOpenstackId, fetch);
    return fetch;
  }

  private async fetch(projectOpenstackId: string): Promise<Catalogue> {
    const call = projectCall(projectOpenstackId);
    const [flavors, images, networks, volumeTypes] = await Promise.all([
      this.client.flavors(call),
      this.client.images(call),
      this.client.networks(call),
      this.client.volumeTypes(call),
    ]);
    const catalogue = { flavors, images, networks, volumeTypes };
    this.cache.set(projectOpenstackId, { catalogue, readAtMs: performance.now() });
    return catalogue;
  }
}
