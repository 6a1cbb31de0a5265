import { describe, expect, it } from '@jest/globals';
import { rootVolumeName } from './volume.repository.js';

describe('rootVolumeName', () => {
  it('ends in -root, and counts where that is taken', () => {
    expect([1, 2, 12].map((copy) => rootVolumeName('web', copy))).toEqual(['web-root', 'web-root-2', 'web-root-12']);
  });

  it('cuts a long name in whole code points', () => {
    const name = rootVolumeName('🦊'.repeat(255), 1);
    expect([...name]).toHaveLength(255);
    expect(name.endsWith('🦊-root')).toBe(true);
  });
});
