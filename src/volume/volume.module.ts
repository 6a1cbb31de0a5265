import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { ReconciliationModule } from '../reconciliation/reconciliation.module.js';
import { VolumeChangeService } from './volume-change.service.js';
import { VolumeCreationOperation } from './volume-creation.operation.js';
import { VolumeCreationService } from './volume-creation.service.js';
import { VolumeDeletionOperation } from './volume-deletion.operation.js';
import { VolumeDeletionService } from './volume-deletion.service.js';
import { VolumeDetailsRepository } from './volume-details.repository.js';
import { VolumeExtensionOperation } from './volume-extension.operation.js';
import { VolumeRemoval } from './volume-removal.js';
import { VolumeRenameOperation } from './volume-rename.operation.js';
import { VolumeTypes } from './volume-types.js';
import { VolumeClient } from './volume.client.js';
import { VolumeController } from './volume.controller.js';
import { VolumeReconciliationRepository } from './volume-reconciliation.repository.js';
import { VolumeReconciler } from './volume.reconciler.js';
import { VolumeRepository } from './volume.repository.js';
import { VolumeService } from './volume.service.js';

@Module({
  imports: [OpenStackModule, OperationModule, ReconciliationModule, CatalogModule],
  controllers: [VolumeController],
  providers: [
    VolumeClient,
    VolumeRepository,
    VolumeDetailsRepository,
    VolumeTypes,
    VolumeRemoval,
    VolumeService,
    VolumeCreationService,
    VolumeCreationOperation,
    VolumeChangeService,
    VolumeRenameOperation,
    VolumeExtensionOperation,
    VolumeDeletionService,
    VolumeDeletionOperation,
    VolumeReconciler,
    VolumeReconciliationRepository,
  ],
  exports: [
    VolumeClient,
    VolumeRepository,
    VolumeTypes,
    VolumeRemoval,
    VolumeReconciler,
    VolumeReconciliationRepository,
  ],
})
export class VolumeModule {}
