import { NetworkNotFound } from '../catalog/catalog.errors.js';
import type { Catalogue } from '../catalog/catalogue.js';
import type { DomainError } from '../common/errors.js';

/** Why floating IPs cannot come from a network; null when they can. */
export function unusableFloatingNetwork(catalogue: Catalogue, networkId: string): DomainError | null {
  const isExternal = catalogue.networks.some((network) => network.id === networkId && network.isExternal);
  return isExternal ? null : new NetworkNotFound(networkId, 'floating_network_id', 'floating IPs');
}
