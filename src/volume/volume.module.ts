import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { ReconciliationModule } from '../reconciliation/reconciliation.module.js';
import { VolumeClient } from './volume.client.js';
import { VolumeReconciler } from './volume.reconciler.js';
import { VolumeRepository } from './volume.repository.js';

@Module({
  imports: [OpenStackModule, ReconciliationModule],
  providers: [VolumeClient, VolumeRepository, VolumeReconciler],
  exports: [VolumeClient, VolumeRepository],
})
export class VolumeModule {}
