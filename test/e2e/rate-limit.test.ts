import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import type { ProblemBody } from '../support/servers.js';

describe('rate limits', () => {
  let app: TestApp;
  let demo: Api;

  beforeAll(async () => {
    app = await startApp({
      settings: {
        TRUSTED_PROXIES: '127.0.0.1',
        RATE_LIMIT_SESSION: '5',
        RATE_LIMIT_SESSION_BURST: '20',
        RATE_LIMIT_ADDRESS: '5',
        RATE_LIMIT_ADDRESS_BURST: '40',
      },
    });
    demo = await app.login('demo');
  });

  afterAll(async () => {
    await app.close();
  });

  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

  it('turn a session away that asks too much, and nobody else (A25)', async () => {
    const mate = await app.login('mate');
    // From many addresses, so that only the session counts.
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => demo.get<ProblemBody>('/servers', from(`203.0.113.${String(index)}`))),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(25);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(20);
    expect(refused[0]?.body.code).toBe('TOO_MANY_REQUESTS');
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused[0]?.headers.get('ratelimit-limit')).toBe('20');
    expect(refused[0]?.headers.get('ratelimit-remaining')).toBe('0');
    expect((await mate.get('/servers', from('203.0.113.200'))).status).toBe(200);
  });

  it('turn an address away that asks too much, without looking at its token', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => app.anonymous.get<ProblemBody>('/servers', from('198.51.100.7'))),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(40);
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(40);
    expect((await app.anonymous.get('/servers', from('198.51.100.8'))).status).toBe(401);
  });

  it('never turn away who looks after our health', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => app.anonymous.get('/health/live', from('198.51.100.9'))),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});
