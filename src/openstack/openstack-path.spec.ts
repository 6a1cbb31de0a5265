import { describe, expect, it } from '@jest/globals';
import { path } from './openstack-path.js';

describe('path', () => {
  it('encodes what an id may not lead out of', () => {
    expect(path`/servers`).toBe('/servers');
    expect(path`/servers/${'a-b'}/action`).toBe('/servers/a-b/action');
    expect(path`/a/${'../x?y#z'}/b/${'é%2e'}`).toBe('/a/..%2Fx%3Fy%23z/b/%C3%A9%252e');
  });

  it.each(['', '.', '..'])('refuses %j, which would be another path', (id) => {
    expect(() => path`/servers/${id}`).toThrow(RangeError);
  });
});
