import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import type { FloatingIpDetails } from './floating-ip-details.js';
import { FloatingIpDetailsRepository, type FloatingIpFilter } from './floating-ip-details.repository.js';
import { FloatingIpAccessDenied, FloatingIpNotFound } from './floating-ip.errors.js';

/** What a change that goes on is answered with. */
export interface ChangingFloatingIp {
  readonly operationId: number;
  readonly floatingIp: FloatingIpDetails;
}

/** Reads of floating IPs: from MySQL alone, whether OpenStack answers or not. */
@Injectable()
export class FloatingIpService {
  constructor(
    private readonly database: Database,
    private readonly details: FloatingIpDetailsRepository,
  ) {}

  /** Those of the caller's project; an admin sees every project's. */
  async list(principal: Principal, filter: Omit<FloatingIpFilter, 'projectId'>): Promise<readonly FloatingIpDetails[]> {
    const projectId = principal.role === 'admin' ? null : principal.projectId;
    return this.database.read((manager) => this.details.list(manager, { ...filter, projectId }));
  }

  /**
   * @throws FloatingIpNotFound
   * @throws FloatingIpAccessDenied when it belongs to another project.
   */
  async getDetails(principal: Principal, id: number): Promise<FloatingIpDetails> {
    const floatingIp = await this.find(id);
    if (floatingIp?.deletedAt !== null) throw new FloatingIpNotFound(id);
    const isVisible = principal.role === 'admin' || floatingIp.projectId === principal.projectId;
    if (!isVisible) throw new FloatingIpAccessDenied(id);
    return floatingIp;
  }

  /**
   * A floating IP whose change goes on after the wait; null when that has ended meanwhile by its release. For a caller whose
   * access was checked already.
   */
  async changing(operation: { readonly id: number; readonly resourceId: number }): Promise<ChangingFloatingIp | null> {
    const floatingIp = await this.find(operation.resourceId);
    if (floatingIp?.deletedAt !== null) return null;
    return { operationId: operation.id, floatingIp };
  }

  /** Live or deleted, whoever's it is. */
  find(id: number): Promise<FloatingIpDetails | null> {
    return this.database.read((manager) => this.details.find(manager, id));
  }
}
