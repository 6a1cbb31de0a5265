import { Module } from '@nestjs/common';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { ReconciliationModule } from '../reconciliation/reconciliation.module.js';
import { FloatingIpDetailsRepository } from './floating-ip-details.repository.js';
import { FloatingIpReleaseOperation } from './floating-ip-release.operation.js';
import { FloatingIpReleaseService } from './floating-ip-release.service.js';
import { FloatingIpRemoval } from './floating-ip-removal.js';
import { FloatingIpClient } from './floating-ip.client.js';
import { FloatingIpController } from './floating-ip.controller.js';
import { FloatingIpReconciliationRepository } from './floating-ip-reconciliation.repository.js';
import { FloatingIpReconciler } from './floating-ip.reconciler.js';
import { FloatingIpRepository } from './floating-ip.repository.js';
import { FloatingIpService } from './floating-ip.service.js';

@Module({
  imports: [OpenStackModule, OperationModule, ReconciliationModule],
  controllers: [FloatingIpController],
  providers: [
    FloatingIpClient,
    FloatingIpRepository,
    FloatingIpDetailsRepository,
    FloatingIpService,
    FloatingIpReleaseService,
    FloatingIpRemoval,
    FloatingIpReleaseOperation,
    FloatingIpReconciler,
    FloatingIpReconciliationRepository,
  ],
  exports: [FloatingIpClient, FloatingIpReconciler, FloatingIpRepository, FloatingIpService, FloatingIpRemoval],
})
export class FloatingIpModule {}
