import { ApiProperty } from '@nestjs/swagger';
import { Flag, Id, OneOf, OpenStackId, QueryId } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import type { ResourceType } from '../operation/operation-state.js';
import type { Adopted } from './adoption.js';
import { reconciledTypes } from './reconciliation.dto.js';
import { unmanagedTypes, type UnmanagedResource } from './unmanaged-resource.repository.js';

type UnmanagedType = (typeof unmanagedTypes)[number];

export class UnmanagedResourceListQuery extends PageQuery {
  @OneOf(unmanagedTypes, { optional: true, description: 'Only this type of resource.', example: 'server' })
  type?: UnmanagedType;

  @QueryId({ description: 'Only in the project with this id.', example: 1 })
  project_id?: number;
}

/** An object of OpenStack's in a project of ours that was not made here. */
export class UnmanagedResourceResponse {
  /** @example server */
  @ApiProperty({ enum: unmanagedTypes })
  type!: UnmanagedType;

  /** @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10 */
  openstack_id!: string;

  /** As OpenStack has it. @example by-hand */
  name!: string | null;

  /** @example 1 */
  project_id!: number;

  /** The reconciliation that found it. @example 12 */
  reconciliation_id!: number;

  /** @example 2026-11-24T09:00:01.000Z */
  @ApiProperty({ format: 'date-time' })
  first_seen_at!: string;

  /** @example 2026-11-24T09:30:01.000Z */
  @ApiProperty({ format: 'date-time' })
  seen_at!: string;

  static from(found: UnmanagedResource): UnmanagedResourceResponse {
    return {
      type: found.type,
      openstack_id: found.openstackId,
      name: found.name,
      project_id: found.projectId,
      reconciliation_id: found.reconciliationId,
      first_seen_at: found.firstSeenAt.toISOString(),
      seen_at: found.seenAt.toISOString(),
    };
  }
}

export class UnmanagedResourceListResponse {
  unmanaged_resources!: UnmanagedResourceResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class AdoptRequest {
  @OneOf(unmanagedTypes, {
    description: 'A server comes with its interfaces, addresses, groups and volumes.',
    example: 'server',
  })
  type!: UnmanagedType;

  @OpenStackId({ description: "OpenStack's id of it.", example: '2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10' })
  openstack_id!: string;

  @Id({ description: 'Our id of the project that it is in.', example: 1 })
  project_id!: number;

  @Flag({ optional: true, description: 'Only tell what would be adopted.', example: true })
  dry_run?: boolean;
}

export class AdoptedResourceResponse {
  /** @example server */
  @ApiProperty({ enum: reconciledTypes })
  type!: ResourceType;

  /** Ours; null in a dry run for what has no row yet. @example 7 */
  id!: number | null;

  /** @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10 */
  openstack_id!: string;

  /** As OpenStack has it; its id where it has no name. @example by-hand */
  name!: string;

  /** It had no row before. @example true */
  is_new!: boolean;
}

export class AdoptionResponse {
  /** The object itself first, then what belongs to it. */
  adopted!: AdoptedResourceResponse[];

  static from(adopted: readonly Adopted[]): AdoptionResponse {
    return {
      adopted: adopted.map(({ type, id, openstackId, name, isNew }) => ({
        type,
        id,
        openstack_id: openstackId,
        name,
        is_new: isNew,
      })),
    };
  }
}
