import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MarkedObjectSource } from '../reconciliation/marked-object-source.js';
import { OrphanSources } from '../reconciliation/orphan-source.js';
import { VolumeClient } from './volume.client.js';

/** Registers volumes with the sweep for orphans. */
@Injectable()
export class VolumeReconciler implements OnModuleInit {
  constructor(
    private readonly sources: OrphanSources,
    private readonly client: VolumeClient,
  ) {}

  onModuleInit(): void {
    this.sources.register(
      new MarkedObjectSource({
        resourceType: 'volume',
        order: 3,
        list: (call) => this.client.list(call),
        get: (call, openstackId) => this.client.get(call, openstackId),
        remove: (call, openstackId) => this.client.delete(call, openstackId),
        markers: ({ metadataMarker }) => (metadataMarker === null ? [] : [metadataMarker]),
      }),
    );
  }
}
