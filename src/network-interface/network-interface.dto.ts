import { ApiProperty } from '@nestjs/swagger';
import { syncs, type Sync } from '../database/sync.js';
import { FaultResponse } from '../common/fault.dto.js';
import { QueryFlag, QueryId, OneOf } from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import { OperationReferenceResponse } from '../operation/operation.dto.js';
import type { NetworkInterfaceDetails } from './network-interface-details.repository.js';

export class NetworkInterfaceListQuery extends PageQuery {
  @QueryId({ description: 'Only the interfaces of this server.', example: 7 })
  server_id?: number;

  @OneOf(['created_at'], { optional: true, description: 'What the list is sorted by.', example: 'created_at' })
  sort_by?: 'created_at';

  @QueryFlag({ description: 'Deleted interfaces too; admins only.', example: false })
  include_deleted?: boolean;
}

export class NetworkInterfaceSecurityGroupResponse {
  /** @example 1 */
  id!: number;

  /** @example default */
  name!: string;
}

export class NetworkInterfaceFloatingIpResponse {
  /** @example 5 */
  id!: number;

  /** @example 198.18.0.42 */
  address!: string | null;
}

/** A network interface of a server, the same in every answer that holds one. */
export class NetworkInterfaceResponse {
  /** @example 4 */
  id!: number;

  /** Neutron's port; null until it is made. @example 6d935dc5-1b13-4bc5-8e88-87af16bdf62b */
  openstack_id!: string | null;

  /** @example 1 */
  project_id!: number;

  /** @example 7 */
  server_id!: number | null;

  /** @example 9f29d394-dd61-47df-af61-5c69728159d5 */
  network_id!: string;

  /** The first of its addresses. @example 10.20.0.155 */
  fixed_ip_address!: string | null;

  /** @example ["10.20.0.155"] */
  fixed_ip_addresses!: string[];

  /** @example fa:16:3e:4f:2a:91 */
  mac_address!: string | null;

  /** Neutron's own word for the status of the port. @example ACTIVE */
  openstack_status!: string | null;

  security_groups!: NetworkInterfaceSecurityGroupResponse[];

  /** The floating IP that leads to it. */
  floating_ip!: NetworkInterfaceFloatingIpResponse | null;

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

  static from(nic: NetworkInterfaceDetails): NetworkInterfaceResponse {
    const { floatingIp, fault, operation } = nic;
    return {
      id: nic.id,
      openstack_id: nic.openstackId,
      project_id: nic.projectId,
      server_id: nic.serverId,
      network_id: nic.networkOpenstackId,
      fixed_ip_address: nic.fixedIpAddress,
      fixed_ip_addresses: [...nic.fixedIps],
      mac_address: nic.macAddress,
      openstack_status: nic.openstackStatus,
      security_groups: nic.securityGroups.map(({ id, name }) => ({ id, name })),
      floating_ip: floatingIp === null ? null : { id: floatingIp.id, address: floatingIp.address },
      fault: fault === null ? null : { code: fault.code, message: fault.message },
      operation: operation === null ? null : { id: operation.id, kind: operation.kind, state: operation.state },
      observed_at: nic.observedAt?.toISOString() ?? null,
      sync: nic.sync,
      missing_since: nic.missingSince?.toISOString() ?? null,
      created_at: nic.createdAt.toISOString(),
      updated_at: nic.updatedAt.toISOString(),
      deleted_at: nic.deletedAt?.toISOString() ?? null,
    };
  }
}

export class NetworkInterfaceListResponse {
  network_interfaces!: NetworkInterfaceResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}
