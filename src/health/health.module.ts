import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { Shutdown } from './shutdown.js';

@Module({
  imports: [AuthModule],
  controllers: [HealthController],
  providers: [HealthService, Shutdown],
  exports: [Shutdown],
})
export class HealthModule {}
