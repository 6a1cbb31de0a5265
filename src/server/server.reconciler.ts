import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { ServerClient } from './server.client.js';

/** Registers servers with the sweep for orphans. */
@Injectable()
export class ServerReconciler implements OnModuleInit {
  constructor(
    private readonly sources: OrphanSources,
    private readonly client: ServerClient,
  ) {}

  onModuleInit(): void {
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'server',
        order: 1,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.delete(call, openstackId),
        markers: ({ tags }) => tags,
      }),
    );
  }
}
