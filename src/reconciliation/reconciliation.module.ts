import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { Adopters } from './adoption.js';
import { MarkedAdoption } from './marked-adoption.js';
import { DeltaService } from './delta.service.js';
import { FindingNameRepository } from './finding-name.repository.js';
import { Loops } from './loops.js';
import { ManagedProjectRepository } from './managed-project.repository.js';
import { OrphanSources } from './orphan-source.js';
import { OrphanSweeper } from './orphan-sweeper.service.js';
import { OrphanRepository } from './orphan.repository.js';
import { PauseRepository } from './pause.repository.js';
import { PlanContexts } from './plan-context.service.js';
import { PolicyRepository } from './policy.repository.js';
import { PolicyService } from './policy.service.js';
import { ReconciledRowRepository } from './reconciled-row.repository.js';
import { ReconcilerKit } from './reconciler-kit.js';
import { Reconcilers } from './reconciler.js';
import { ReconciliationDetailsRepository } from './reconciliation-details.repository.js';
import { ReconciliationFindingRepository } from './reconciliation-finding.repository.js';
import { ReconciliationRunRepository } from './reconciliation-run.repository.js';
import { ReconciliationRunner } from './reconciliation-runner.service.js';
import { ReconciliationStatusController } from './reconciliation-status.controller.js';
import { ReconciliationStatusRepository } from './reconciliation-status.repository.js';
import { ReconciliationStatusService } from './reconciliation-status.service.js';
import { AdoptionController } from './adoption.controller.js';
import { AdoptionService } from './adoption.service.js';
import { RefreshController } from './refresh.controller.js';
import { RefreshLimit } from './refresh-limit.guard.js';
import { ResourceRefresh } from './resource-refresh.service.js';
import { UnmanagedResourceRepository } from './unmanaged-resource.repository.js';
import { ReconciliationController } from './reconciliation.controller.js';
import { ReconciliationService } from './reconciliation.service.js';
import { SweepService } from './sweep.service.js';
import { WatermarkRepository } from './watermark.repository.js';

@Module({
  imports: [AuditModule, OpenStackModule, OperationModule],
  controllers: [ReconciliationController, ReconciliationStatusController, RefreshController, AdoptionController],
  providers: [
    Loops,
    OrphanSources,
    OrphanSweeper,
    OrphanRepository,
    Adopters,
    MarkedAdoption,
    Reconcilers,
    ReconcilerKit,
    ReconciledRowRepository,
    ManagedProjectRepository,
    PolicyRepository,
    PauseRepository,
    PlanContexts,
    ReconciliationRunRepository,
    ReconciliationFindingRepository,
    FindingNameRepository,
    ReconciliationDetailsRepository,
    ReconciliationService,
    ReconciliationStatusRepository,
    ReconciliationStatusService,
    PolicyService,
    RefreshLimit,
    ResourceRefresh,
    UnmanagedResourceRepository,
    AdoptionService,
    ReconciliationRunner,
    SweepService,
    DeltaService,
    WatermarkRepository,
  ],
  exports: [
    Loops,
    OrphanSources,
    Adopters,
    MarkedAdoption,
    PolicyRepository,
    Reconcilers,
    ReconcilerKit,
    ResourceRefresh,
    RefreshLimit,
  ],
})
export class ReconciliationModule {}
