import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';

const origin = 'https://console.example.com';
const other = 'https://elsewhere.example.com';
const ofBrowsers = [
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
];

function words(answer: Answer<unknown>, header: string): string[] {
  return (answer.headers.get(header) ?? '').split(', ').map((word) => word.toLowerCase());
}

function expectNone(answer: Answer<unknown>): void {
  for (const header of ofBrowsers) expect([header, answer.headers.get(header)]).toEqual([header, null]);
}

/** What a browser asks before the request that it was told to send. */
const preflight = (app: TestApp, path: string, from: string, headers: Record<string, string> = {}) =>
  app.anonymous.request('OPTIONS', path, {
    headers: {
      origin: from,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,content-type,if-match',
      ...headers,
    },
  });

describe('a page of another origin', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({
      settings: {
        CORS_ORIGINS: `${origin}, http://localhost:5173`,
        TRUSTED_PROXIES: '127.0.0.1',
        RATE_LIMIT_ADDRESS: '1',
        RATE_LIMIT_ADDRESS_BURST: '10',
      },
    });
  });

  afterAll(async () => {
    await app.close();
  });

  let addresses = 0;
  /** Each from an address of its own, unless the test is about that. */
  const from = (given: string, address = `198.51.100.${String((addresses += 1))}`) => ({
    origin: given,
    'x-forwarded-for': address,
  });

  it('is told before a request what it may send, without a token', async () => {
    for (const allowed of [origin, 'http://localhost:5173']) {
      const answer = await preflight(app, '/servers/7', allowed);
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(answer.headers.get('access-control-allow-origin')).toBe(allowed);
      expect(words(answer, 'access-control-allow-methods')).toEqual(['get', 'head', 'post', 'put', 'delete']);
      expect(words(answer, 'access-control-allow-headers')).toEqual([
        'authorization',
        'content-type',
        'idempotency-key',
        'if-match',
        'if-none-match',
        'prefer',
        'x-request-id',
      ]);
      expect(Number(answer.headers.get('access-control-max-age'))).toBeGreaterThanOrEqual(600);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(words(answer, 'vary')).toContain('origin');
    }
  });

  it('may read what the answers say besides their body', async () => {
    const answer = await app.anonymous.get('/health/live', { headers: from(origin) });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect(words(answer, 'vary')).toContain('origin');
    expect(words(answer, 'access-control-expose-headers').sort()).toEqual([
      'allow',
      'content-disposition',
      'etag',
      'idempotent-replayed',
      'link',
      'location',
      'preference-applied',
      'ratelimit-limit',
      'ratelimit-remaining',
      'ratelimit-reset',
      'retry-after',
      'www-authenticate',
      'x-request-id',
    ]);
  });

  it('may read errors', async () => {
    const { anonymous } = app;
    const options = () => ({ headers: from(origin) });
    const login = { account_id: 'demo', password: 'whatever' };
    const answers = [
      await anonymous.get('/servers/%zz', options()),
      await anonymous.get('/servers', options()),
      await anonymous.get('/nowhere', options()),
      await anonymous.request('PATCH', '/servers', options()),
      await anonymous.post('/auth/login', '{', { headers: { ...from(origin), 'content-type': 'text/plain' } }),
      await anonymous.post('/auth/login', {}, options()),
    ];
    app.simulator.switchService('identity', 'down');
    try {
      answers.push(await anonymous.post('/auth/login', login, options()));
    } finally {
      app.simulator.switchService('identity', 'up');
    }
    expect(answers.map(({ status }) => status)).toEqual([400, 401, 404, 405, 415, 422, 503]);
    for (const { status, headers } of answers) {
      expect([status, headers.get('access-control-allow-origin')]).toEqual([status, origin]);
      expect([status, headers.get('access-control-expose-headers')]).toEqual([
        status,
        expect.stringMatching(/x-request-id/i),
      ]);
    }
  });

  it('may read that it asked too much, and asks what it may send as often as it likes', async () => {
    const address = '203.0.113.7';
    for (let i = 0; i < 30; i += 1) {
      expect((await preflight(app, '/servers', origin, from(origin, address))).status).toBe(204);
    }
    const ask = () => app.anonymous.get('/servers', { headers: from(origin, address) });
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(10);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get('access-control-allow-origin')).toBe(origin);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect((await preflight(app, '/servers', origin, from(origin, address))).status).toBe(204);
  });

  it.each([
    ['another host', other],
    ['another scheme', 'http://console.example.com'],
    ['another port', `${origin}:8443`],
    ['one that begins alike', `${origin}.evil.example`],
    ['none that can be named', 'null'],
  ])('is told nothing when it is of an origin that is not listed: %s', async (_what, unlisted) => {
    const asked = await preflight(app, '/servers', unlisted);
    expect(asked.status).toBe(405);
    expectNone(asked);
    const answer = await app.anonymous.get('/servers', { headers: from(unlisted) });
    expect(answer.status).toBe(401);
    expectNone(answer);
    expect(words(answer, 'vary')).toContain('origin');
  });

  it('leaves an OPTIONS that is no question of a browser what it was', async () => {
    const alone = await app.anonymous.request('OPTIONS', '/servers', { headers: from(origin) });
    expect([alone.status, alone.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    expect((await app.anonymous.request('OPTIONS', '/nowhere')).status).toBe(404);
  });
});

describe('CORS_ORIGINS', () => {
  it('lets no other origin in when it is not set', async () => {
    const app = await startApp();
    try {
      const asked = await preflight(app, '/servers', origin);
      expect(asked.status).toBe(405);
      expectNone(asked);
      const answer = await app.anonymous.get('/health/live', { headers: { origin } });
      expectNone(answer);
      expect(answer.headers.get('vary')).toBeNull();
    } finally {
      await app.close();
    }
  });

  it('may be * for every origin', async () => {
    const app = await startApp({ settings: { CORS_ORIGINS: '*' } });
    try {
      const asked = await preflight(app, '/servers', other);
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
      const answer = await app.anonymous.get('/servers', { headers: { origin: other } });
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    } finally {
      await app.close();
    }
  });
});
