import { describe, expect, it } from '@jest/globals';
import type { Catalogue } from '../catalog/catalogue.js';
import { unusableVolumeChoice, volumeTypeId } from './volume-choice.js';

const ssd = '781962a2-23dd-4ea1-a666-059755d48f81';
const odd = '886f7ef6-9192-4967-ab44-d27a13e85af2';
const image = (id: string, status: string) => ({
  id,
  name: id,
  status,
  size: 1,
  minDisk: 2,
  minRam: 0,
  virtualSize: null,
});
const catalogue = {
  flavors: [],
  networks: [],
  images: [image('ready', 'active'), image('coming', 'queued')],
  serverZones: [],
  volumeZones: [],
  volumeTypes: [
    { id: ssd, name: 'lab-ssd', isPublic: true, description: null },
    { id: odd, name: ssd, isPublic: true, description: null },
  ],
} as unknown as Catalogue;

describe('volumeTypeId', () => {
  it.each([
    ['an id', ssd, ssd],
    ['an id in capitals', ssd.toUpperCase(), ssd],
    ['a name', 'lab-ssd', ssd],
    ['another id', odd, odd],
    ['what is none', 'fast', null],
    ['a name in another case', 'LAB-SSD', null],
  ])('finds %s', (_what, given, found) => {
    expect(volumeTypeId(catalogue, given)).toBe(found);
  });
});

describe('unusableVolumeChoice', () => {
  it.each([
    ['nothing wrong', { volumeType: ssd, imageId: 'ready', size: 2 }, null],
    ['no image', { volumeType: 'lab-ssd', imageId: null, size: 1 }, null],
    ['an unknown type', { volumeType: 'fast', imageId: 'unknown', size: 1 }, 'VOLUME_TYPE_NOT_FOUND'],
    ['an unknown image', { volumeType: ssd, imageId: 'unknown', size: 1 }, 'IMAGE_NOT_FOUND'],
    ['an image that is not active', { volumeType: ssd, imageId: 'coming', size: 1 }, 'IMAGE_NOT_FOUND'],
    ['an image that does not fit', { volumeType: ssd, imageId: 'ready', size: 1 }, 'VOLUME_TOO_SMALL'],
  ])('says of %s', (_what, choice, code) => {
    expect(unusableVolumeChoice(catalogue, choice)?.code ?? null).toBe(code);
  });
});
