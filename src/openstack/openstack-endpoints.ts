import type { OpenStackSettings } from '../config/openstack-settings.js';
import type { OpenStackService } from './openstack-call.js';

interface CatalogueEndpoint {
  readonly interface: string;
  readonly region: string | null;
  readonly url: string;
}

export interface CatalogueService {
  readonly type: string;
  readonly endpoints: readonly CatalogueEndpoint[];
}

/** Names of a service in catalogues, the best first. `volumev3` may carry a project's id that is not the token's. */
const types: Readonly<Record<OpenStackService, readonly string[]>> = {
  identity: ['identity'],
  compute: ['compute'],
  network: ['network'],
  volume: ['block-storage', 'volumev3', 'block-store', 'volume'],
  image: ['image'],
};

type EndpointSettings = Pick<OpenStackSettings, 'authUrl' | 'region' | 'interface' | 'endpointOverrides'>;

/**
 * The base address of a service, with version and, for volumes, the token's project: Cinder refuses any other.
 *
 * @returns null when the catalogue has none for the region and interface.
 */
export function endpointOf(
  service: OpenStackService,
  catalogue: readonly CatalogueService[],
  projectId: string,
  settings: EndpointSettings,
): string | null {
  const url = settings.endpointOverrides[service] ?? fromCatalogue(service, catalogue, settings);
  return url === null ? null : withVersion(service, url.replace(/\/+$/, ''), projectId);
}

function fromCatalogue(
  service: OpenStackService,
  catalogue: readonly CatalogueService[],
  settings: EndpointSettings,
): string | null {
  for (const type of types[service]) {
    for (const entry of catalogue.filter((candidate) => candidate.type === type)) {
      const found = entry.endpoints.find(
        (endpoint) =>
          endpoint.interface === settings.interface &&
          (settings.region === null || endpoint.region === settings.region),
      );
      if (found !== undefined && /^https?:\/\//.test(found.url) && URL.canParse(found.url)) return found.url;
    }
  }
  // Keystone was reached at its configured address; a catalogue need not repeat it.
  return service === 'identity' ? settings.authUrl : null;
}

function withVersion(service: OpenStackService, url: string, projectId: string): string {
  switch (service) {
    case 'identity':
      return url.endsWith('/v3') ? url : `${url.replace(/\/v2\.0$/, '')}/v3`;
    case 'compute':
      return /\/v2(\.1)?(\/|$)/.test(url) ? url : `${url}/v2.1`;
    case 'network':
      return url.endsWith('/v2.0') ? url : `${url}/v2.0`;
    case 'image':
      return /\/v2(\.\d+)?$/.test(url) ? url : `${url}/v2`;
    case 'volume':
      return `${url.replace(/\/v3(\/[^/]*)?$/, '')}/v3/${encodeURIComponent(projectId)}`;
    default:
      return service satisfies never;
  }
}
