import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { seed } from '../../simulator/seed.js';
import { defaultSettings } from '../../simulator/settings.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests } from '../support/floating-ips.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';

describe('conditional requests', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let floatingIps: FloatingIpRequests;
  let server: ServerBody;
  let path: string;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    floatingIps = new FloatingIpRequests(demo);
    server = await servers.create('tagged');
    path = `/servers/${String(server.id)}`;
  });

  afterAll(async () => {
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
  });

  async function tagOf(of: string): Promise<string> {
    return (await demo.get(of)).headers.get('etag') ?? '';
  }

  it('gives a single resource an ETag that stays while nothing changes', async () => {
    const tag = await tagOf(path);
    expect(tag).toMatch(/^"[A-Za-z0-9_-]{27}"$/);
    expect(await tagOf(path)).toBe(tag);
  });

  it('changes it with what a user can see', async () => {
    const before = await tagOf(path);
    const address = await floatingIps.allocate();
    await floatingIps.associate(server.network_interfaces[0]?.id ?? 0, address.id);
    const after = await tagOf(path);
    expect(after).not.toBe(before);
    await floatingIps.disassociate(server.network_interfaces[0]?.id ?? 0, address.id);
    expect(await tagOf(path)).toBe(before);
  });

  it.each(['%s', 'W/%s', '"other", %s', '*'])('answers 304 without a body to If-None-Match: %s', async (form) => {
    const tag = await tagOf(path);
    const answer = await demo.get(path, { headers: { 'if-none-match': form.replace('%s', tag) } });
    expect([answer.status, answer.body, answer.headers.get('etag')]).toEqual([304, undefined, tag]);
  });

  it('answers 200 when the client has something else', async () => {
    expect((await demo.get(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('a list has no ETag', async () => {
    expect((await demo.get('/servers')).headers.get('etag')).toBeNull();
  });

  it.each(['"other"', 'W/"other"', 'nonsense', ''])(
    'refuses a deletion with If-Match: %s, and does nothing',
    async (tag) => {
      const answer = await demo.delete<ProblemBody>(path, { headers: { 'if-match': tag } });
      expect([answer.status, answer.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      expect(await servers.get(server.id)).toMatchObject({ status: 'ACTIVE', operation: null });
    },
  );

  it.each(['nonsense', '', 'a, b', '"open'])('says so when If-Match is no tag at all: %s', async (given) => {
    const answer = await demo.delete<ProblemBody>(path, { headers: { 'if-match': given } });
    expect([answer.status, answer.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect(answer.body.detail).toBe('If-Match: must be the ETag of an earlier answer, with its double quotes, or *');
    expect(answer.body.errors).toMatchObject([{ field: 'If-Match', in: 'header', type: 'format' }]);
    const other = await demo.delete<ProblemBody>(path, { headers: { 'if-match': '"other"' } });
    expect(other.body.detail).toMatch(/^The resource has changed/);
    expect(other.body.errors).toBeUndefined();
  });

  it('asks for access before it looks at the tag', async () => {
    const foreign = await app.login('other');
    expect((await foreign.delete(path, { headers: { 'if-match': '"other"' } })).status).toBe(403);
    expect((await demo.delete('/servers/999999', { headers: { 'if-match': '"other"' } })).status).toBe(404);
  });

  it('carries a change out whose tag is the newest', async () => {
    const address = await floatingIps.allocate();
    const of = `/floating-ips/${String(address.id)}`;
    const tag = await tagOf(of);
    expect((await demo.delete(of, { headers: { 'if-match': tag } })).status).toBe(204);
    const second = await servers.create('short-lived');
    const answer = await demo.delete(`/servers/${String(second.id)}`, { headers: { 'if-match': '*' } });
    expect(answer.status).toBe(202);
    await demo.finished(answer);
  });

  describe('Prefer: respond-async', () => {
    const async = { headers: { prefer: 'respond-async' } };

    it('is answered by 202 at once, with the operation, and the work goes on', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/floatingips', delay_ms: 500, times: 1 });
      const answer = await demo.post<{ id: number; operation: { state: string } | null }>(
        '/floating-ips',
        { floating_network_id: seed.networks.public },
        async,
      );
      expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, 'respond-async']);
      expect(answer.body.operation?.state).toBe('RUNNING');
      expect((await demo.finished(answer)).state).toBe('SUCCEEDED');
      expect(await floatingIps.get(answer.body.id)).toMatchObject({ status: 'DOWN', operation: null });
    });

    it('changes nothing for who does not prefer it', async () => {
      const answer = await demo.post(
        '/floating-ips',
        { floating_network_id: seed.networks.public },
        {
          headers: { prefer: 'return=minimal' },
        },
      );
      expect([answer.status, answer.headers.get('preference-applied')]).toEqual([201, null]);
    });
  });
});
