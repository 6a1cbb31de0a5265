import { describe, expect, it } from '@jest/globals';
import { waitingOf } from './operation-waiting.js';

const nextRunAt = new Date('2026-11-24T09:30:34.000Z');
const running = { state: 'RUNNING', failures: 2, nextRunAt } as const;

describe('waitingOf', () => {
  it.each([
    [
      'unavailable network no answer connect ECONNREFUSED 10.0.0.7:9696',
      'Neutron cannot be reached, or asks for patience.',
    ],
    ['look: unknown volume 502', 'Cinder gave no answer.'],
    ['broken compute 500 Unexpected API Error', 'Nova failed inside.'],
    ['not found identity 404 no user', 'Keystone does not know the thing yet.'],
    ['the port could not be deleted', 'A step has failed.'],
  ])('says of "%s" what a user may know', (lastFailure, reason) => {
    expect(waitingOf({ ...running, lastFailure })).toEqual({
      reason: `${reason} It is tried again by itself.`,
      retryAt: nextRunAt,
    });
  });

  it('says nothing of what gets on, or has ended', () => {
    expect(waitingOf({ ...running, failures: 0, lastFailure: null })).toBeNull();
    expect(waitingOf({ ...running, state: 'FAILED', lastFailure: 'unavailable network' })).toBeNull();
  });
});
