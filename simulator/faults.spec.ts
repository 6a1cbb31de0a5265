import { describe, expect, it } from '@jest/globals';
import { Faults, parseFault, WrongFault } from './faults.js';

const post = { service: 'compute', method: 'POST', path: '/compute/v2.1/servers' } as const;
const get = { service: 'compute', method: 'GET', path: '/compute/v2.1/servers/1/action' } as const;

function hits(faults: Faults, request: typeof post | typeof get, times: number): string {
  return Array.from({ length: times }, () => (faults.strike(request).rule === null ? '-' : 'x')).join('');
}

describe('faults', () => {
  it('strike by method, path and service, all of them', () => {
    const faults = new Faults();
    faults.add({ method: 'post', path: '/servers$', service: 'compute', status: 503 });
    expect(faults.strike(post).rule?.status).toBe(503);
    expect(faults.strike(get).rule).toBeNull();
    expect(faults.strike({ ...post, service: 'volume' }).rule).toBeNull();
    expect(faults.strike({ ...post, path: '/compute/v2.1/servers/1' }).rule).toBeNull();
  });

  it('let some pass and are spent after some', () => {
    const faults = new Faults();
    faults.add({ status: 500, skip: 2, times: 3 });
    expect(hits(faults, post, 8)).toBe('--xxx---');
    expect(faults.list()).toMatchObject([{ hits: 3 }]);
  });

  it('strike with a probability, the same each time for the same seed', () => {
    const run = (seed: number): string => {
      const faults = new Faults();
      faults.seed(seed);
      faults.add({ status: 500, probability: 0.3 });
      return hits(faults, post, 1000);
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
    const share = run(7).replaceAll('-', '').length / 1000;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
  });

  it('add up delays; of the others the oldest strikes', () => {
    const faults = new Faults();
    faults.add({ delay_ms: 10 });
    faults.add({ delay_ms: 20, action: 'hang' });
    faults.add({ status: 503 });
    faults.add({ delay_ms: 40 });
    expect(faults.strike(post)).toMatchObject({ delayMs: 30, rule: { action: 'hang' } });
  });

  it('meet the next request by a template', () => {
    const faults = new Faults();
    faults.next('GET /servers/{id}/action', 409);
    expect(faults.strike(post).rule).toBeNull();
    expect(faults.strike(get).rule?.status).toBe(409);
    expect(faults.strike(get).rule).toBeNull();
  });

  it('can be taken away', () => {
    const faults = new Faults();
    const id = faults.add({ status: 500 });
    expect(faults.remove(id)).toBe(true);
    expect(faults.remove(id)).toBe(false);
    expect(faults.strike(post).rule).toBeNull();
  });

  it.each([
    { action: 'explode' },
    { service: 'dns' },
    { action: 'respond' },
    { status: 5 },
    { probability: 2 },
    { path: '(' },
    { times: 'twice' },
    { wait: 1 },
    'hang',
  ])('are refused when they make no sense: %j', (rule) => {
    expect(() => new Faults().add(parseFault(rule))).toThrow(WrongFault);
  });
});
