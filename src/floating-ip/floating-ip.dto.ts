import { syncs, type Sync } from '../database/sync.js';
import { ApiProperty } from '@nestjs/swagger';
import { FaultResponse } from '../common/fault.dto.js';
import { OneOf, QueryFlag, Uuid } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import { OperationReferenceResponse } from '../operation/operation.dto.js';
import type { FloatingIpDetails } from './floating-ip-details.js';
import { floatingIpStatuses, type FloatingIpStatus } from './floating-ip-status.js';

export class FloatingIpListQuery extends PageQuery {
  @OneOf(['address', 'created_at'], {
    optional: true,
    description: 'What the list is sorted by; `created_at` when left out.',
    example: 'created_at',
  })
  sort_by?: 'address' | 'created_at';

  @QueryFlag({ description: 'Released floating IPs too; admins only.', example: false })
  include_deleted?: boolean;
}

export class AllocateFloatingIpRequest {
  @Uuid({
    description: 'An external network; GET /networks lists them.',
    example: '1c0ff6d3-5c4f-4d8b-9c36-2f1a54e4b0a7',
  })
  floating_network_id!: string;
}

export class FloatingIpServerResponse {
  /** @example 7 */
  id!: number;

  /** @example web-1 */
  name!: string;
}

/** A floating IP, the same in every answer that holds one. */
export class FloatingIpResponse {
  /** @example 5 */
  id!: number;

  /** Null until Neutron has allocated it. @example 2b3c0d5e-8a52-4d5b-b7b5-0f6a3fbb7a10 */
  openstack_id!: string | null;

  /** Null until Neutron has allocated it. @example 198.18.0.42 */
  address!: string | null;

  /** @example 1 */
  project_id!: number;

  /** As Neutron says; ACTIVE follows about a second after it was put on an interface. @example ACTIVE */
  @ApiProperty({ enum: floatingIpStatuses })
  status!: FloatingIpStatus;

  /** The external network that it comes from. @example 1c0ff6d3-5c4f-4d8b-9c36-2f1a54e4b0a7 */
  floating_network_id!: string;

  /** The interface that it leads to. @example 4 */
  network_interface_id!: number | null;

  /** The address of the interface that it leads to. @example 10.20.0.155 */
  fixed_ip_address!: string | null;

  /** The server of that interface. @example 7 */
  server_id!: number | null;

  server!: FloatingIpServerResponse | null;

  /** Why something asked for was not done. */
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

  static from(floatingIp: FloatingIpDetails): FloatingIpResponse {
    const { server, fault, operation } = floatingIp;
    return {
      id: floatingIp.id,
      openstack_id: floatingIp.openstackId,
      address: floatingIp.address,
      project_id: floatingIp.projectId,
      status: floatingIp.status,
      floating_network_id: floatingIp.floatingNetworkOpenstackId,
      network_interface_id: floatingIp.networkInterfaceId,
      fixed_ip_address: floatingIp.fixedIpAddress,
      server_id: server?.id ?? null,
      server: server === null ? null : { id: server.id, name: server.name },
      fault: fault === null ? null : { code: fault.code, message: fault.message },
      operation: operation === null ? null : { id: operation.id, kind: operation.kind, state: operation.state },
      observed_at: floatingIp.observedAt?.toISOString() ?? null,
      sync: floatingIp.sync,
      missing_since: floatingIp.missingSince?.toISOString() ?? null,
      created_at: floatingIp.createdAt.toISOString(),
      updated_at: floatingIp.updatedAt.toISOString(),
      deleted_at: floatingIp.deletedAt?.toISOString() ?? null,
    };
  }
}

export class FloatingIpListResponse {
  floating_ips!: FloatingIpResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}
