import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp } from '../openstack/openstack-http.js';
import { path } from '../openstack/openstack-path.js';

/** How much of something a project may have, and has. */
export interface Quota {
  /** -1: no limit. */
  readonly limit: number;
  readonly used: number;
}

/** Neutron's refusal names the resource but no number; its quotas tell them. */
@Injectable()
export class NetworkQuotaClient {
  constructor(private readonly http: OpenStackHttp) {}

  /** `resource` is Neutron's word: `port`, `floatingip`, `security_group`. */
  async get(call: OpenStackCall, projectId: string, resource: string): Promise<Quota | null> {
    return (await this.all(call, projectId))[resource] ?? null;
  }

  /** By Neutron's words. */
  async all(call: OpenStackCall, projectId: string): Promise<Readonly<Record<string, Quota>>> {
    const answer = await this.http.send({
      service: 'network',
      method: 'GET',
      path: path`/quotas/${projectId}/details`,
      operation: 'GET /v2.0/quotas/{project}/details',
      ok: [200],
      schema: z.object({ quota: z.record(z.string(), z.object({ limit: z.number(), used: z.number() })) }),
      call,
    });
    return answer.data.quota;
  }
}
