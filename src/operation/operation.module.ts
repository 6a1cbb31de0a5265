import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { OperationRegistry } from './operation-registry.js';
import { OperationController } from './operation.controller.js';
import { OperationExecutor } from './operation.executor.js';
import { OperationRepository } from './operation.repository.js';
import { OperationService } from './operation.service.js';
import { StepRunner } from './step-runner.js';

@Module({
  imports: [AuditModule],
  controllers: [OperationController],
  providers: [OperationRegistry, OperationRepository, OperationExecutor, OperationService, StepRunner],
  exports: [OperationRegistry, OperationRepository, OperationService],
})
export class OperationModule {}
