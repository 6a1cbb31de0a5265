import type { Api } from '../support/api.js';

/** What things are made of. */
export interface Catalogue {
  readonly flavorId: string;
  readonly imageId: string;
  readonly networkId: string;
  readonly floatingNetworkId: string;
  readonly volumeTypeId: string;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** `network`: by the name of one that the project of `api` may use. */
export async function readCatalogue(api: Api, network = 'private'): Promise<Catalogue> {
  const flavors = await api.until<{ flavors: Named[] }>('/flavors', ({ status }) => status === 200);
  const images = await api.until<{ images: Named[] }>('/images', ({ status }) => status === 200);
  const networks = await api.until<{ networks: Named[] }>('/networks', ({ status }) => status === 200);
  const types = await api.until<{ volume_types: Named[] }>('/volume-types', ({ status }) => status === 200);
  return {
    flavorId: idOf(flavors.body.flavors, 'm1.tiny'),
    imageId: idOf(images.body.images, 'lab-tiny'),
    networkId: idOf(networks.body.networks, network),
    floatingNetworkId: idOf(networks.body.networks, 'public'),
    volumeTypeId: idOf(types.body.volume_types, 'lab-ssd'),
  };
}

export function serverBody(name: string, catalogue: Catalogue): unknown {
  return {
    name,
    flavor_id: catalogue.flavorId,
    network_id: catalogue.networkId,
    root_volume: { size: 1, image_id: catalogue.imageId },
  };
}

function idOf(things: readonly Named[], name: string): string {
  const thing = things.find((candidate) => candidate.name === name);
  if (thing === undefined) throw new Error(`the catalogue has no ${name}`);
  return thing.id;
}
