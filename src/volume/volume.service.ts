import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import { Database } from '../database/database.js';
import type { VolumeDetails } from './volume-details.js';
import { VolumeDetailsRepository, type VolumeFilter } from './volume-details.repository.js';
import { VolumeAccessDenied, VolumeNotFound } from './volume.errors.js';

/** A volume after a change: `operationId` is null when that is done, else what goes on. */
export interface ChangedVolume {
  readonly volume: VolumeDetails;
  readonly operationId: number | null;
}

/** A volume whose change goes on. */
export interface ChangingVolume extends ChangedVolume {
  readonly operationId: number;
}

/** Reads of volumes: from MySQL alone, whether OpenStack answers or not. */
@Injectable()
export class VolumeService {
  constructor(
    private readonly database: Database,
    private readonly details: VolumeDetailsRepository,
  ) {}

  /** Those of the caller's project; an admin sees every project's. */
  async list(principal: Principal, filter: Omit<VolumeFilter, 'projectId'>): Promise<readonly VolumeDetails[]> {
    const projectId = principal.role === 'admin' ? null : principal.projectId;
    return this.database.read((manager) => this.details.list(manager, { ...filter, projectId }));
  }

  /**
   * @throws VolumeNotFound
   * @throws VolumeAccessDenied when it belongs to another project.
   */
  async getDetails(principal: Principal, id: number): Promise<VolumeDetails> {
    const volume = await this.find(id);
    if (volume?.deletedAt !== null) throw new VolumeNotFound(id);
    const isVisible = principal.role === 'admin' || volume.projectId === principal.projectId;
    if (!isVisible) throw new VolumeAccessDenied(id);
    return volume;
  }

  /** A volume after its operation was waited for; for a caller whose access was checked already. @throws VolumeNotFound */
  async changed(
    operation: { readonly id: number; readonly resourceId: number },
    { isDone }: { readonly isDone: boolean },
  ): Promise<ChangedVolume> {
    const volume = await this.find(operation.resourceId);
    if (volume === null) throw new VolumeNotFound(operation.resourceId);
    return { volume, operationId: isDone ? null : operation.id };
  }

  /** The same for a deletion: null when that has ended meanwhile. */
  async changing(operation: { readonly id: number; readonly resourceId: number }): Promise<ChangingVolume | null> {
    const { volume } = await this.changed(operation, { isDone: false });
    return volume.deletedAt === null ? { volume, operationId: operation.id } : null;
  }

  private find(id: number): Promise<VolumeDetails | null> {
    return this.database.read((manager) => this.details.find(manager, id));
  }
}
