import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { insideTransaction } from '../../src/common/transaction-scope.js';
import { readConfig } from '../../src/config/config.js';
import { adminCall, projectCall, type OpenStackCall } from '../../src/openstack/openstack-call.js';
import { MetricRegistry } from '../../src/common/metrics.js';
import { OpenStackConnection } from '../../src/openstack/openstack-connection.js';
import {
  OpenStackError,
  OpenStackUnauthorized,
  OpenStackUnavailable,
  OpenStackUnknownOutcome,
} from '../../src/openstack/openstack-errors.js';
import { OpenStackHttp, type OpenStackRequest } from '../../src/openstack/openstack-http.js';
import { collect, followPages, nextLink, pageLinks } from '../../src/openstack/openstack-paging.js';
import { OpenStackTokens } from '../../src/openstack/openstack-tokens.js';
import { HostileServer, inTurn, json, text, type Answer } from './hostile-server.js';

jest.setTimeout(60_000);

/** Long enough for a busy machine; what is about silence sets a shorter one. */
const timeoutMs = 5_000;
const shortTimeout = { HTTP_TIMEOUT_MS: '400' };
const thing = z.object({ thing: z.object({ id: z.string() }) });
const post: OpenStackRequest = {
  service: 'network',
  method: 'POST',
  path: '/things',
  operation: 'POST /v2.0/things',
  body: { thing: {} },
  ok: [200, 201],
};
const get: OpenStackRequest = {
  service: 'network',
  method: 'GET',
  path: '/things',
  operation: 'GET /v2.0/things',
  ok: [200],
};

describe('the transport', () => {
  let server: HostileServer;
  let connection: OpenStackConnection;
  let tokens: OpenStackTokens;
  let http: OpenStackHttp;

  beforeEach(async () => {
    server = await HostileServer.start();
    connect();
  });
  afterEach(async () => {
    connection.onApplicationShutdown();
    await server.close();
  });

  function connect(more: Readonly<Record<string, string>> = {}): void {
    const config = readConfig({
      SECRET_KEY: 'only-for-the-tests-of-the-transport',
      HTTP_TIMEOUT_MS: String(timeoutMs),
      OS_AUTH_URL: server.url,
      OS_USERNAME: 'service',
      OS_PASSWORD: 'canary-password',
      OS_PROJECT_NAME: 'admin',
      ...more,
    });
    connection = new OpenStackConnection(config, new MetricRegistry());
    tokens = new OpenStackTokens(config, connection);
    http = new OpenStackHttp(config, connection, tokens);
  }

  function send(request: OpenStackRequest = post, call: OpenStackCall = adminCall): Promise<unknown> {
    return http.send({ ...request, schema: thing, call });
  }

  async function failure(sending: Promise<unknown>): Promise<OpenStackError> {
    const error = await sending.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(OpenStackError);
    return error as OpenStackError;
  }

  describe('sends', () => {
    it('what it is told, with its own request id, to the endpoint of the catalogue', async () => {
      const request: OpenStackRequest = {
        ...post,
        service: 'compute',
        microversion: '2.79',
        query: { limit: 5, tags: ['a b', 'c&d'], all: true },
        headers: { 'If-Match': 'revision_number=3' },
      };
      const answer = await http.send({ ...request, schema: thing, call: adminCall });
      expect(answer.data).toEqual({ thing: { id: 'a' } });
      const [received] = server.received;
      expect(received).toMatchObject({
        method: 'POST',
        url: '/compute/v2.1/things?limit=5&tags=a+b&tags=c%26d&all=true',
        body: '{"thing":{}}',
        headers: {
          'x-auth-token': 'canary-token-1',
          'openstack-api-version': 'compute 2.79',
          'if-match': 'revision_number=3',
          'content-type': 'application/json',
          'user-agent': 'openstack-cloud-api',
        },
      });
      expect(received?.headers['x-openstack-request-id']).toMatch(/^req-[0-9a-f-]{36}$/);
      expect(answer.requestId).toBe(received?.headers['x-openstack-request-id']);
    });

    it('on a connection that it keeps', async () => {
      await send();
      await send();
      expect(server.received[1]?.connection).toBe(server.received[0]?.connection);
    });

    it('to the service itself, whatever proxies the environment names', async () => {
      process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
      try {
        await send();
      } finally {
        delete process.env['HTTP_PROXY'];
      }
      expect(server.received).toHaveLength(1);
    });

    it('no more at once than the setting allows', async () => {
      connect({ OPENSTACK_CONCURRENCY: '3' });
      server.answer = (request, response, socket) =>
        void sleep(20).then(() => {
          json(200, { thing: { id: 'a' } })(request, response, socket);
        });
      await send();
      await Promise.all(Array.from({ length: 12 }, () => send()));
      expect(server.received).toHaveLength(13);
      expect(server.mostAtOnce).toBe(3);
    });

    it('nothing from inside a transaction', async () => {
      await expect(insideTransaction(() => send())).rejects.toThrow(
        'POST /v3/auth/tokens was called inside a database transaction',
      );
      expect(server.tokenRequests).toHaveLength(0);
    });
  });

  describe('has an unknown outcome', () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    const cut: Answer = (_, response, socket) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('{"thing":');
      setTimeout(() => socket.destroy(), 20);
    };
    const cutChunks: Answer = (_, response, socket) => {
      response.writeHead(200);
      response.write('{"thing":{"id":"a"}}');
      setTimeout(() => socket.destroy(), 20);
    };
    const dripping: Answer = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => {
        clearInterval(timer);
      });
    };

    it.each<[string, Answer, RegExp]>([
      ['a fault', json(500, { computeFault: { code: 500, message: 'Unexpected API Error.' } }), /Unexpected API Error/],
      ['a gateway', text(502, '<html><h1>Bad Gateway</h1></html>'), /^Bad Gateway$/],
      ['HTML', text(200, '<html>Welcome</html>', { 'Content-Type': 'text/html' }), /not JSON/],
      ['nothing', text(200, ''), /empty/],
      ['half of it', text(200, '{"thing":{"id"'), /not JSON/],
      ['wrong types', json(200, { thing: { id: 7 } }), /thing\.id/],
      ['no id', json(200, { thing: {} }), /thing\.id/],
      ['null', json(200, null), /cannot be read/],
      ['another success', json(202, { thing: { id: 'a' } }), /not expected/],
      ['no content', text(204, ''), /not expected/],
      ['a choice', json(300, { versions: [] }), /not expected/],
      ['a body of 10 MB', json(200, { thing: { id: 'a', more: 'x'.repeat(10 * 1024 * 1024) } }), /maxContentLength/],
      ['a body that swells', text(200, bomb, { 'Content-Encoding': 'gzip' }), /maxContentLength/],
      ['no gzip', text(200, 'plain', { 'Content-Encoding': 'gzip' }), /./],
      ['a cut body', cut, /./],
      ['a cut body without length', cutChunks, /./],
      ['no HTTP', (_, __, socket) => void socket.end('SSH-2.0-OpenSSH_9\r\n'), /./],
      ['a reset', (_, __, socket) => void socket.resetAndDestroy(), /./],
      ['an end', (_, __, socket) => void socket.end(), /./],
      [
        'two lengths',
        (_, __, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}'),
        /./,
      ],
      [
        'endless headers',
        (_, __, socket) => void socket.end(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`),
        /./,
      ],
    ])('on %s', async (_, answer, expected) => {
      await tokens.admin();
      server.answer = answer;
      const error = await failure(send());
      expect(error).toBeInstanceOf(OpenStackUnknownOutcome);
      expect(error.text).toMatch(expected);
      expect(error.operation).toBe('POST /v2.0/things');
      expect(error.requestId).toMatch(/^req-/);
      expect(server.received).toHaveLength(1);
    });

    it.each<[string, Answer]>([
      ['no answer', () => undefined],
      ['a body that never ends', dripping],
    ])('on %s, when the time is over', async (_, answer) => {
      connect(shortTimeout);
      await tokens.admin();
      server.answer = answer;
      expect(await failure(send())).toMatchObject({ name: 'OpenStackUnknownOutcome', text: 'no whole answer in time' });
      expect(server.received).toHaveLength(1);
    });

    it('on a redirect, which it does not follow: the token goes nowhere else', async () => {
      const elsewhere = await HostileServer.start();
      for (const [status, location] of [
        [301, `${elsewhere.url}/network/v2.0/things`],
        [302, 'http://169.254.169.254/latest/meta-data'],
        [307, `${elsewhere.url}/network/v2.0/things`],
        [308, '/network/v2.0/things/'],
      ] as const) {
        server.answer = text(status, '', { Location: location });
        expect(await failure(send(status === 301 ? get : post))).toMatchObject({
          name: 'OpenStackUnknownOutcome',
          status,
        });
      }
      expect(server.received).toHaveLength(4);
      expect(elsewhere.received).toHaveLength(0);
      await elsewhere.close();
    });

    it('when the caller gives up after it was sent', async () => {
      await tokens.admin();
      const controller = new AbortController();
      server.answer = () => {
        controller.abort();
      };
      expect(await failure(send(post, { ...adminCall, signal: controller.signal }))).toBeInstanceOf(
        OpenStackUnknownOutcome,
      );
    });
  });

  it('reads as much as the request allows, and a body that is too long is no service that is down', async () => {
    server.answer = json(200, { thing: { id: 'a', more: 'x'.repeat(10 * 1024 * 1024) } });
    await expect(send({ ...get, largestBytes: 11 * 1024 * 1024 })).resolves.toMatchObject({
      data: { thing: { id: 'a' } },
    });
    for (let times = 0; times < 6; times += 1) {
      expect(await failure(send(get))).toMatchObject({ name: 'OpenStackUnknownOutcome', type: 'AnswerTooLarge' });
    }
    expect(server.received).toHaveLength(7);
  });

  it('reads JSON whatever its content type says', async () => {
    server.answer = text(200, '{"thing":{"id":"a"}}', { 'Content-Type': 'text/html' });
    await expect(send()).resolves.toMatchObject({ data: { thing: { id: 'a' } } });
  });

  it('tells how long a failing service wants to be left alone', async () => {
    server.answer = text(503, '', { 'Retry-After': '7' });
    expect(await failure(send())).toMatchObject({ name: 'OpenStackUnknownOutcome', retryAfterMs: 7_000 });
  });

  it("shows the service's own request id where it gives one", async () => {
    server.answer = json(404, {}, { 'x-compute-request-id': 'req-theirs' });
    expect(await failure(send())).toMatchObject({ name: 'OpenStackNotFound', requestId: 'req-theirs' });
  });

  describe('was certainly not sent', () => {
    it('when nobody listens', async () => {
      await tokens.admin();
      await server.close();
      await sleep(50);
      const error = await failure(send());
      expect(error).toBeInstanceOf(OpenStackUnavailable);
      expect(error.text).toMatch(/ECONNREFUSED/);
      server = await HostileServer.start();
    });

    it('when the name is not known', async () => {
      connect({ OS_NETWORK_ENDPOINT_OVERRIDE: 'http://no-such-host.invalid/network' });
      expect(await failure(send())).toBeInstanceOf(OpenStackUnavailable);
    });

    it('when the catalogue has no such service', async () => {
      connect({ OS_REGION_NAME: 'elsewhere' });
      expect(await failure(send())).toMatchObject({
        name: 'OpenStackUnavailable',
        text: 'the catalogue has no public endpoint of the service in region elsewhere',
      });
    });

    it('when the caller had given up before', async () => {
      await tokens.admin();
      expect(await failure(send(post, { ...adminCall, signal: AbortSignal.abort() }))).toBeInstanceOf(
        OpenStackUnavailable,
      );
      expect(server.received).toHaveLength(0);
    });

    it('when what runs before says no', async () => {
      const beforeSend = () => Promise.reject(new Error('the lease is lost'));
      connect({ OPENSTACK_CONCURRENCY: '1' });
      await expect(send(post, { ...adminCall, beforeSend })).rejects.toThrow('the lease is lost');
      expect(server.received).toHaveLength(0);
      await send();
    });
  });

  describe('with a service that is down', () => {
    it('sends one probe a second, refuses the rest, and goes on when it is back', async () => {
      await tokens.admin();
      server.answer = text(503, '');
      for (let count = 0; count < 5; count += 1) await failure(send());
      expect(server.received).toHaveLength(5);
      const startedAt = performance.now();
      const errors: OpenStackError[] = [];
      for (let count = 0; count < 50; count += 1) errors.push(await failure(send()));
      const seconds = Math.floor((performance.now() - startedAt) / 1_000);
      expect(server.received.length).toBeLessThanOrEqual(6 + seconds);
      expect(errors).toContainEqual(
        expect.objectContaining({ name: 'OpenStackUnavailable', text: expect.stringContaining('failing') }),
      );
      server.answer = json(200, { thing: { id: 'a' } });
      await sleep(1_100);
      await send();
      await send();
    });

    it('goes on with the other services', async () => {
      await tokens.admin();
      server.answer = (request, response, socket) => {
        (request.url.startsWith('/network') ? text(503, '') : json(200, { thing: { id: 'a' } }))(
          request,
          response,
          socket,
        );
      };
      for (let count = 0; count < 5; count += 1) await failure(send());
      await send({ ...post, service: 'compute' });
    });

    it('does not take a fault of one request for a service that is down', async () => {
      server.answer = text(500, '');
      for (let count = 0; count < 8; count += 1) expect(await failure(send())).toBeInstanceOf(OpenStackUnknownOutcome);
      expect(server.received).toHaveLength(8);
    });
  });

  describe('with tokens', () => {
    it('fetches one for all who wait, and one a project', async () => {
      await Promise.all(Array.from({ length: 20 }, () => send()));
      expect(server.tokenRequests).toHaveLength(1);
      await Promise.all(Array.from({ length: 20 }, () => send(post, projectCall('p2'))));
      expect(server.tokenRequests).toHaveLength(2);
      expect(JSON.parse(server.tokenRequests[1]?.body ?? '')).toMatchObject({
        auth: { scope: { project: { id: 'p2' } } },
      });
    });

    it('gets a new one when it is refused, and sends once more', async () => {
      const before: number[] = [];
      const beforeSend = () => {
        before.push(server.received.length);
        return Promise.resolve();
      };
      server.answer = inTurn(json(401, {}), json(200, { thing: { id: 'a' } }));
      await send(post, { ...adminCall, beforeSend });
      expect(server.received.map(({ headers }) => headers['x-auth-token'])).toEqual([
        'canary-token-1',
        'canary-token-2',
      ]);
      expect(before).toEqual([0, 1]);
      await send();
      expect(server.received[2]?.headers['x-auth-token']).toBe('canary-token-2');
    });

    it('is unauthorized when the new one is refused too', async () => {
      server.answer = json(401, {});
      expect(await failure(send())).toBeInstanceOf(OpenStackUnauthorized);
      expect(server.received).toHaveLength(2);
      expect(server.tokenRequests).toHaveLength(2);
    });

    it.each<[string, Answer]>([
      [
        'is refused',
        json(401, { error: { code: 401, message: 'The request you have made requires authentication.' } }),
      ],
      ['is forbidden', json(403, {})],
      ['is not found', json(404, {})],
      ['comes too often', text(429, '', { 'Retry-After': '3' })],
      ['fails', json(500, {})],
      ['cannot be read', text(201, 'welcome', { 'X-Subject-Token': 'x' })],
      ['is missing', json(201, { token: {} })],
      ['does not come', () => undefined],
    ])('sends nothing when a token %s, and says so', async (_, answer) => {
      connect(shortTimeout);
      server.answerToken = answer;
      const error = await failure(send());
      expect(error).toBeInstanceOf(OpenStackUnavailable);
      expect(error.service).toBe('identity');
      expect(server.received).toHaveLength(0);
    });

    it('renews one at four fifths of its life, by whatever clock Keystone has', async () => {
      const anHourAgo = new Date(Date.now() - 3_600_000);
      server.answerToken = (_, response) => {
        server.issueToken(response, 4_000, anHourAgo);
      };
      await send();
      await send();
      expect(server.tokenRequests).toHaveLength(1);
      await sleep(3_300);
      await send();
      expect(server.tokenRequests).toHaveLength(2);
    });

    it('goes on with the old one while Keystone is away, until it ends', async () => {
      server.answerToken = (_, response) => {
        server.issueToken(response, 10_000);
      };
      await send();
      server.answerToken = text(503, '');
      await sleep(8_100);
      await send();
      await send();
      expect(server.tokenRequests).toHaveLength(2);
      await sleep(2_000);
      expect(await failure(send())).toMatchObject({ service: 'identity' });
    }, 60_000);

    it('shows neither token nor password in any error', async () => {
      connect(shortTimeout);
      const errors: unknown[] = [];
      for (const answer of [json(400, {}), json(500, {}), text(200, '<html>'), () => undefined] as const) {
        server.answer = answer;
        errors.push(await failure(send()));
      }
      await server.close();
      errors.push(await failure(send()));
      tokens.drop('canary-token-1');
      errors.push(await failure(send()));
      expect(errors).toHaveLength(6);
      expect(inspect(errors, { depth: 20, showHidden: true })).not.toMatch(/canary/);
      server = await HostileServer.start();
    });
  });

  describe('reads lists', () => {
    const page = z
      .object({ things: z.array(z.object({ id: z.string() })), things_links: pageLinks })
      .transform((body) => ({ items: body.things.map(({ id }) => id), next: nextLink(body.things_links) }));

    function list(limit = 2): AsyncGenerator<readonly string[]> {
      const { service, path, operation } = get;
      return followPages(http, { service, path, operation, query: { limit }, schema: page, call: adminCall });
    }

    function linked(ids: readonly string[], next: string | null): Answer {
      const things_links =
        next === null
          ? []
          : [
              { rel: 'previous', href: 'x' },
              { rel: 'next', href: next },
            ];
      return json(200, { things: ids.map((id) => ({ id })), things_links });
    }

    it('to the end', async () => {
      server.answer = inTurn(
        linked(['a', 'b'], `${server.url}/network/v2.0/things?limit=2&marker=b`),
        linked(['c'], null),
      );
      expect(await collect(list())).toEqual(['a', 'b', 'c']);
      expect(server.received.map(({ url }) => url)).toEqual([
        '/network/v2.0/things?limit=2',
        '/network/v2.0/things?limit=2&marker=b',
      ]);
    });

    it('from the host of the endpoint, whatever the link says', async () => {
      const elsewhere = await HostileServer.start();
      server.answer = inTurn(
        linked(['a'], `${elsewhere.url}/other/path?limit=2&marker=a`),
        linked(['b'], 'http://169.254.169.254/?marker=b'),
        linked(['c'], null),
      );
      expect(await collect(list())).toEqual(['a', 'b', 'c']);
      expect(server.received.map(({ url }) => url.split('?')[0])).toEqual(Array(3).fill('/network/v2.0/things'));
      expect(elsewhere.received).toHaveLength(0);
      await elsewhere.close();
    });

    it.each<[string, () => Answer, number]>([
      ['links that lead to themselves', () => linked(['a'], '/things?limit=2'), 1],
      [
        'links that lead in a circle',
        () => inTurn(linked(['a'], '?marker=a'), linked(['b'], '?marker=b'), linked(['c'], '?marker=a')),
        3,
      ],
      ['a marker that has gone', () => inTurn(linked(['a'], '?marker=a'), json(404, {})), 2],
      ['a marker that is refused', () => inTurn(linked(['a'], '?marker=a'), json(400, {})), 2],
    ])('not to the end with %s', async (_, answer, requests) => {
      server.answer = answer();
      expect(await failure(collect(list()))).toMatchObject({ name: 'OpenStackUnknownOutcome', type: 'IncompleteList' });
      expect(server.received).toHaveLength(requests);
    });

    it('of a thousand pages at most', async () => {
      let count = 0;
      server.answer = (request, response, socket) => {
        count += 1;
        linked([String(count)], `?marker=${String(count)}`)(request, response, socket);
      };
      expect(await failure(collect(list()))).toMatchObject({
        type: 'IncompleteList',
        text: expect.stringContaining('1000'),
      });
      expect(server.received).toHaveLength(1_000);
    });

    it('as refused when the first page is', async () => {
      server.answer = json(403, {});
      expect(await failure(collect(list()))).toMatchObject({ name: 'OpenStackRefused', status: 403 });
    });
  });
});
