import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { connect as connectTcp } from 'node:net';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';

const json = { 'content-type': 'application/json' };

describe('what is wrong with a request', () => {
  let app: TestApp;
  let demo: Api;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  function expectProblem(answer: Answer<ProblemBody>, status: number, code: string): void {
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({
      type: `urn:cloud-api:problem:${code.toLowerCase().replaceAll('_', '-')}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      message: answer.body.detail,
      instance: expect.stringMatching(/^\//),
      request_id: answer.headers.get('x-request-id'),
    });
  }

  const postText = (text: string, headers: Record<string, string> = json) =>
    demo.post<ProblemBody>('/servers', text, { headers });

  it.each([
    ['no JSON', '{"name":'],
    ['NaN', '{"name":NaN}'],
    ['a byte order mark', '\uFEFF{}'],
    ['__proto__', '{"__proto__":{"role":"admin"}}'],
    ['constructor', '{"constructor":{"prototype":{"role":"admin"}}}'],
    ['a key twice', '{"name":"a","name":"b"}'],
    ['50,000 levels', '['.repeat(50_000) + ']'.repeat(50_000)],
  ])('is 400 for %s (A2)', async (_what, text) => {
    const startedAt = performance.now();
    expectProblem(await postText(text), 400, 'MALFORMED_REQUEST');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(({} as Record<string, unknown>)['role']).toBeUndefined();
  });

  it.each([
    ['{"name":', 'line 1, column 9', 'it ends'],
    ['{"name":"secret-1"', 'line 1, column 19', 'it ends'],
    ['{"name":secret-1}', 'line 1, column 9', 'a value is expected'],
    ['{\n  "name": "secret-1",\n}', 'line 3, column 1', 'a key'],
    ["{'name': 'secret-1'}", 'line 1, column 2', 'a key'],
    ['{"name": "secret-1" "size": 1}', 'line 1, column 21', '"," or "}"'],
    ['[1 2]', 'line 1, column 4', '"," or "]"'],
    ['{"name" "secret-1"}', 'line 1, column 9', '":"'],
    ['{"name": "secret-1', 'line 1, column 10', 'text'],
    ['{"name": 007}', 'line 1, column 11', '"," or "}"'],
    ['{} {}', 'line 1, column 4', 'the end'],
  ])('says where %s is no JSON, and repeats nothing of it', async (text, where, what) => {
    const answer = await postText(text);
    expectProblem(answer, 400, 'MALFORMED_REQUEST');
    expect(answer.body.detail).toContain(`not valid JSON at ${where}`);
    expect(answer.body.detail).toContain(what);
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(answer.body.errors).toMatchObject([{ field: '', message: expect.stringContaining(where), type: 'json' }]);
  });

  it.each([
    ['{"name":"a","name":"b"}', 'name', 'duplicate_key'],
    ['{"root_volume":{"size":1,"image_id":"x","\\u0073ize":2}}', 'root_volume.size', 'duplicate_key'],
    ['{"rules":[{},[1,{"a":{},"a":{}}]]}', 'rules.1.1.a', 'duplicate_key'],
    ['{"rules":[{"__proto__":1}]}', 'rules.0.__proto__', 'forbidden_key'],
  ])('names the key that is at fault in %s', async (text, field, type) => {
    const answer = await postText(text);
    expectProblem(answer, 400, 'MALFORMED_REQUEST');
    expect(answer.body.errors).toMatchObject([{ field, type }]);
    expect(answer.body.detail).toContain(field);
  });

  it.each([
    ['a lone surrogate', '{"name":"\\ud800"}'],
    ['1e400', '{"name":1e400}'],
    ['a list', '[]'],
    ['a text', '"name"'],
    ['10,000 keys', `{${Array.from({ length: 10_000 }, (_, i) => `"${String(i)}":1`).join(',')}}`],
  ])('is 422 for %s (A2)', async (_what, text) => {
    expectProblem(await postText(text), 422, 'VALIDATION_FAILED');
  });

  it.each(['null', '[]', '"name"', '7', 'true'])('says that %s is no object', async (text) => {
    const answer = await postText(text);
    expectProblem(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual([{ field: '', in: 'body', message: 'must be a JSON object', type: 'object' }]);
  });

  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', { 'content-type': 'text/plain' }],
    ['XML', { 'content-type': 'application/xml' }],
    ['a kind of JSON', { 'content-type': 'application/merge-patch+json' }],
    ['nothing', { 'content-type': '' }],
  ])('is 415 for %s (A3)', async (_what, headers) => {
    const answer = await postText('{"name":"a"}', headers);
    expectProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE');
    expect(answer.body.detail).toBe('The body must be JSON, and Content-Type must say application/json');
    expect(answer.body.errors).toMatchObject([{ field: 'Content-Type', in: 'header', type: 'unsupported' }]);
  });

  it('is 413 past 100 KiB, and past 200 KiB for a new server (A1)', async () => {
    const body = (bytes: number) => `{"name":"${'a'.repeat(bytes - 11)}"}`;
    expectProblem(await demo.post('/floating-ips', body(100 * 1024 + 1)), 413, 'BODY_TOO_LARGE');
    expectProblem(await demo.post('/floating-ips', body(100 * 1024)), 422, 'VALIDATION_FAILED');
    expectProblem(await demo.post('/servers', body(150 * 1024)), 422, 'VALIDATION_FAILED');
    expectProblem(await demo.post('/servers', body(200 * 1024 + 1)), 413, 'BODY_TOO_LARGE');
  });

  it('says how large a body may be, of each route (A1)', async () => {
    for (const [path, limit] of [
      ['/floating-ips', 102_400],
      ['/servers', 204_800],
    ] as const) {
      const answer = await demo.post<ProblemBody>(path, 'x'.repeat(limit + 1));
      expectProblem(answer, 413, 'BODY_TOO_LARGE');
      expect(answer.body.detail).toBe(`The body must have at most ${String(limit)} bytes on this route`);
      expect(answer.body.errors).toMatchObject([{ field: '', in: 'body', type: 'bytes' }]);
    }
  });

  it.each(['gzip', 'br', 'GZIP', 'deflate, gzip'])('says that a body cannot come as %s', async (encoding) => {
    const answer = await demo.request<ProblemBody>('POST', '/servers', {
      body: '{"name":"a"}',
      headers: { ...json, 'content-encoding': encoding },
    });
    expectProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE');
    expect(answer.body.detail).toBe('Content-Encoding is not supported; send the body as it is, without it');
    expect(answer.body.errors).toMatchObject([{ field: 'Content-Encoding', in: 'header', type: 'unsupported' }]);
  });

  it('takes a body that is said to be encoded as nothing', async () => {
    expectProblem(await postText('{}', { ...json, 'content-encoding': 'identity' }), 422, 'VALIDATION_FAILED');
  });

  it('is 413 for a stream without an end, which is cut off early (A1)', async () => {
    const { port } = new URL(app.url);
    const { answer, sent } = await new Promise<{ answer: string; sent: number }>((resolve) => {
      const socket = connectTcp(Number(port), '127.0.0.1');
      let [text, bytes] = ['', 0];
      socket.on('data', (data) => (text += data.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve({ answer: text, sent: bytes });
      });
      const authorization = `Authorization: Bearer ${demo.token ?? ''}\r\n`;
      socket.write(
        `POST /servers HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
      const pump = (): void => {
        if (socket.destroyed || bytes > 50_000_000) return void socket.destroy();
        bytes += chunk.length;
        socket.write(chunk, () => setImmediate(pump));
      };
      pump();
    });
    expect(answer).toContain('413');
    expect(sent).toBeLessThan(20_000_000);
  });

  it('is 404 for a path that no route has, and 405 with Allow for a method that none has', async () => {
    expectProblem(await demo.get('/nowhere'), 404, 'ROUTE_NOT_FOUND');
    expectProblem(await demo.get('/servers/'), 404, 'ROUTE_NOT_FOUND');
    const collection = await demo.request<ProblemBody>('PATCH', '/servers');
    expectProblem(collection, 405, 'METHOD_NOT_ALLOWED');
    expect(collection.headers.get('allow')).toBe('GET, HEAD, POST');
    const single = await demo.request<ProblemBody>('POST', '/servers/7');
    expect([single.status, single.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD']);
  });

  it('is 400 for a path that cannot be decoded', async () => {
    expectProblem(await demo.get('/servers/%zz'), 400, 'MALFORMED_REQUEST');
  });

  it('is 400 for what is no HTTP, and the connection is closed', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(Number(new URL(app.url).port), '127.0.0.1');
      let text = '';
      socket
        .on('data', (data) => (text += data.toString()))
        .on('close', () => {
          resolve(text);
        });
      socket.write('GET / HTTP/9.9\r\nnonsense\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'MALFORMED_REQUEST', status: 400 });
  });

  it('is not an Expect that nobody knows: it is answered like any other request', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(Number(new URL(app.url).port), '127.0.0.1');
      let text = '';
      socket
        .on('data', (data) => (text += data.toString()))
        .on('close', () => {
          resolve(text);
        });
      socket.write('GET /servers HTTP/1.1\r\nHost: x\r\nExpect: the-best\r\nConnection: close\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.toLowerCase()).toContain('\r\nx-request-id: ');
    expect(answer).toContain('"code":"INVALID_ACCESS_TOKEN"');
  });

  it('keeps the id of a request that was sent with it, if it is a sound one', async () => {
    const idOf = async (given: string) =>
      (await app.anonymous.get('/health/live', { headers: { 'x-request-id': given } })).headers.get('x-request-id');
    expect(await idOf('trace-1.a_B')).toBe('trace-1.a_B');
    for (const unsound of ['a b', 'ä'.normalize('NFD').slice(0, 1) + '/', 'x'.repeat(65), '"', '<script>']) {
      expect(await idOf(unsound)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('is 500 for a bug of ours, with nothing inside but the id of the request', async () => {
    await database.query('RENAME TABLE network_interface_security_group TO hidden_for_a_test');
    try {
      await database.query('RENAME TABLE operation_lock TO hidden_too');
      const answer = await demo.get<ProblemBody>('/servers');
      expectProblem(answer, 500, 'INTERNAL_ERROR');
      expect(JSON.stringify(answer.body)).not.toMatch(/hidden|operation_lock|SELECT|mysql|at .*\.[jt]s/i);
    } finally {
      await database.query('RENAME TABLE hidden_too TO operation_lock');
      await database.query('RENAME TABLE hidden_for_a_test TO network_interface_security_group');
    }
  });

  it('answers HEAD like GET, without a body', async () => {
    const answer = await demo.request('HEAD', '/servers');
    expect([answer.status, answer.body]).toEqual([200, undefined]);
  });
});
