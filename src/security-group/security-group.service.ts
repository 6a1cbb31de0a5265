import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import {
  SecurityGroupDetailsRepository,
  type SecurityGroupDetails,
  type SecurityGroupFilter,
} from './security-group-details.repository.js';
import { SecurityGroupAccessDenied, SecurityGroupNotFound } from './security-group.errors.js';

/** A group and what goes on with it after the wait: the operation's id, or null when it is done. */
export interface ChangedSecurityGroup {
  readonly group: SecurityGroupDetails;
  readonly operationId: number | null;
}

/** Reads of security groups: from MySQL alone, whether OpenStack answers or not. */
@Injectable()
export class SecurityGroupService {
  constructor(
    private readonly database: Database,
    private readonly details: SecurityGroupDetailsRepository,
  ) {}

  /** Those of the caller's project; an admin sees every project's. */
  async list(
    principal: Principal,
    filter: Omit<SecurityGroupFilter, 'projectId'>,
  ): Promise<readonly SecurityGroupDetails[]> {
    const projectId = principal.role === 'admin' ? null : principal.projectId;
    return this.database.read((manager) => this.details.list(manager, { ...filter, projectId }));
  }

  /**
   * @throws SecurityGroupNotFound
   * @throws SecurityGroupAccessDenied when it belongs to another project.
   */
  async getDetails(principal: Principal, id: number): Promise<SecurityGroupDetails> {
    const group = await this.find(id);
    if (group?.deletedAt !== null) throw new SecurityGroupNotFound(id);
    const isVisible = principal.role === 'admin' || group.projectId === principal.projectId;
    if (!isVisible) throw new SecurityGroupAccessDenied(id);
    return group;
  }

  /** Live or deleted; for a caller whose access was checked already. */
  find(id: number): Promise<SecurityGroupDetails | null> {
    return this.database.read((manager) => this.details.find(manager, id));
  }
}
