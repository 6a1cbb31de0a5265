import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { NetworkInterfaceClient } from './network-interface.client.js';

/** Registers Neutron ports with the sweep for orphans. */
@Injectable()
export class NetworkInterfaceReconciler implements OnModuleInit {
  constructor(
    private readonly sources: OrphanSources,
    private readonly client: NetworkInterfaceClient,
  ) {}

  onModuleInit(): void {
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'network_interface',
        order: 2,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.delete(call, openstackId),
        markers: ({ description }) => [description],
      }),
    );
  }
}
