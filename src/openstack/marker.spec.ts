import { describe, expect, it } from '@jest/globals';
import { markerOf, parseMarker } from './marker.js';

const uuid = '0b6c1f4e-6a3d-4c6e-9a43-2f0f6f4f8a11';

describe('markers', () => {
  it('are read as they were written', () => {
    const marker = markerOf('a1b2c3d4', uuid);
    expect(marker).toBe(`cloud-api:a1b2c3d4:${uuid}`);
    expect(marker).toHaveLength(55);
    expect(parseMarker(marker)).toEqual({ deployment: 'a1b2c3d4', uuid });
  });

  it.each([
    '',
    'cloud-api',
    `cloud-api:a1b2c3d4:${uuid} `,
    ` cloud-api:a1b2c3d4:${uuid}`,
    `text [cloud-api:a1b2c3d4:${uuid}]`,
    `cloud-api:a1b2c3d4:${uuid}\n`,
    `cloud-api::${uuid}`,
    `cloud-api:a1b2c3d:${uuid}`,
    `cloud-api:a1b2c3d4:${uuid.slice(1)}`,
    `cloud-api:a1b2c3d4:${uuid.toUpperCase()}`,
    `other:a1b2c3d4:${uuid}`,
  ])('are not seen in %j', (text) => {
    expect(parseMarker(text)).toBeNull();
  });
});
