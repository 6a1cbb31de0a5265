import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Loop } from '../common/loop.js';
import { Database } from '../database/database.js';
import { IdempotencyRepository } from './idempotency.repository.js';

const everyMs = 10 * 60_000;
/** As much as goes in one short statement. */
const batch = 1_000;

/** Removes Idempotency-Keys that no longer count; every replica may, they do not get in each other's way. */
@Injectable()
export class IdempotencyCleanup implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(IdempotencyCleanup.name);
  private readonly loop: Loop;

  constructor(
    private readonly scheduler: SchedulerRegistry,
    database: Database,
    keys: IdempotencyRepository,
  ) {
    this.loop = new Loop(
      'idempotency-keys',
      everyMs,
      () => database.read((manager) => keys.removeExpired(manager, batch)),
      (error) => {
        this.logger.warn({ error: String(error) }, 'old idempotency keys could not be removed');
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
}
