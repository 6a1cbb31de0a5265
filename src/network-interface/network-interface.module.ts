import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { FloatingIpModule } from '../floating-ip/floating-ip.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { ReconciliationModule } from '../reconciliation/reconciliation.module.js';
import { SecurityGroupModule } from '../security-group/security-group.module.js';
import { FloatingIpAllocationController } from './floating-ip-allocation.controller.js';
import { FloatingIpAllocationOperation } from './floating-ip-allocation.operation.js';
import { FloatingIpAllocationService } from './floating-ip-allocation.service.js';
import { FloatingIpAssociationController } from './floating-ip-association.controller.js';
import { FloatingIpAssociationOperation } from './floating-ip-association.operation.js';
import { FloatingIpAssociationService } from './floating-ip-association.service.js';
import { NetworkInterfaceDetailsRepository } from './network-interface-details.repository.js';
import { NetworkInterfaceReconciliationRepository } from './network-interface-reconciliation.repository.js';
import { NetworkInterfaceClient } from './network-interface.client.js';
import { NetworkInterfaceController } from './network-interface.controller.js';
import { NetworkInterfaceReconciler } from './network-interface.reconciler.js';
import { NetworkInterfaceRepository } from './network-interface.repository.js';
import { NetworkInterfaceService } from './network-interface.service.js';
import { SecurityGroupsOfInterfaceController } from './security-groups-of-interface.controller.js';
import { SecurityGroupsOfInterfaceOperation } from './security-groups-of-interface.operation.js';
import { SecurityGroupsOfInterfaceService } from './security-groups-of-interface.service.js';

@Module({
  imports: [
    OpenStackModule,
    OperationModule,
    ReconciliationModule,
    CatalogModule,
    FloatingIpModule,
    SecurityGroupModule,
  ],
  controllers: [
    NetworkInterfaceController,
    FloatingIpAllocationController,
    FloatingIpAssociationController,
    SecurityGroupsOfInterfaceController,
  ],
  providers: [
    NetworkInterfaceClient,
    NetworkInterfaceRepository,
    NetworkInterfaceDetailsRepository,
    NetworkInterfaceService,
    NetworkInterfaceReconciler,
    NetworkInterfaceReconciliationRepository,
    FloatingIpAllocationService,
    FloatingIpAllocationOperation,
    FloatingIpAssociationService,
    FloatingIpAssociationOperation,
    SecurityGroupsOfInterfaceService,
    SecurityGroupsOfInterfaceOperation,
  ],
  exports: [NetworkInterfaceClient, NetworkInterfaceReconciler, NetworkInterfaceRepository],
})
export class NetworkInterfaceModule {}
