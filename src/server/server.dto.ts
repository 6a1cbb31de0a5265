import { syncs, type Sync } from '../database/sync.js';
import { ApiProperty } from '@nestjs/swagger';
import { DeletionQuery } from '../common/deletion-preview.dto.js';
import { FaultResponse } from '../common/fault.dto.js';
import {
  Description,
  Flag,
  Id,
  Ids,
  Name,
  Nested,
  OneOf,
  OpenStackId,
  QueryFlag,
  QueryId,
  QueryIds,
  QueryName,
  Size,
  Text,
  Uuid,
} from '../common/fields.js';
import { PageQuery } from '../common/pagination.dto.js';
import { OperationReferenceResponse } from '../operation/operation.dto.js';
import type { AcceptedDeletion } from './server-deletion.service.js';
import type { ServerDetails } from './server-details.js';
import { serverStatuses, type ServerStatus } from './server-status.js';

export class RootVolumeRequest {
  @Size({ description: 'GiB; at least what the image needs.', example: 10 })
  size!: number;

  @Uuid({
    description: 'The image that the volume is made from; GET /images lists them.',
    example: '804bf887-b595-420b-aa4a-f9d1b6644bd2',
  })
  image_id!: string;
}

export class CreateServerRequest {
  @Name({ description: "Unique among the project's live servers.", example: 'web-1' })
  name!: string;

  @Description({ description: 'Whatever you want to remember of it.', example: 'Front end of the shop' })
  description?: string | null;

  @OpenStackId({ description: 'GET /flavors lists them.', example: '2' })
  flavor_id!: string;

  @Uuid({
    description: 'GET /networks lists them; not an external one.',
    example: '9f29d394-dd61-47df-af61-5c69728159d5',
  })
  network_id!: string;

  @Nested(() => RootVolumeRequest, {
    description: 'The disk that the server boots from; it is deleted with the server.',
  })
  root_volume!: RootVolumeRequest;

  @Ids({
    optional: true,
    maxItems: 50,
    description: "Left out: the project's default group. Empty: none.",
    example: [1],
  })
  security_group_ids?: number[];

  @Id({ optional: true, description: 'One of your key pairs, to log in with; GET /key-pairs lists them.', example: 3 })
  key_pair_id?: number;

  @Text({
    optional: true,
    max: 49_149,
    maxBytes: 49_149,
    description: 'For cloud-init and the like: at most 49,149 bytes of UTF-8. Never shown again.',
    example: '#cloud-config',
  })
  user_data?: string;

  @Flag({
    optional: true,
    description: "Whether a password for the server's administrator is to be made; the answer shows it, once.",
    example: false,
  })
  admin_password?: boolean;

  @Text({
    optional: true,
    min: 1,
    max: 255,
    description: "The root volume's type, by id or name; left out: the cloud's default. GET /volume-types lists them.",
    example: 'lab-ssd',
  })
  volume_type_id?: string;

  @Uuid({
    optional: true,
    description: 'The subnet of the network that it gets its address from; left out: any.',
    example: '0f1ef5a4-3b1c-4b0e-8a52-8a64c1c8f0c3',
  })
  subnet_id?: string;

  @Text({
    optional: true,
    min: 1,
    max: 255,
    description: 'Left out: where there is room. GET /availability-zones lists them.',
    example: 'nova',
  })
  availability_zone?: string;

  @Flag({ optional: true, description: 'A protected server cannot be deleted.', example: false })
  protected?: boolean;
}

const leastServer = {
  name: 'web-1',
  description: 'Front end of the shop',
  flavor_id: '2',
  network_id: '9f29d394-dd61-47df-af61-5c69728159d5',
  root_volume: { size: 10, image_id: '804bf887-b595-420b-aa4a-f9d1b6644bd2' },
};

/** Bodies of POST /servers to begin with. */
export const createServerExamples = {
  least: {
    summary: 'The least that is needed',
    description: 'Put in ids that GET /flavors, GET /networks and GET /images list.',
    value: leastServer,
  },
  login: {
    summary: 'One that can be logged in to',
    description: 'With a key pair of GET /key-pairs, and a group of GET /security-groups that lets port 22 in.',
    value: { ...leastServer, key_pair_id: 3, security_group_ids: [1], user_data: '#cloud-config' },
  },
};

export class ServerListQuery extends PageQuery {
  @QueryId({ description: 'Only the server with this id.' })
  id?: number;

  @QueryIds({ description: 'Only these servers.' })
  ids_contain?: number[];

  @QueryIds({ description: 'All but these servers.' })
  ids_exclude?: number[];

  @QueryName({
    description: 'Only servers of this name, whatever its case.',
  })
  name_eq?: string;

  @QueryName({
    description: 'Only servers whose name contains this, whatever its case; no character is special.',
  })
  name_like?: string;

  @OneOf(['created_at', 'name'], { optional: true, description: 'What the list is sorted by.' })
  sort_by?: 'created_at' | 'name';

  @QueryFlag({ description: 'Deleted servers too; admins only.' })
  include_deleted?: boolean;
}

export class ServerFloatingIpResponse {
  /** @example 5 */
  id!: number;

  /** @example 4 */
  network_interface_id!: number;

  /** @example 198.18.0.42 */
  address!: string | null;
}

export class ServerVolumeResponse {
  /** @example 9 */
  id!: number;

  /** @example web-1-root */
  name!: string;

  /** @example 781962a2-23dd-4ea1-a666-059755d48f81 */
  volume_type_id!: string | null;

  /** GiB. @example 10 */
  size!: number;

  /** @example true */
  is_root_volume!: boolean;
}

export class ServerSecurityGroupResponse {
  /** @example 1 */
  id!: number;

  /** @example default */
  name!: string;
}

export class ServerNetworkInterfaceResponse {
  /** @example 4 */
  id!: number;

  /** @example 6d935dc5-1b13-4bc5-8e88-87af16bdf62b */
  openstack_id!: string | null;

  /** @example 10.20.0.155 */
  fixed_ip_address!: string | null;

  /** @example 5 */
  floating_ip_id!: number | null;
}

/** A server, the same in every answer that holds one. */
export class ServerResponse {
  /** @example 7 */
  id!: number;

  /** Null until Nova has made it. @example 96aa79f0-0b2a-4605-b4d5-dde730cdc789 */
  openstack_id!: string | null;

  /** @example 1 */
  project_id!: number;

  /** @example web-1 */
  name!: string;

  /** @example shop frontend */
  description!: string | null;

  /** @example 2 */
  flavor_id!: string;

  /** The same as `flavor_id`. @example 2 */
  flavor_openstack_id!: string;

  /** @example 804bf887-b595-420b-aa4a-f9d1b6644bd2 */
  image_id!: string | null;

  /** OpenStack's last word; BUILD until the first. @example ACTIVE */
  @ApiProperty({ enum: serverStatuses })
  status!: ServerStatus;

  /** OpenStack's own word for the status, also where it is none of the above. @example ACTIVE */
  openstack_status!: string | null;

  /** @example nova */
  availability_zone!: string | null;

  /** Protected servers cannot be deleted. @example false */
  protected!: boolean;

  /** @example ["10.20.0.155"] */
  fixed_ip_addresses!: string[];

  floating_ips!: ServerFloatingIpResponse[];

  volumes!: ServerVolumeResponse[];

  security_groups!: ServerSecurityGroupResponse[];

  network_interfaces!: ServerNetworkInterfaceResponse[];

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

  static from(server: ServerDetails): ServerResponse {
    return {
      id: server.id,
      openstack_id: server.openstackId,
      project_id: server.projectId,
      name: server.name,
      description: server.description,
      flavor_id: server.flavorOpenstackId,
      flavor_openstack_id: server.flavorOpenstackId,
      image_id: server.imageOpenstackId,
      status: server.status,
      openstack_status: server.openstackStatus,
      availability_zone: server.availabilityZone,
      protected: server.isProtected,
      fixed_ip_addresses: server.interfaces.map((nic) => nic.fixedIpAddress).filter((address) => address !== null),
      floating_ips: server.interfaces.flatMap(({ id, floatingIp }) =>
        floatingIp === null ? [] : [{ id: floatingIp.id, network_interface_id: id, address: floatingIp.address }],
      ),
      volumes: server.volumes.map((volume) => ({
        id: volume.id,
        name: volume.name,
        volume_type_id: volume.volumeTypeOpenstackId,
        size: volume.size,
        is_root_volume: volume.isRootVolume,
      })),
      security_groups: server.securityGroups.map(({ id, name }) => ({ id, name })),
      network_interfaces: server.interfaces.map((nic) => ({
        id: nic.id,
        openstack_id: nic.openstackId,
        fixed_ip_address: nic.fixedIpAddress,
        floating_ip_id: nic.floatingIp?.id ?? null,
      })),
      fault: server.fault === null ? null : { code: server.fault.code, message: server.fault.message },
      operation:
        server.operation === null
          ? null
          : { id: server.operation.id, kind: server.operation.kind, state: server.operation.state },
      observed_at: server.observedAt?.toISOString() ?? null,
      sync: server.sync,
      missing_since: server.missingSince?.toISOString() ?? null,
      created_at: server.createdAt.toISOString(),
      updated_at: server.updatedAt.toISOString(),
      deleted_at: server.deletedAt?.toISOString() ?? null,
    };
  }
}

/** The answer to its creation. */
export class CreatedServerResponse extends ServerResponse {
  /** Of the server's administrator: shown this once, kept nowhere. Null where none was asked for, and when the answer is repeated. @example null */
  admin_password!: string | null;

  static fromCreated(server: ServerDetails, adminPassword: string | null): CreatedServerResponse {
    return Object.assign(ServerResponse.from(server), { admin_password: adminPassword });
  }
}

export class ServerListResponse {
  servers!: ServerResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class ServerDeletionQuery extends DeletionQuery {
  @QueryFlag({ description: 'Delete its data volumes too, once they are detached.', example: false })
  delete_volumes?: boolean;

  @QueryFlag({ description: 'Give its floating IPs back too.', example: false })
  release_floating_ips?: boolean;
}

/** What goes with a server. */
export class ServerDeletionResponse {
  /** @example 7 */
  server_id!: number;

  /** The root volume. @example 9 */
  volume_id!: number | null;

  /** @example [4] */
  network_interface_ids!: number[];

  operation!: OperationReferenceResponse;

  static from(deletion: AcceptedDeletion): ServerDeletionResponse {
    const { operation } = deletion;
    return {
      server_id: deletion.serverId,
      volume_id: deletion.volumeId,
      network_interface_ids: [...deletion.networkInterfaceIds],
      operation: { id: operation.id, kind: operation.kind, state: operation.state },
    };
  }
}
