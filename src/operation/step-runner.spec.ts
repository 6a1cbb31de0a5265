import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../config/config.js';
import { OpenStackUnknownOutcome } from '../openstack/openstack-errors.js';
import type { CreatedObject, CreateStep, EnsureStep, Sight } from './operation-kind.js';
import { OperationEntity } from './operation.entity.js';
import { chooseObject, StepRunner, type StepOutcome } from './step-runner.js';

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

const now = new Date('2026-01-01T12:00:00Z');
const settlingMs = 10_000;
const runner = new StepRunner(
  readConfig({
    SECRET_KEY: 'a key for tests that nobody else would ever use',
    SETTLING_MS: String(settlingMs),
    OS_AUTH_URL: 'http://127.0.0.1:9/v3',
    OS_USERNAME: 'admin',
    OS_PASSWORD: 'none',
    OS_PROJECT_NAME: 'admin',
  }),
);
const call = { scope: { kind: 'admin' as const } };
const calls = { reading: () => call, changing: () => call, readingAsAdmin: () => call, changingAsAdmin: () => call };

describe('a call whose outcome is unknown', () => {
  /** One try by someone who took the operation over, `sentMs` after the call went out; what the marker finds is `found`. */
  async function takenOver(
    sentMs: number,
    found: readonly CreatedObject[],
  ): Promise<{ outcome: StepOutcome; calls: number }> {
    let count = 0;
    const step: CreateStep<null> = {
      does: 'create',
      name: 'port',
      title: 'the port',
      recorded: () => null,
      find: () => Promise.resolve(found),
      create: () => {
        count += 1;
        return Promise.resolve(object('made', '2026-01-01T12:00:00Z'));
      },
      undo: { look: () => Promise.resolve({ is: 'reached' }) },
    };
    const operation = Object.assign(new OperationEntity(), {
      step: 'port',
      sentStep: 'port',
      sentAt: new Date(now.getTime() - sentMs),
      createdAt: now,
      deadlineAt: new Date(now.getTime() + 600_000),
      failures: 1,
      lastFailure: null,
    });
    const outcome = await runner.forward(step, {
      operation,
      isDestroying: false,
      rows: null,
      calls,
      now: () => now,
    });
    return { outcome, calls: count };
  }

  it('is not repeated before it has settled, whoever looks', async () => {
    const { outcome, calls } = await takenOver(4_000, []);
    expect(outcome).toMatchObject({ is: 'later', delayMs: settlingMs - 4_000 });
    expect(calls).toBe(0);
  });

  it('is repeated when it has settled and left nothing', async () => {
    const { outcome, calls } = await takenOver(settlingMs, []);
    expect(outcome).toMatchObject({ is: 'done' });
    expect(calls).toBe(1);
  });

  it('is never repeated when what it made is found', async () => {
    const { outcome, calls } = await takenOver(settlingMs, [object('late', '2026-01-01T11:59:50Z')]);
    expect(outcome).toMatchObject({ is: 'done' });
    expect(calls).toBe(0);
  });
});

describe('a deletion', () => {
  /** One try of it, `lateMs` past its deadline; it was asked for `sentMs` ago, if it was. */
  async function tried(
    look: Sight,
    { lateMs, sentMs }: { readonly lateMs: number; readonly sentMs: number | null },
  ): Promise<StepOutcome> {
    const step: EnsureStep<null> = {
      does: 'ensure',
      name: 'gone',
      title: 'the deletion',
      look: () => Promise.resolve(look),
    };
    const operation = Object.assign(new OperationEntity(), {
      step: 'gone',
      stepSince: now,
      sentStep: sentMs === null ? null : 'gone',
      sentAt: sentMs === null ? null : new Date(now.getTime() - sentMs),
      createdAt: new Date(now.getTime() - 7_200_000),
      deadlineAt: new Date(now.getTime() - lateMs),
      failures: 0,
      lastFailure: null,
    });
    return runner.forward(step, { operation, isDestroying: true, rows: null, calls, now: () => now });
  }

  const answering = (status: number | undefined): Sight => ({
    is: 'needed',
    act: () => Promise.reject(new OpenStackUnknownOutcome({ service: 'network', operation: 'DELETE', status })),
  });
  const taken: Sight = { is: 'needed', act: () => Promise.resolve() };

  it.each([
    [503, true],
    [504, true],
    [undefined, true],
    [500, false],
  ])('that is answered %s has its deadline moved: %s', async (status, movesDeadline) => {
    const outcome = await tried(answering(status), { lateMs: -600_000, sentMs: null });
    expect(outcome).toMatchObject({ is: 'later', movesDeadline });
  });

  const passing: Sight = { is: 'passing' };

  it.each([
    ['that was just taken goes on, however late', passing, 3_600_000, 60_000, 'later'],
    ['that was taken long ago ends at its deadline', passing, 60_000, 3_600_000, 'refused'],
    ['that nobody was asked for ends at its deadline', passing, 60_000, null, 'refused'],
    ['that nobody was asked for yet is asked for, however late', taken, 3_600_000, null, 'later'],
    ['that was taken and dropped is asked for again', taken, 60_000, 1_000, 'later'],
    ['that is taken and dropped again and again ends', taken, 3_600_000, 1_000, 'refused'],
  ])('%s', async (_what, look, lateMs, sentMs, is) => {
    expect(await tried(look, { lateMs, sentMs })).toMatchObject({ is });
  });
});
