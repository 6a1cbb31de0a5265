import { Global, Module, type DynamicModule } from '@nestjs/common';
import { MetricRegistry } from '../common/metrics.js';
import type { Config } from '../config/config.js';
import { MetricsListener } from './metrics-listener.service.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsRepository } from './metrics.repository.js';
import { MetricsService } from './metrics.service.js';

/** The registry is everybody's; who reads it, and where, is a matter of settings. */
@Global()
@Module({})
export class MetricsModule {
  static with({ settings }: Config, registry: MetricRegistry): DynamicModule {
    const isOnMainPort = settings.METRICS && settings.METRICS_PORT === 0;
    return {
      module: MetricsModule,
      controllers: isOnMainPort ? [MetricsController] : [],
      providers: [{ provide: MetricRegistry, useValue: registry }, MetricsRepository, MetricsService, MetricsListener],
      exports: [MetricRegistry],
    };
  }
}
