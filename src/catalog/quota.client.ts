import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { cinderMicroversion, novaMicroversion } from '../openstack/openstack-microversions.js';
import type { Quota } from './network-quota.client.js';

export interface ComputeQuotas {
  readonly servers: Quota;
  readonly cores: Quota;
  /** MiB. */
  readonly ram: Quota;
}

export interface VolumeQuotas {
  readonly volumes: Quota;
  /** GiB. */
  readonly gigabytes: Quota;
}

const computeLimits = z
  .object({
    limits: z.object({
      absolute: z.object({
        maxTotalInstances: z.number(),
        totalInstancesUsed: z.number(),
        maxTotalCores: z.number(),
        totalCoresUsed: z.number(),
        maxTotalRAMSize: z.number(),
        totalRAMUsed: z.number(),
      }),
    }),
  })
  .transform(({ limits: { absolute } }): ComputeQuotas => ({
    servers: { limit: absolute.maxTotalInstances, used: absolute.totalInstancesUsed },
    cores: { limit: absolute.maxTotalCores, used: absolute.totalCoresUsed },
    ram: { limit: absolute.maxTotalRAMSize, used: absolute.totalRAMUsed },
  }));

const volumeLimits = z
  .object({
    limits: z.object({
      absolute: z.object({
        maxTotalVolumes: z.number(),
        totalVolumesUsed: z.number(),
        maxTotalVolumeGigabytes: z.number(),
        totalGigabytesUsed: z.number(),
      }),
    }),
  })
  .transform(({ limits: { absolute } }): VolumeQuotas => ({
    volumes: { limit: absolute.maxTotalVolumes, used: absolute.totalVolumesUsed },
    gigabytes: { limit: absolute.maxTotalVolumeGigabytes, used: absolute.totalGigabytesUsed },
  }));

/** What Nova and Cinder let the project of the call's scope have, and what it has. */
@Injectable()
export class QuotaClient {
  constructor(private readonly http: OpenStackHttp) {}

  async compute(call: OpenStackCall): Promise<ComputeQuotas> {
    const answer = await this.http.send({
      service: 'compute',
      method: 'GET',
      path: '/limits',
      operation: 'GET /limits',
      microversion: novaMicroversion,
      ok: [200],
      schema: computeLimits,
      call,
    });
    return answer.data;
  }

  async volume(call: OpenStackCall): Promise<VolumeQuotas> {
    const answer = await this.http.send({
      service: 'volume',
      method: 'GET',
      path: '/limits',
      operation: 'GET /limits',
      microversion: cinderMicroversion,
      ok: [200],
      schema: volumeLimits,
      call,
    });
    return answer.data;
  }
}
