import type { ObservedAvailabilityZone } from './availability-zone.client.js';
import type { ObservedFlavor, ObservedImage, ObservedNetwork, ObservedVolumeType } from './catalog.client.js';
import type { Quota } from './network-quota.client.js';
import type { Known } from './project-cache.js';
import type { Quotas } from './quota.service.js';

export class FlavorResponse {
  /** A free text, not always a UUID. @example 2 */
  id!: string;

  /** @example m1.small */
  name!: string;

  /** @example 1 */
  vcpus!: number;

  /** MiB. @example 2048 */
  ram!: number;

  /** GiB; servers boot from volumes of any size, whatever it says. @example 20 */
  disk!: number;

  /** Whether every project may use it. @example true */
  is_public!: boolean;

  static from(flavor: ObservedFlavor): FlavorResponse {
    return {
      id: flavor.id,
      name: flavor.name,
      vcpus: flavor.vcpus,
      ram: flavor.ram,
      disk: flavor.disk,
      is_public: flavor.isPublic,
    };
  }
}

export class FlavorListResponse {
  flavors!: FlavorResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class ImageResponse {
  /** @example 804bf887-b595-420b-aa4a-f9d1b6644bd2 */
  id!: string;

  /** @example cirros-0.6.3 */
  name!: string;

  /** Glance's word; servers are made from `active` images only. @example active */
  status!: string;

  /** The smallest root volume for it, GiB. @example 1 */
  min_disk!: number;

  /** MiB. @example 0 */
  min_ram!: number;

  /** Bytes; null before its upload has ended. @example 21692416 */
  size!: number | null;

  /** Bytes once unpacked, where Glance knows. @example 117440512 */
  virtual_size!: number | null;

  /** @example public */
  visibility!: string;

  /** @example qcow2 */
  disk_format!: string | null;

  static from(image: ObservedImage): ImageResponse {
    return {
      id: image.id,
      name: image.name,
      status: image.status,
      min_disk: image.minDisk,
      min_ram: image.minRam,
      size: image.size,
      virtual_size: image.virtualSize,
      visibility: image.visibility,
      disk_format: image.diskFormat,
    };
  }
}

export class ImageListResponse {
  images!: ImageResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class SubnetResponse {
  /** @example 0f1ef5a4-3b1c-4b0e-8a52-8a64c1c8f0c3 */
  id!: string;

  /** @example private-v4 */
  name!: string;

  /** @example 10.20.0.0/24 */
  cidr!: string;

  /** 4 or 6. @example 4 */
  ip_version!: number;

  /** @example 10.20.0.1 */
  gateway_ip!: string | null;
}

export class NetworkResponse {
  /** @example 9f29d394-dd61-47df-af61-5c69728159d5 */
  id!: string;

  /** @example private */
  name!: string;

  /** @example ACTIVE */
  status!: string;

  /** External networks give floating IPs, the others take servers. @example false */
  is_external!: boolean;

  /** Whether every project may use it. @example false */
  is_shared!: boolean;

  /** Whether security groups work on it; null where the cloud does not say. @example true */
  port_security_enabled!: boolean | null;

  /** Those that the project may see; servers need one. */
  subnets!: SubnetResponse[];

  static from(network: ObservedNetwork): NetworkResponse {
    return {
      id: network.id,
      name: network.name,
      status: network.status,
      is_external: network.isExternal,
      is_shared: network.isShared,
      port_security_enabled: network.portSecurityEnabled,
      subnets: network.subnets.map((subnet) => ({
        id: subnet.id,
        name: subnet.name,
        cidr: subnet.cidr,
        ip_version: subnet.ipVersion,
        gateway_ip: subnet.gatewayIp,
      })),
    };
  }
}

export class NetworkListResponse {
  networks!: NetworkResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class VolumeTypeResponse {
  /** @example 781962a2-23dd-4ea1-a666-059755d48f81 */
  id!: string;

  /** @example lvm */
  name!: string;

  /** @example Ordinary disks */
  description!: string | null;

  /** Whether every project may use it. @example true */
  is_public!: boolean;

  static from(type: ObservedVolumeType): VolumeTypeResponse {
    return { id: type.id, name: type.name, description: type.description, is_public: type.isPublic };
  }
}

export class VolumeTypeListResponse {
  volume_types!: VolumeTypeResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class AvailabilityZoneResponse {
  /** @example nova */
  name!: string;

  /** Whether it takes new servers at the moment. @example true */
  is_available!: boolean;

  /** Whether volumes can be made in it too; elsewhere the root volume of a server is made where Cinder chooses. @example true */
  has_volumes!: boolean;

  static from(
    zone: ObservedAvailabilityZone,
    volumeZones: readonly ObservedAvailabilityZone[],
  ): AvailabilityZoneResponse {
    return {
      name: zone.name,
      is_available: zone.isAvailable,
      has_volumes: volumeZones.some(({ name, isAvailable }) => name === zone.name && isAvailable),
    };
  }
}

export class AvailabilityZoneListResponse {
  availability_zones!: AvailabilityZoneResponse[];

  /** For the next page; null on the last one. @example null */
  next_cursor!: string | null;
}

export class QuotaResponse {
  /** Null: no limit. @example 10 */
  limit!: number | null;

  /** @example 3 */
  used!: number;

  static from({ limit, used }: Quota): QuotaResponse {
    return { limit: limit < 0 ? null : limit, used };
  }
}

/** What a project may have, and has. */
export class QuotasResponse {
  servers!: QuotaResponse;

  /** vCPUs. */
  cores!: QuotaResponse;

  /** MiB. */
  ram!: QuotaResponse;

  volumes!: QuotaResponse;

  /** GiB of all volumes together. */
  gigabytes!: QuotaResponse;

  floating_ips!: QuotaResponse;

  /** Network interfaces, those of routers and the like too. */
  ports!: QuotaResponse;

  security_groups!: QuotaResponse;

  security_group_rules!: QuotaResponse;

  /** When OpenStack was asked. @example 2026-11-24T09:30:04.798Z */
  observed_at!: string;

  static from({ value, readAt }: Known<Quotas>): QuotasResponse {
    return {
      servers: QuotaResponse.from(value.servers),
      cores: QuotaResponse.from(value.cores),
      ram: QuotaResponse.from(value.ram),
      volumes: QuotaResponse.from(value.volumes),
      gigabytes: QuotaResponse.from(value.gigabytes),
      floating_ips: QuotaResponse.from(value.floatingIps),
      ports: QuotaResponse.from(value.ports),
      security_groups: QuotaResponse.from(value.securityGroups),
      security_group_rules: QuotaResponse.from(value.securityGroupRules),
      observed_at: readAt.toISOString(),
    };
  }
}
