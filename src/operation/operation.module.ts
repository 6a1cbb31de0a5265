import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { IdempotencyCleanup } from './idempotency-cleanup.service.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { OperationMetrics } from './operation-metrics.js';
import { KeptAnswers } from './kept-answers.service.js';
import { OperationRegistry } from './operation-registry.js';
import { OperationSecrets } from './operation-secrets.js';
import { OperationAdminController } from './operation-admin.controller.js';
import { OperationAdminService } from './operation-admin.service.js';
import { OperationController } from './operation.controller.js';
import { OperationExecutor } from './operation.executor.js';
import { OperationRepository } from './operation.repository.js';
import { OperationService } from './operation.service.js';
import { ResourceNameRepository } from './resource-name.repository.js';
import { StepRunner } from './step-runner.js';

@Module({
  imports: [AuditModule],
  controllers: [OperationController, OperationAdminController],
  providers: [
    OperationRegistry,
    OperationRepository,
    ResourceNameRepository,
    OperationExecutor,
    OperationService,
    OperationAdminService,
    OperationSecrets,
    OperationMetrics,
    StepRunner,
    IdempotencyRepository,
    IdempotencyCleanup,
    KeptAnswers,
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
  ],
  exports: [
    OperationRegistry,
    OperationRepository,
    OperationService,
    OperationSecrets,
    KeptAnswers,
    ResourceNameRepository,
  ],
})
export class OperationModule {}
