import { describe, expect, it } from '@jest/globals';
import type { OpenStackService } from './openstack-call.js';
import { endpointOf, type CatalogueService } from './openstack-endpoints.js';

const settings = {
  authUrl: 'https://keystone.example:5000/v3',
  region: 'RegionOne',
  interface: 'public',
  endpointOverrides: {},
} as const;

function catalogueOf(type: string, url: string, region = 'RegionOne', endpoint = 'public'): CatalogueService[] {
  return [{ type, endpoints: [{ interface: endpoint, region, url }] }];
}

describe('endpointOf', () => {
  it.each<[OpenStackService, string, string, string]>([
    ['identity', 'identity', 'http://c:5000', 'http://c:5000/v3'],
    ['identity', 'identity', 'http://c/identity/v3/', 'http://c/identity/v3'],
    ['identity', 'identity', 'http://c:5000/v2.0', 'http://c:5000/v3'],
    ['compute', 'compute', 'http://c:8774/v2.1', 'http://c:8774/v2.1'],
    ['compute', 'compute', 'http://c:8774/v2.1/abc', 'http://c:8774/v2.1/abc'],
    ['compute', 'compute', 'http://c/compute', 'http://c/compute/v2.1'],
    ['network', 'network', 'http://c:9696', 'http://c:9696/v2.0'],
    ['network', 'network', 'http://c:9696/v2.0/', 'http://c:9696/v2.0'],
    ['image', 'image', 'http://c:9292', 'http://c:9292/v2'],
    ['image', 'image', 'http://c/image/v2', 'http://c/image/v2'],
    ['volume', 'block-storage', 'http://c:8776/v3', 'http://c:8776/v3/p1'],
    ['volume', 'volumev3', 'http://c:8776/v3/another-project', 'http://c:8776/v3/p1'],
    ['volume', 'volumev3', 'http://c/volume/v3/another-project/', 'http://c/volume/v3/p1'],
    ['volume', 'block-storage', 'http://c:8776', 'http://c:8776/v3/p1'],
  ])('%s from %s %s is %s', (service, type, url, expected) => {
    expect(endpointOf(service, catalogueOf(type, url), 'p1', settings)).toBe(expected);
  });

  it('takes the region and the interface that are set, and any region when none is', () => {
    const catalogue = [
      ...catalogueOf('compute', 'http://other/v2.1', 'RegionTwo'),
      ...catalogueOf('compute', 'http://admin/v2.1', 'RegionOne', 'admin'),
      ...catalogueOf('compute', 'http://right/v2.1'),
    ];
    expect(endpointOf('compute', catalogue, 'p1', settings)).toBe('http://right/v2.1');
    expect(endpointOf('compute', catalogue, 'p1', { ...settings, region: null })).toBe('http://other/v2.1');
    expect(endpointOf('compute', catalogue, 'p1', { ...settings, interface: 'internal' })).toBeNull();
  });

  it('prefers the name of the volume service that carries no project', () => {
    const catalogue = [...catalogueOf('volumev3', 'http://old/v3/x'), ...catalogueOf('block-storage', 'http://new/v3')];
    expect(endpointOf('volume', catalogue, 'p1', settings)).toBe('http://new/v3/p1');
  });

  it('can be overridden, version and project still seen to', () => {
    const endpointOverrides = { network: 'http://proxy/network', volume: 'http://proxy/volume/v3' };
    const overridden = { ...settings, endpointOverrides };
    expect(endpointOf('network', [], 'p1', overridden)).toBe('http://proxy/network/v2.0');
    expect(endpointOf('volume', [], 'p1', overridden)).toBe('http://proxy/volume/v3/p1');
  });

  it('finds Keystone without a catalogue, and nothing in an address that is none', () => {
    expect(endpointOf('identity', [], 'p1', settings)).toBe('https://keystone.example:5000/v3');
    expect(endpointOf('compute', catalogueOf('compute', 'file:///etc/passwd'), 'p1', settings)).toBeNull();
    expect(endpointOf('compute', [], 'p1', settings)).toBeNull();
  });
});
