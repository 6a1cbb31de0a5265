import { Injectable } from '@nestjs/common';
import { IdentityImportService } from '../auth/identity-import.service.js';
import { DatabaseUnavailable } from '../common/errors.js';
import { Database } from '../database/database.js';
import { NotReady } from './health.errors.js';
import { Shutdown } from './shutdown.js';

@Injectable()
export class HealthService {
  constructor(
    private readonly database: Database,
    private readonly identity: IdentityImportService,
    private readonly shutdown: Shutdown,
  ) {}

  /** Asks MySQL, never OpenStack. @throws NotReady */
  async ready(): Promise<{ readonly imported: boolean }> {
    if (this.shutdown.hasBegun) throw new NotReady('This replica is shutting down');
    try {
      if (!(await this.database.isMigrated())) throw new NotReady('Migrations have not run yet');
      return { imported: await this.identity.hasRun() };
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw new NotReady('MySQL cannot be reached');
      throw error;
    }
  }
}
