import { Injectable, Logger } from '@nestjs/common';
import { OpenStackAway } from '../common/errors.js';
import { Config } from '../config/config.js';
import { projectCall } from '../openstack/openstack-call.js';
import { OpenStackError } from '../openstack/openstack-errors.js';
import { NetworkQuotaClient, type Quota } from './network-quota.client.js';
import { ProjectCache, type Known } from './project-cache.js';
import { QuotaClient, type ComputeQuotas, type VolumeQuotas } from './quota.client.js';

/** What a project may have and has, of everything that its people make here. */
export interface Quotas extends ComputeQuotas, VolumeQuotas {
  readonly floatingIps: Quota;
  readonly ports: Quota;
  readonly securityGroups: Quota;
  readonly securityGroupRules: Quota;
}

/** Neutron leaves out what it does not limit. */
const unlimited: Quota = { limit: -1, used: 0 };

/** The quotas of each project, kept for CATALOG_MS; old ones serve on while OpenStack is away. */
@Injectable()
export class QuotaService {
  private readonly logger = new Logger(QuotaService.name);
  private readonly cache: ProjectCache<Quotas>;

  constructor(
    config: Config,
    private readonly client: QuotaClient,
    private readonly networkClient: NetworkQuotaClient,
  ) {
    this.cache = new ProjectCache(
      config.settings.CATALOG_MS,
      (projectOpenstackId) => this.fetch(projectOpenstackId),
      (error) => {
        if (!(error instanceof OpenStackError)) throw error;
        this.logger.warn(
          { service: error.service, operation: error.operation, status: error.status },
          'quotas could not be read',
        );
      },
    );
  }

  /** @throws OpenStackAway when nothing is known yet and OpenStack is away. */
  async get(projectOpenstackId: string): Promise<Known<Quotas>> {
    const known = await this.cache.known(projectOpenstackId);
    if (known === null) throw new OpenStackAway('A first look at the quotas of a project', undefined);
    return known;
  }

  private async fetch(projectOpenstackId: string): Promise<Quotas> {
    const call = projectCall(projectOpenstackId);
    const [compute, volume, network] = await Promise.all([
      this.client.compute(call),
      this.client.volume(call),
      this.networkClient.all(call, projectOpenstackId),
    ]);
    return {
      ...compute,
      ...volume,
      floatingIps: network['floatingip'] ?? unlimited,
      ports: network['port'] ?? unlimited,
      securityGroups: network['security_group'] ?? unlimited,
      securityGroupRules: network['security_group_rule'] ?? unlimited,
    };
  }
}
