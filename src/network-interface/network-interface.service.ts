import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import {
  NetworkInterfaceDetailsRepository,
  type NetworkInterfaceDetails,
  type NetworkInterfaceFilter,
} from './network-interface-details.repository.js';
import { NetworkInterfaceAccessDenied, NetworkInterfaceNotFound } from './network-interface.errors.js';

/** Reads of network interfaces: from MySQL alone, whether OpenStack answers or not. */
@Injectable()
export class NetworkInterfaceService {
  constructor(
    private readonly database: Database,
    private readonly details: NetworkInterfaceDetailsRepository,
  ) {}

  /** Those of the caller's project; an admin sees every project's. */
  async list(
    principal: Principal,
    filter: Omit<NetworkInterfaceFilter, 'projectId'>,
  ): Promise<readonly NetworkInterfaceDetails[]> {
    const projectId = principal.role === 'admin' ? null : principal.projectId;
    return this.database.read((manager) => this.details.list(manager, { ...filter, projectId }));
  }

  /**
   * @throws NetworkInterfaceNotFound
   * @throws NetworkInterfaceAccessDenied when it belongs to another project.
   */
  async getDetails(principal: Principal, id: number): Promise<NetworkInterfaceDetails> {
    const nic = await this.database.read((manager) => this.details.find(manager, id));
    if (nic === null) throw new NetworkInterfaceNotFound(id);
    const isVisible = principal.role === 'admin' || nic.projectId === principal.projectId;
    if (!isVisible) throw new NetworkInterfaceAccessDenied(id);
    return nic;
  }
}
