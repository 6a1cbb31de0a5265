import { describe, expect, it } from '@jest/globals';
import { serverStatusFrom } from './server-status.js';

describe('serverStatusFrom', () => {
  it.each([
    ['ACTIVE', 'ACTIVE'],
    ['active', 'ACTIVE'],
    ['verify-resize', 'VERIFY_RESIZE'],
    ['FLYING', 'UNKNOWN'],
    ['', 'UNKNOWN'],
    [null, 'UNKNOWN'],
  ])('reads %p as %s', (word, status) => {
    expect(serverStatusFrom(word)).toBe(status);
  });
});
