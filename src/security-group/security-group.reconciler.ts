import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { splitDescription } from './security-group-description.js';
import { SecurityGroupClient } from './security-group.client.js';

/** Registers security groups with the sweep for orphans. */
@Injectable()
export class SecurityGroupReconciler implements OnModuleInit {
  constructor(
    private readonly sources: OrphanSources,
    private readonly client: SecurityGroupClient,
  ) {}

  onModuleInit(): void {
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'security_group',
        order: 5,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.delete(call, openstackId),
        markers: ({ description }) => {
          const { marker } = splitDescription(description);
          return marker === null ? [] : [marker];
        },
      }),
    );
  }
}
