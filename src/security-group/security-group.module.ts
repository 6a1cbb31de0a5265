import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { OpenStackModule } from '../openstack/openstack.module.js';
import { OperationModule } from '../operation/operation.module.js';
import { ReconciliationModule } from '../reconciliation/reconciliation.module.js';
import { SecurityGroupCreationOperation } from './security-group-creation.operation.js';
import { SecurityGroupCreationService } from './security-group-creation.service.js';
import { SecurityGroupDeletionOperation } from './security-group-deletion.operation.js';
import { SecurityGroupDeletionService } from './security-group-deletion.service.js';
import { SecurityGroupDetailsRepository } from './security-group-details.repository.js';
import { DefaultGroupRepository } from './default-group.repository.js';
import { DefaultGroupImporter } from './default-group-import.service.js';
import { SecurityGroupReconciliationRepository } from './security-group-reconciliation.repository.js';
import { SecurityGroupRemoval } from './security-group-removal.js';
import { SecurityGroupRuleChange } from './security-group-rule-change.js';
import { SecurityGroupRuleRepository } from './security-group-rule.repository.js';
import { SecurityGroupUpdateOperation } from './security-group-update.operation.js';
import { SecurityGroupUpdateService } from './security-group-update.service.js';
import { SecurityGroupClient } from './security-group.client.js';
import { SecurityGroupController } from './security-group.controller.js';
import { SecurityGroupReconciler } from './security-group.reconciler.js';
import { SecurityGroupRepository } from './security-group.repository.js';
import { SecurityGroupService } from './security-group.service.js';

@Module({
  imports: [OpenStackModule, OperationModule, ReconciliationModule, CatalogModule],
  controllers: [SecurityGroupController],
  providers: [
    SecurityGroupClient,
    SecurityGroupRepository,
    SecurityGroupRuleRepository,
    SecurityGroupDetailsRepository,
    SecurityGroupService,
    SecurityGroupRemoval,
    SecurityGroupRuleChange,
    SecurityGroupCreationService,
    SecurityGroupCreationOperation,
    SecurityGroupUpdateService,
    SecurityGroupUpdateOperation,
    SecurityGroupDeletionService,
    SecurityGroupDeletionOperation,
    SecurityGroupReconciler,
    SecurityGroupReconciliationRepository,
    DefaultGroupRepository,
    DefaultGroupImporter,
  ],
  exports: [SecurityGroupReconciler, SecurityGroupRepository, DefaultGroupImporter],
})
export class SecurityGroupModule {}
