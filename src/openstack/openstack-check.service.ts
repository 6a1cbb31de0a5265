import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Loop } from '../common/loop.js';
import { OpenStackError } from './openstack-errors.js';
import { OpenStackHttp } from './openstack-http.js';

const retryMs = 30_000;

/** Tells once, as soon as OpenStack answers, what it or the service account lacks. Nothing waits for it. */
@Injectable()
export class OpenStackCheck implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OpenStackCheck.name);
  private readonly loop: Loop;
  private isDone = false;

  constructor(
    private readonly http: OpenStackHttp,
    private readonly scheduler: SchedulerRegistry,
  ) {
    this.loop = new Loop(
      'openstack-check',
      retryMs,
      () => this.check(),
      (error) => {
        const fields = { error: error instanceof Error ? error.message : String(error) };
        if (error instanceof OpenStackError) this.logger.warn(fields, 'OpenStack cannot be checked yet');
        else this.logger.error(fields, 'the check of OpenStack met a bug');
      },
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start(this.scheduler);
    this.loop.nudge();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async check(): Promise<void> {
    if (this.isDone) return;
    const missing = await this.http.checkVersions();
    this.isDone = true;
    for (const lack of missing) this.logger.error({ lack }, 'OpenStack lacks something that this service needs');
    if (missing.length === 0) this.logger.log('OpenStack has everything that this service needs');
  }
}
