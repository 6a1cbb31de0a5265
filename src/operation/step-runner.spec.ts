import { describe, expect, it } from '@jest/globals';
import type { CreatedObject } from './operation-kind.js';
import { chooseObject } from './step-runner.js';

function object(openstackId: string, createdAt: string, isInUse = false): CreatedObject {
  return { openstackId, createdAt: new Date(createdAt), isInUse, differs: null, writes: () => Promise.resolve() };
}

describe('chooseObject', () => {
  it('finds nothing in nothing', () => {
    expect(chooseObject([])).toBeNull();
  });

  it('prefers the one in use, whatever its age', () => {
    const found = [object('a', '2026-01-01T00:00:00Z'), object('b', '2026-01-02T00:00:00Z', true)];
    expect(chooseObject(found)?.openstackId).toBe('b');
  });

  it('takes the oldest of several at rest, and the lowest id of those made at once', () => {
    const found = [
      object('c', '2026-01-01T00:00:01Z'),
      object('b', '2026-01-01T00:00:00Z'),
      object('a', '2026-01-01T00:00:00Z'),
    ];
    expect(chooseObject(found)?.openstackId).toBe('a');
  });
});
