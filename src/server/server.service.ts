import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import type { ServerDetails } from './server-details.js';
import { ServerDetailsRepository, type ServerFilter } from './server-details.repository.js';
import { ServerAccessDenied, ServerNotFound } from './server.errors.js';

/** Reads of servers: from MySQL alone, whether OpenStack answers or not. */
@Injectable()
export class ServerService {
  constructor(
    private readonly database: Database,
    private readonly details: ServerDetailsRepository,
  ) {}

  /** Those of the caller's project; an admin sees every project's. */
  async list(principal: Principal, filter: Omit<ServerFilter, 'projectId'>): Promise<readonly ServerDetails[]> {
    const projectId = principal.role === 'admin' ? null : principal.projectId;
    return this.database.read((manager) => this.details.list(manager, { ...filter, projectId }));
  }

  /**
   * @throws ServerNotFound
   * @throws ServerAccessDenied when it belongs to another project.
   */
  async getDetails(principal: Principal, id: number): Promise<ServerDetails> {
    const server = await this.database.read((manager) => this.details.find(manager, id));
    if (server === null) throw new ServerNotFound(id);
    if (principal.role !== 'admin' && server.projectId !== principal.projectId) throw new ServerAccessDenied(id);
    return server;
  }
}
