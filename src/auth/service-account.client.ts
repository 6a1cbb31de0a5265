import { Injectable } from '@nestjs/common';
import { OpenStackTokens } from '../openstack/openstack-tokens.js';

/** The account by which we do everything in OpenStack. */
export interface ServiceAccount {
  readonly userId: string;
  readonly projectId: string;
  /** Of its project: the domain that is imported, and in which people log in. */
  readonly domainId: string;
}

@Injectable()
export class ServiceAccountClient {
  constructor(private readonly tokens: OpenStackTokens) {}

  /** @throws OpenStackUnavailable */
  async account(): Promise<ServiceAccount> {
    const { userId, projectId, domainId } = await this.tokens.identity();
    return { userId, projectId, domainId };
  }
}
