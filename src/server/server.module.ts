import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { FloatingIpModule } from '../floating-ip/floating-ip.module.js';
import { KeyPairModule } from '../key-pair/key-pair.module.js';
import { NetworkInterfaceModule } from '../network-interface/network-interface.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { ReconciliationModule } from '../reconciliation/reconciliation.module.js';
import { SecurityGroupModule } from '../security-group/security-group.module.js';
import { VolumeModule } from '../volume/volume.module.js';
import { ServerActionClient } from './server-action.client.js';
import { ServerActionController } from './server-action.controller.js';
import { ServerActionOperation } from './server-action.operation.js';
import { ServerActionService } from './server-action.service.js';
import { ServerConsoleClient } from './server-console.client.js';
import { ServerConsoleController } from './server-console.controller.js';
import { ServerConsoleService } from './server-console.service.js';
import { ServerObservation } from './server-observation.js';
import { ServerRenameOperation } from './server-rename.operation.js';
import { ServerRenameService } from './server-rename.service.js';
import { AuditModule } from '../audit/audit.module.js';
import { ServerAdoptionService } from './server-adoption.service.js';
import { ServerCreationOperation } from './server-creation.operation.js';
import { ServerCreationService } from './server-creation.service.js';
import { ServerDeletionOperation } from './server-deletion.operation.js';
import { ServerDeletionService } from './server-deletion.service.js';
import { ServerDetailsRepository } from './server-details.repository.js';
import { ServerRemoval } from './server-removal.js';
import { ServerClient } from './server.client.js';
import { ServerController } from './server.controller.js';
import { ServerKey } from './server-key.js';
import { ServerKeyReconciler } from './server-key.reconciler.js';
import { ServerReconciliationRepository } from './server-reconciliation.repository.js';
import { ServerReconciler } from './server.reconciler.js';
import { ServerRepository } from './server.repository.js';
import { ServerService } from './server.service.js';
import { VolumeAttachmentClient } from './volume-attachment.client.js';
import { VolumeAttachmentController } from './volume-attachment.controller.js';
import { VolumeAttachmentOperation } from './volume-attachment.operation.js';
import { VolumeAttachmentService } from './volume-attachment.service.js';

@Module({
  imports: [
    OpenStackModule,
    OperationModule,
    ReconciliationModule,
    AuditModule,
    CatalogModule,
    KeyPairModule,
    SecurityGroupModule,
    VolumeModule,
    FloatingIpModule,
    NetworkInterfaceModule,
  ],
  controllers: [ServerController, ServerActionController, ServerConsoleController, VolumeAttachmentController],
  providers: [
    ServerClient,
    ServerRepository,
    ServerDetailsRepository,
    ServerService,
    ServerCreationService,
    ServerDeletionService,
    ServerRemoval,
    ServerObservation,
    ServerActionClient,
    ServerActionService,
    ServerActionOperation,
    ServerRenameService,
    ServerRenameOperation,
    ServerConsoleClient,
    ServerConsoleService,
    ServerCreationOperation,
    ServerDeletionOperation,
    VolumeAttachmentClient,
    VolumeAttachmentService,
    VolumeAttachmentOperation,
    ServerReconciler,
    ServerReconciliationRepository,
    ServerAdoptionService,
    ServerKey,
    ServerKeyReconciler,
  ],
})
export class ServerModule {}
