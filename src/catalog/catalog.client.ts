import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { OpenStackCall } from '../openstack/openstack-call.js';
import { OpenStackHttp, type Query } from '../openstack/openstack-http.js';
import { cinderMicroversion, novaMicroversion } from '../openstack/openstack-microversions.js';
import { collect, followPages, nextLink, pageLinks, pageSize } from '../openstack/openstack-paging.js';
import { wireId, wireOptionalText } from '../openstack/openstack-wire.js';

export interface ObservedFlavor {
  /** A free text, not always a UUID. */
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB; 0 boots from volumes only. */
  readonly disk: number;
  readonly isPublic: boolean;
}

export interface ObservedImage {
  readonly id: string;
  readonly name: string;
  /** Glance's word; only `active` can be used. */
  readonly status: string;
  /** GiB. */
  readonly minDisk: number;
  /** MiB. */
  readonly minRam: number;
  /** Bytes; null before the upload ends. */
  readonly size: number | null;
  /** Bytes once unpacked, where Glance knows. */
  readonly virtualSize: number | null;
  readonly visibility: string;
  readonly diskFormat: string | null;
  readonly projectId: string | null;
}

interface ObservedSubnet {
  readonly id: string;
  readonly name: string;
  readonly cidr: string;
  readonly ipVersion: number;
  readonly gatewayIp: string | null;
}

export interface ObservedNetwork {
  readonly id: string;
  readonly name: string;
  readonly isExternal: boolean;
  readonly isShared: boolean;
  readonly status: string;
  readonly projectId: string;
  /** Null where the cloud does not know port security. */
  readonly portSecurityEnabled: boolean | null;
  readonly subnets: readonly ObservedSubnet[];
}

export interface ObservedVolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly isPublic: boolean;
}

const observedFlavor = z
  .object({
    id: wireId,
    name: z.string(),
    vcpus: z.number(),
    ram: z.number(),
    disk: z.number(),
    'os-flavor-access:is_public': z.boolean().default(true),
  })
  .transform(({ id, name, vcpus, ram, disk, ...rest }): ObservedFlavor => ({
    id,
    name,
    vcpus,
    ram,
    disk,
    isPublic: rest['os-flavor-access:is_public'],
  }));

const flavorPage = z
  .object({ flavors: z.array(observedFlavor), flavors_links: pageLinks })
  .transform((page) => ({ items: page.flavors, next: nextLink(page.flavors_links) }));

const observedImage = z
  .object({
    id: wireId,
    name: z.string().nullish(),
    status: z.string(),
    min_disk: z.number().nullish(),
    min_ram: z.number().nullish(),
    size: z.number().nullish(),
    virtual_size: z.number().nullish(),
    visibility: z.string(),
    disk_format: wireOptionalText,
    owner: wireOptionalText,
  })
  .transform((image): ObservedImage => ({
    id: image.id,
    name: image.name ?? '',
    status: image.status,
    minDisk: image.min_disk ?? 0,
    minRam: image.min_ram ?? 0,
    size: image.size ?? null,
    virtualSize: image.virtual_size ?? null,
    visibility: image.visibility,
    diskFormat: image.disk_format,
    projectId: image.owner,
  }));

const imagePage = z
  .object({ images: z.array(observedImage), next: z.string().nullish() })
  .transform((page) => ({ items: page.images, next: page.next ?? null }));

const wireNetwork = z.object({
  id: wireId,
  name: z.string().nullish(),
  'router:external': z.boolean().default(false),
  shared: z.boolean().default(false),
  status: z.string().nullish(),
  project_id: z.string(),
  port_security_enabled: z.boolean().nullish(),
});

const networkPage = z
  .object({ networks: z.array(wireNetwork), networks_links: pageLinks })
  .transform((page) => ({ items: page.networks, next: nextLink(page.networks_links) }));

const wireSubnet = z.object({
  id: wireId,
  network_id: wireId,
  name: z.string().nullish(),
  cidr: z.string(),
  ip_version: z.number(),
  gateway_ip: wireOptionalText,
});

const subnetPage = z
  .object({ subnets: z.array(wireSubnet), subnets_links: pageLinks })
  .transform((page) => ({ items: page.subnets, next: nextLink(page.subnets_links) }));

const observedVolumeType = z
  .object({
    id: wireId,
    name: z.string(),
    description: wireOptionalText,
    is_public: z.boolean().nullish(),
  })
  .transform((type): ObservedVolumeType => ({
    id: type.id,
    name: type.name,
    description: type.description,
    isPublic: type.is_public ?? true,
  }));

const volumeTypePage = z
  .object({ volume_types: z.array(observedVolumeType), volume_type_links: pageLinks })
  .transform((page) => ({ items: page.volume_types, next: nextLink(page.volume_type_links) }));

/** What a project may build from. In a project's scope only what that project may use, even if the token could see more. */
@Injectable()
export class CatalogClient {
  constructor(private readonly http: OpenStackHttp) {}

  flavors(call: OpenStackCall): Promise<readonly ObservedFlavor[]> {
    return this.flavorsWith(call, {});
  }

  /** Those that only some projects may use, too. Needs the admin's scope. */
  allFlavors(call: OpenStackCall): Promise<readonly ObservedFlavor[]> {
    return this.flavorsWith(call, { is_public: 'none' });
  }

  private flavorsWith(call: OpenStackCall, filter: Query): Promise<readonly ObservedFlavor[]> {
    const pages = followPages(this.http, {
      service: 'compute',
      path: '/flavors/detail',
      operation: 'GET /flavors/detail',
      microversion: novaMicroversion,
      query: { ...filter, limit: pageSize },
      schema: flavorPage,
      call,
    });
    return collect(pages);
  }

  async images(call: OpenStackCall): Promise<readonly ObservedImage[]> {
    const pages = followPages(this.http, {
      service: 'image',
      path: '/images',
      operation: 'GET /v2/images',
      query: { limit: pageSize },
      schema: imagePage,
      call,
    });
    const images = await collect(pages);
    return images.filter(({ visibility, projectId }) => visibility !== 'private' || isOf(call, projectId));
  }

  async networks(call: OpenStackCall): Promise<readonly ObservedNetwork[]> {
    const [networks, subnets] = await Promise.all([this.bareNetworks(call), this.subnets(call)]);
    return networks
      .map((network) => ({
        id: network.id,
        name: network.name ?? '',
        isExternal: network['router:external'],
        isShared: network.shared,
        status: (network.status ?? '').toUpperCase() || 'UNKNOWN',
        projectId: network.project_id,
        portSecurityEnabled: network.port_security_enabled ?? null,
        subnets: subnets.filter((subnet) => subnet.network_id === network.id).map(toSubnet),
      }))
      .filter((network) => network.isShared || network.isExternal || isOf(call, network.projectId));
  }

  volumeTypes(call: OpenStackCall): Promise<readonly ObservedVolumeType[]> {
    return this.volumeTypesWith(call, {});
  }

  /** Those that only some projects may use, too. Needs the admin's scope. */
  allVolumeTypes(call: OpenStackCall): Promise<readonly ObservedVolumeType[]> {
    return this.volumeTypesWith(call, { is_public: 'none' });
  }

  private volumeTypesWith(call: OpenStackCall, filter: Query): Promise<readonly ObservedVolumeType[]> {
    const pages = followPages(this.http, {
      service: 'volume',
      path: '/types',
      operation: 'GET /types',
      microversion: cinderMicroversion,
      query: { ...filter, limit: pageSize },
      schema: volumeTypePage,
      call,
    });
    return collect(pages);
  }

  private bareNetworks(call: OpenStackCall): Promise<readonly z.infer<typeof wireNetwork>[]> {
    const pages = followPages(this.http, {
      service: 'network',
      path: '/networks',
      operation: 'GET /v2.0/networks',
      query: { limit: pageSize },
      schema: networkPage,
      call,
    });
    return collect(pages);
  }

  /** A member sees no subnets of external networks. */
  private subnets(call: OpenStackCall): Promise<readonly z.infer<typeof wireSubnet>[]> {
    const pages = followPages(this.http, {
      service: 'network',
      path: '/subnets',
      operation: 'GET /v2.0/subnets',
      query: { limit: pageSize },
      schema: subnetPage,
      call,
    });
    return collect(pages);
  }
}

function isOf({ scope }: OpenStackCall, projectId: string | null): boolean {
  return scope.kind === 'admin' || scope.projectId === projectId;
}

function toSubnet(subnet: z.infer<typeof wireSubnet>): ObservedSubnet {
  return {
    id: subnet.id,
    name: subnet.name ?? '',
    cidr: subnet.cidr,
    ipVersion: subnet.ip_version,
    gatewayIp: subnet.gateway_ip,
  };
}
