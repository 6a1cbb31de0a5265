import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../common/access.js';
import { metricsContentType } from '../common/metrics.js';
import { MetricsService } from './metrics.service.js';

/** For Prometheus, not for users: no part of the description of the API. */
@ApiExcludeController()
@Controller('metrics')
@Public()
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  @Header('content-type', metricsContentType)
  read(): Promise<string> {
    return this.metrics.text();
  }
}
