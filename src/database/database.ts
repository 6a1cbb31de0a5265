import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { DatabaseUnavailable } from '../common/errors.js';
import { databaseFailure } from './database-errors.js';

/** Destroying, unlike releasing, never hands a connection to the next user. */
interface Destroyable {
  destroy(): void;
}

/** The way to MySQL for everything that is not a transaction. Never waits for MySQL at the start of the process. */
@Injectable()
export class Database implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Database.name);
  private readonly closing = new AbortController();
  private connecting: Promise<void> | null = null;

  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.connect().catch((error: unknown) => {
      this.logger.warn({ error: String(error) }, 'MySQL cannot be reached yet');
      void this.keepConnecting();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.closing.abort();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  /**
   * Runs statements on one connection, each for itself; for reads, and for single statements that need no transaction.
   *
   * @throws DatabaseUnavailable when MySQL cannot be reached or does not answer in time.
   */
  async read<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const lease = await this.lease();
    try {
      const result = await work(lease.runner.manager);
      await lease.release();
      return result;
    } catch (error) {
      const failure = databaseFailure(error);
      if (failure === 'lost' || failure === 'not-primary') {
        lease.destroy();
        throw new DatabaseUnavailable(error);
      }
      await lease.release();
      throw error;
    }
  }

  /**
   * A connection of one's own; the caller releases or destroys it.
   *
   * @throws DatabaseUnavailable
   */
  async lease(): Promise<{ runner: QueryRunner; release: () => Promise<void>; destroy: () => void }> {
    if (!this.dataSource.isInitialized) {
      await this.connect().catch((error: unknown) => {
        throw new DatabaseUnavailable(error);
      });
    }
    const runner = this.dataSource.createQueryRunner();
    try {
      const connection: unknown = await runner.connect();
      return {
        runner,
        release: () => runner.release(),
        destroy: () => {
          if (isDestroyable(connection)) connection.destroy();
          void runner.release().catch(() => undefined);
        },
      };
    } catch (error) {
      throw databaseFailure(error) === 'other' ? error : new DatabaseUnavailable(error);
    }
  }

  /** True when MySQL answers and every migration that this version knows has run. */
  async isMigrated(): Promise<boolean> {
    await this.read((manager) => manager.query('SELECT 1'));
    return !(await this.dataSource.showMigrations());
  }

  private connect(): Promise<void> {
    if (this.dataSource.isInitialized) return Promise.resolve();
    this.connecting ??= this.dataSource
      .initialize()
      .then(() => undefined)
      .finally(() => {
        this.connecting = null;
      });
    return this.connecting;
  }

  private async keepConnecting(): Promise<void> {
    while (!this.closing.signal.aborted && !this.dataSource.isInitialized) {
      await sleep(1_000, undefined, { ref: false });
      try {
        await this.connect();
        this.logger.log('connected to MySQL');
      } catch (error) {
        this.logger.debug({ error: String(error) }, 'MySQL still cannot be reached');
      }
    }
  }
}

function isDestroyable(connection: unknown): connection is Destroyable {
  return typeof connection === 'object' && connection !== null && 'destroy' in connection;
}
