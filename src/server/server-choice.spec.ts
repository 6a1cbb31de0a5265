import { describe, expect, it } from '@jest/globals';
import type { Catalogue } from '../catalog/catalogue.js';
import { unusableChoice } from './server-choice.js';

const subnet = { id: 's', name: 's', cidr: '10.0.0.0/24', ipVersion: 4, gatewayIp: null };
const network = {
  name: '',
  isShared: false,
  status: 'ACTIVE',
  projectId: 'p',
  portSecurityEnabled: true,
  subnets: [subnet],
};
const image = {
  name: '',
  minRam: 0,
  size: 3 * 2 ** 30,
  virtualSize: null,
  visibility: 'public',
  diskFormat: 'raw',
  projectId: null,
};
const catalogue: Catalogue = {
  flavors: [{ id: '1', name: 'm1.tiny', vcpus: 1, ram: 512, disk: 1, isPublic: true }],
  images: [
    { ...image, id: 'image', status: 'active', minDisk: 2 },
    { ...image, id: 'queued', status: 'queued', minDisk: 0 },
  ],
  networks: [
    { ...network, id: 'net', isExternal: false },
    { ...network, id: 'external', isExternal: true },
    { ...network, id: 'empty', isExternal: false, subnets: [] },
  ],
  volumeTypes: [],
  serverZones: [],
  volumeZones: [],
};
const choice = {
  flavorId: '1',
  imageId: 'image',
  networkId: 'net',
  rootVolumeSize: 3,
  volumeType: null,
  subnetId: null,
  availabilityZone: null,
};

describe('unusableChoice', () => {
  it.each([
    ['all usable', {}, null, null],
    ['an unknown flavor', { flavorId: '9' }, 'FLAVOR_NOT_FOUND', 'flavor_id'],
    ['an unknown image', { imageId: 'x' }, 'IMAGE_NOT_FOUND', 'root_volume.image_id'],
    ['an image that is not active', { imageId: 'queued' }, 'IMAGE_NOT_FOUND', 'root_volume.image_id'],
    ['an unknown network', { networkId: 'x' }, 'NETWORK_NOT_FOUND', 'network_id'],
    ['an external network', { networkId: 'external' }, 'NETWORK_NOT_FOUND', 'network_id'],
    ['a network without a subnet', { networkId: 'empty' }, 'NETWORK_NOT_FOUND', 'network_id'],
    ['a root volume below the image', { rootVolumeSize: 2 }, 'ROOT_VOLUME_TOO_SMALL', 'root_volume.size'],
    ['flavor before image', { flavorId: '9', imageId: 'x' }, 'FLAVOR_NOT_FOUND', 'flavor_id'],
  ])('%s', (_case, change, code, field) => {
    const error = unusableChoice(catalogue, { ...choice, ...change });
    expect(error?.code ?? null).toBe(code);
    expect(error?.details.errors?.[0]?.field ?? null).toBe(field);
  });
});
