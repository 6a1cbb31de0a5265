import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { LiveResponse, ReadyResponse } from './health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('Running it')
@Controller('health')
@Public()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /**
   * Is the process alive?
   *
   * @remarks Answers as long as the process runs, whatever else is down. Restart the process when it does not.
   */
  @Get('live')
  live(): LiveResponse {
    return { status: 'ok' };
  }

  /**
   * May this replica get requests?
   *
   * @remarks 200 while MySQL answers and its migrations have run; OpenStack does not count, since reads go on without it.
   */
  @Get('ready')
  @ApiProblems('NOT_READY')
  async ready(): Promise<ReadyResponse> {
    const { imported } = await this.health.ready();
    return { status: 'ready', imported };
  }
}
