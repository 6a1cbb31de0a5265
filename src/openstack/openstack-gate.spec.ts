import { beforeEach, describe, expect, it } from '@jest/globals';
import { GateClosed, ServiceGate } from './openstack-gate.js';

describe('ServiceGate', () => {
  let nowMs: number;
  let gate: ServiceGate;

  beforeEach(() => {
    nowMs = 0;
    gate = new ServiceGate({ concurrency: 2, queueMs: 50, failuresToClose: 3, probeEveryMs: 1_000 }, () => nowMs);
  });

  async function fail(times: number): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      await gate.enter();
      gate.leave('down');
    }
  }

  it('lets so many in at once, the others in order as those leave', async () => {
    await gate.enter();
    await gate.enter();
    const order: number[] = [];
    const waiting = [3, 4].map(async (number) => {
      await gate.enter();
      order.push(number);
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    gate.leave('up');
    gate.leave('up');
    await Promise.all(waiting);
    expect(order).toEqual([3, 4]);
  });

  it('refuses who waits too long, and forgets them', async () => {
    await gate.enter();
    await gate.enter();
    await expect(gate.enter()).rejects.toThrow(GateClosed);
    gate.leave('up');
    await gate.enter();
  });

  it('refuses who gives up, before and while waiting', async () => {
    await expect(gate.enter(AbortSignal.abort())).rejects.toThrow(GateClosed);
    await gate.enter();
    await gate.enter();
    const controller = new AbortController();
    const waiting = gate.enter(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toThrow(GateClosed);
  });

  it('closes after failures in a row, not after some among successes', async () => {
    await fail(2);
    await gate.enter();
    gate.leave('up');
    await fail(2);
    await gate.enter();
    gate.leave('unclear');
    await fail(1);
    await expect(gate.enter()).rejects.toMatchObject({ retryAfterMs: 1_000 });
  });

  it('lets one probe a second through while closed, and opens when one succeeds', async () => {
    await fail(3);
    await expect(gate.enter()).rejects.toThrow(GateClosed);
    nowMs = 1_000;
    await gate.enter();
    await expect(gate.enter()).rejects.toThrow(GateClosed);
    nowMs = 1_999;
    await expect(gate.enter()).rejects.toMatchObject({ retryAfterMs: 1 });
    gate.leave('down');
    await expect(gate.enter()).rejects.toThrow(GateClosed);
    nowMs = 2_000;
    await gate.enter();
    gate.leave('up');
    await gate.enter();
    await gate.enter();
  });

  it('refuses those who wait when it closes', async () => {
    await fail(1);
    await gate.enter();
    await gate.enter();
    const waiting = gate.enter();
    gate.leave('down');
    await waiting;
    const refused = gate.enter();
    gate.leave('down');
    await expect(refused).rejects.toThrow(GateClosed);
  });
});
