import { syncs, type Sync } from '../database/sync.js';
import { ApiProperty } from '@nestjs/swagger';
import { FaultResponse } from '../common/fault.dto.js';
import { Description, Flag, Name, OneOf, QueryFlag, Size, Text, Uuid } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import { OperationReferenceResponse } from '../operation/operation.dto.js';
import type { VolumeDetails } from './volume-details.js';
import { volumeStatuses, type VolumeStatus } from './volume-status.js';

export class VolumeListQuery extends PageQuery {
  @OneOf(['name', 'created_at'], {
    optional: true,
    description: 'What the list is sorted by; `created_at` when left out.',
    example: 'created_at',
  })
  sort_by?: 'name' | 'created_at';

  @QueryFlag({ description: 'Deleted volumes too; admins only.', example: false })
  include_deleted?: boolean;
}

export class CreateVolumeRequest {
  @Name({ description: "Unique among the project's live volumes.", example: 'data' })
  name!: string;

  @Description({ description: 'Whatever you want to remember of it.', example: 'Pictures of the shop' })
  description?: string | null;

  @Size({ description: 'GiB.', example: 10 })
  size!: number;

  @Text({
    min: 1,
    max: 255,
    description: "The type's id, or its name; GET /volume-types lists them.",
    example: '781962a2-23dd-4ea1-a666-059755d48f81',
  })
  volume_type_id!: string;

  @Uuid({
    optional: true,
    nullable: true,
    description: 'The image that it is made from, which makes it bootable; left out, it is empty.',
    example: '804bf887-b595-420b-aa4a-f9d1b6644bd2',
  })
  image_id?: string | null;

  @Flag({ optional: true, description: 'A protected volume cannot be deleted.', example: false })
  protected?: boolean;
}

export class UpdateVolumeRequest {
  @Name({ description: "Unique among the project's live volumes.", example: 'data' })
  name!: string;

  @Description({ description: 'Stays as it is when left out.', example: 'Pictures of the shop' })
  description?: string | null;

  @Flag({ optional: true, description: 'A protected volume cannot be deleted.', example: true })
  protected?: boolean;
}

export class ResizeVolumeRequest {
  @Size({ description: 'GiB; more than it has.', example: 20 })
  size!: number;
}

export class VolumeServerResponse {
  /** @example 7 */
  id!: number;

  /** @example web-1 */
  name!: string;

  /** @example 2026-11-24T09:30:00.512Z */
  created_at!: string;

  /** @example 2026-11-24T09:30:04.798Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;
}

/** A volume, the same in every answer that holds one. */
export class VolumeResponse {
  /** @example 9 */
  id!: number;

  /** Null until Cinder has made it. @example 5f1f7e0a-7b0c-4d2e-9b55-6d8c8f3f2a10 */
  openstack_id!: string | null;

  /** @example 1 */
  project_id!: number;

  /** The server that it is on. @example 7 */
  server_id!: number | null;

  server!: VolumeServerResponse | null;

  /** The type's id; null until it is known. @example 781962a2-23dd-4ea1-a666-059755d48f81 */
  volume_type_id!: string | null;

  /** The image that it was made from. @example 804bf887-b595-420b-aa4a-f9d1b6644bd2 */
  image_id!: string | null;

  /** @example data */
  name!: string;

  /** @example Pictures of the shop */
  description!: string | null;

  /** OpenStack's last word; CREATING until the first. @example AVAILABLE */
  @ApiProperty({ enum: volumeStatuses })
  status!: VolumeStatus;

  /** OpenStack's own word for the status, also where it is none of the above. @example available */
  openstack_status!: string | null;

  /** GiB. @example 10 */
  size!: number;

  /** Whether a server boots from it; such a volume is deleted with its server. @example false */
  is_root_volume!: boolean;

  /** @example nova */
  availability_zone!: string | null;

  /** A protected volume cannot be deleted. @example false */
  protected!: boolean;

  /** Why it is in ERROR, or why something asked for was not done. */
  fault!: FaultResponse | null;

  /** What is under way on it; null when nothing is. */
  operation!: OperationReferenceResponse | null;

  /** When OpenStack was last seen to say so. @example 2026-11-24T09:30:04.798Z */
  observed_at!: string | null;

  /** Whether that can be trusted: `stale` when OpenStack has not been heard since, `unknown` when it was not found at the last look. @example fresh */
  @ApiProperty({ enum: syncs })
  sync!: Sync;

  /** OpenStack has not shown it since then; if it stays away for the grace time of the policy, it is deleted here too. Null while OpenStack shows it. @example null */
  missing_since!: string | null;

  /** @example 2026-11-24T09:30:00.512Z */
  created_at!: string;

  /** @example 2026-11-24T09:30:04.798Z */
  updated_at!: string;

  /** @example null */
  deleted_at!: string | null;

  static from(volume: VolumeDetails): VolumeResponse {
    const { server, fault, operation } = volume;
    return {
      id: volume.id,
      openstack_id: volume.openstackId,
      project_id: volume.projectId,
      server_id: server?.id ?? null,
      server:
        server === null
          ? null
          : {
              id: server.id,
              name: server.name,
              created_at: server.createdAt.toISOString(),
              updated_at: server.updatedAt.toISOString(),
              deleted_at: null,
            },
      volume_type_id: volume.volumeTypeOpenstackId,
      image_id: volume.imageOpenstackId,
      name: volume.name,
      description: volume.description,
      status: volume.status,
      openstack_status: volume.openstackStatus,
      size: volume.size,
      is_root_volume: volume.isRootVolume,
      availability_zone: volume.availabilityZone,
      protected: volume.isProtected,
      fault: fault === null ? null : { code: fault.code, message: fault.message },
      operation: operation === null ? null : { id: operation.id, kind: operation.kind, state: operation.state },
      observed_at: volume.observedAt?.toISOString() ?? null,
      sync: volume.sync,
      missing_since: volume.missingSince?.toISOString() ?? null,
      created_at: volume.createdAt.toISOString(),
      updated_at: volume.updatedAt.toISOString(),
      deleted_at: volume.deletedAt?.toISOString() ?? null,
    };
  }
}

export class VolumeListResponse {
  volumes!: VolumeResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}
