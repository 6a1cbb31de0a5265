import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { FloatingIpClient } from './floating-ip.client.js';

/** Registers floating IPs with the sweep for orphans. */
@Injectable()
export class FloatingIpReconciler implements OnModuleInit {
  constructor(
    private readonly sources: OrphanSources,
    private readonly client: FloatingIpClient,
  ) {}

  onModuleInit(): void {
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'floating_ip',
        order: 4,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.release(call, openstackId),
        markers: ({ description }) => [description],
      }),
    );
  }
}
