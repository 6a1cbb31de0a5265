import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { FloatingIpRequests, type FloatingIpBody } from '../support/floating-ips.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';

interface ListBody {
  readonly floating_ips: readonly FloatingIpBody[];
  readonly next_cursor: string | null;
}

describe('floating IPs', () => {
  let app: TestApp;
  let demo: Api;
  let floatingIps: FloatingIpRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    floatingIps = new FloatingIpRequests(demo);
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.setQuotas(seed.projects.demo, { floatingip: -1 });
  });

  const inNeutron = () => app.simulator.inventory().floating_ips;
  const neutronOf = ({ openstack_id: id }: FloatingIpBody) => inNeutron().find((floatingIp) => floatingIp.id === id);

  async function row(id: number): Promise<RowDataPacket | undefined> {
    const [rows] = await database.query<RowDataPacket[]>(
      'SELECT status, deleted_reason, deleted_at IS NULL AS isLive, fault_code FROM floating_ip WHERE id = ?',
      [id],
    );
    return rows[0];
  }

  describe('POST /floating-ips', () => {
    it('answers 201 with an address that is DOWN, carries our marker, and reads the same later', async () => {
      const answer = await floatingIps.post();
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({
        address: expect.stringMatching(/^198\.18\.\d+\.\d+$/),
        status: 'DOWN',
        project_id: demo.login?.project_id,
        floating_network_id: seed.networks.public,
        network_interface_id: null,
        server_id: null,
        server: null,
        fault: null,
        operation: null,
      });
      expect(await floatingIps.get(answer.body.id)).toEqual(answer.body);
      const [rows] = await database.query<RowDataPacket[]>('SELECT uuid FROM floating_ip WHERE id = ?', [
        answer.body.id,
      ]);
      expect(neutronOf(answer.body)).toMatchObject({
        address: answer.body.address,
        project_id: seed.projects.demo,
        marker: expect.stringMatching(new RegExp(`^cloud-api:[^:]+:${String(rows[0]?.['uuid'])}$`)),
      });
    });

    it.each([
      ['unknown', '11111111-1111-4111-8111-111111111111'],
      ['not external', seed.networks.private],
    ])('answers 404 for a network that is %s, before anything is made', async (_what, networkId) => {
      const before = inNeutron().length;
      const answer = await demo.post<ProblemBody>('/floating-ips', { floating_network_id: networkId });
      expect(answer.status).toBe(404);
      expect(answer.body).toMatchObject({ code: 'NETWORK_NOT_FOUND', errors: [{ field: 'floating_network_id' }] });
      expect(answer.body.operation_id).toBeUndefined();
      expect(inNeutron()).toHaveLength(before);
    });

    it('answers 404 from the operation when the catalogue could not be read before', async () => {
      const fresh = await startApp({ simulator: app.simulator, schema: app.schema });
      try {
        const api = await fresh.login('demo');
        app.simulator.faults.add({ service: 'image', status: 503, times: 1 });
        const answer = await api.post<ProblemBody>('/floating-ips', { floating_network_id: seed.networks.private });
        expect(answer.status).toBe(404);
        expect(answer.body).toMatchObject({ code: 'NETWORK_NOT_FOUND', operation_id: expect.any(Number) });
        const operation = await api.finished(answer.body.operation_id ?? 0);
        expect(operation).toMatchObject({ state: 'FAILED', kind: 'floating-ip.allocate' });
        expect(await row(operation.resource.id)).toMatchObject({ isLive: 0, deleted_reason: 'compensation' });
      } finally {
        await fresh.close();
      }
    });

    it('answers 409 QUOTA_EXCEEDED with Neutron’s words, and keeps nothing', async () => {
      const used = app.simulator.cloud.used(seed.projects.demo, 'floatingip');
      app.simulator.setQuotas(seed.projects.demo, { floatingip: used });
      const before = { objects: inNeutron().length, list: await listIds() };
      const answer = await demo.post<ProblemBody>('/floating-ips', { floating_network_id: seed.networks.public });
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: 'QUOTA_EXCEEDED',
        detail: expect.stringContaining('floatingip'),
        operation_id: expect.any(Number),
        openstack_request_ids: [expect.stringMatching(/^req-/)],
      });
      const operation = await demo.finished(answer.body.operation_id ?? 0);
      expect(operation.state).toBe('FAILED');
      expect(await row(operation.resource.id)).toMatchObject({
        isLive: 0,
        deleted_reason: 'compensation',
        fault_code: 'QUOTA_EXCEEDED',
      });
      expect({ objects: inNeutron().length, list: await listIds() }).toEqual(before);
    });

    it.each(['reset-before', 'reset-after', 'respond-after', 'late-commit', 'html', 'truncate'] as const)(
      'makes one address when the answer is lost: %s',
      async (action) => {
        const before = inNeutron().length;
        app.simulator.faults.add({
          method: 'POST',
          path: '/floatingips$',
          action,
          times: 1,
          ...(action === 'respond-after' ? { status: 502 } : {}),
          ...(action === 'late-commit' ? { delay_ms: 500 } : {}),
        });
        const { body, status } = await floatingIps.post();
        expect(status).toBe(201);
        expect(inNeutron()).toHaveLength(before + 1);
        expect(neutronOf(body)).toBeDefined();
      },
    );

    it('answers 202 while Neutron is away, and the address comes when it is back', async () => {
      const away = await startApp({
        simulator: app.simulator,
        schema: app.schema,
        settings: { SYNC_WAIT_MS: '100', CATALOG_MS: '60000' },
      });
      try {
        const api = await away.login('demo');
        await api.get('/networks');
        app.simulator.faults.add({ service: 'network', action: 'refuse' });
        const answer = await new FloatingIpRequests(api).post();
        expect(answer.status).toBe(202);
        expect(answer.headers.get('location')).toBe(`/operations/${String(answer.body.operation?.id)}`);
        expect(answer.body).toMatchObject({
          openstack_id: null,
          address: null,
          operation: { kind: 'floating-ip.allocate' },
        });
        expect((await api.delete<ProblemBody>(`/floating-ips/${String(answer.body.id)}`)).body).toMatchObject({
          code: 'OPERATION_IN_PROGRESS',
          operation_id: answer.body.operation?.id,
        });
        app.simulator.faults.clear();
        expect(await api.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
        expect(await floatingIps.get(answer.body.id)).toMatchObject({
          address: expect.any(String),
          openstack_id: expect.any(String),
          operation: null,
        });
      } finally {
        await away.close();
      }
    });

    it.each([
      ['no network', {}, 'floating_network_id'],
      ['a network that is no UUID', { floating_network_id: 'public' }, 'floating_network_id'],
      ['an unknown field', { floating_network_id: seed.networks.public, address: '198.18.0.9' }, 'address'],
    ])('answers 422 for %s', async (_what, body, field) => {
      const answer = await demo.post<ProblemBody>('/floating-ips', body);
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ field }] });
    });

    it('answers 403 to a reader', async () => {
      const viewer = await app.login('viewer');
      const answer = await viewer.post<ProblemBody>('/floating-ips', { floating_network_id: seed.networks.public });
      expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    });
  });

  describe('GET /floating-ips', () => {
    it('sorts by address and by time, in pages that show each one once', async () => {
      for (let count = 0; count < 5; count += 1) await floatingIps.allocate();
      const all = await list('?sort_by=created_at');
      expect(all.length).toBeGreaterThanOrEqual(5);
      expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((a, b) => a - b));
      for (const query of ['sort_by=address&order=desc', 'sort_by=created_at&sort_order=desc', 'sort_by=address']) {
        const whole = (await list(`?${query}`)).map(({ id }) => id);
        expect(await paged(query, 2)).toEqual(whole);
        expect([...whole].sort((a, b) => a - b)).toEqual(all.map(({ id }) => id));
      }
    });

    it('shows the project’s own, to a reader too, and an admin everything', async () => {
      const mine = await floatingIps.allocate();
      const [viewer, other, admin] = [await app.login('viewer'), await app.login('other'), await app.login('admin')];
      const ids = async (api: Api) => (await api.get<ListBody>('/floating-ips')).body.floating_ips.map(({ id }) => id);
      expect(await ids(viewer)).toContain(mine.id);
      expect(await ids(other)).not.toContain(mine.id);
      expect(await ids(admin)).toContain(mine.id);
    });

    it('answers 404 and 403 for one that is not there or another project’s', async () => {
      const mine = await floatingIps.allocate();
      const other = await app.login('other');
      const foreign = await other.get<ProblemBody>(`/floating-ips/${String(mine.id)}`);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'FLOATING_IP_ACCESS_DENIED']);
      const unknown = await demo.get<ProblemBody>('/floating-ips/999999');
      expect([unknown.status, unknown.body.code]).toEqual([404, 'FLOATING_IP_NOT_FOUND']);
      const noId = await demo.get<ProblemBody>('/floating-ips/1e3');
      expect([noId.status, noId.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    });

    it('is answered from the record while Neutron is away', async () => {
      const mine = await floatingIps.allocate();
      app.simulator.faults.add({ service: 'network', action: 'refuse' });
      expect(await floatingIps.get(mine.id)).toEqual(mine);
    });
  });

  describe('DELETE /floating-ips/{id}', () => {
    it('gives the address back, and answers 404 after that', async () => {
      const mine = await floatingIps.allocate();
      const answer = await floatingIps.release(mine.id);
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(neutronOf(mine)).toBeUndefined();
      expect(await row(mine.id)).toMatchObject({ isLive: 0, deleted_reason: 'user' });
      const again = await floatingIps.release<ProblemBody>(mine.id);
      expect([again.status, again.body.code]).toEqual([404, 'FLOATING_IP_NOT_FOUND']);
    });

    it('tells with dry_run what would happen, and does nothing', async () => {
      const mine = await floatingIps.allocate();
      const path = `/floating-ips/${String(mine.id)}?dry_run=true`;
      const answer = await demo.delete(path);
      const itself = { type: 'floating_ip', id: mine.id, name: mine.address };
      expect([answer.status, answer.body]).toEqual([
        200,
        { delete: [itself], detach: [], keep: [], blocked_by: [], refusals: [] },
      ]);
      expect(await floatingIps.get(mine.id)).toMatchObject({ operation: null });
      const stale = await demo.delete<ProblemBody>(path, { headers: { 'if-match': '"stale"' } });
      expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      const missing = await demo.delete<ProblemBody>('/floating-ips/999999999?dry_run=true');
      expect([missing.status, missing.body.code]).toEqual([404, 'FLOATING_IP_NOT_FOUND']);
      const foreign = await (await app.login('other')).delete<ProblemBody>(path);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'FLOATING_IP_DELETE_PERMISSION_DENIED']);
    });

    it('is done when Neutron does not know the address any more', async () => {
      const mine = await floatingIps.allocate();
      app.simulator.outside.delete(mine.openstack_id ?? '');
      expect((await floatingIps.release(mine.id)).status).toBe(204);
    });

    it.each(['reset-before', 'reset-after'] as const)('goes through when the answer is lost: %s', async (action) => {
      const mine = await floatingIps.allocate();
      app.simulator.faults.add({ method: 'DELETE', path: '/floatingips/', action, times: 1 });
      expect((await floatingIps.release(mine.id)).status).toBe(204);
      expect(neutronOf(mine)).toBeUndefined();
    });

    it('answers 403 for another project’s and to a reader', async () => {
      const mine = await floatingIps.allocate();
      const [other, viewer] = [await app.login('other'), await app.login('viewer')];
      const foreign = await new FloatingIpRequests(other).release<ProblemBody>(mine.id);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'FLOATING_IP_DELETE_PERMISSION_DENIED']);
      const reader = await new FloatingIpRequests(viewer).release<ProblemBody>(mine.id);
      expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
      expect(neutronOf(mine)).toBeDefined();
    });

    it('lets one of several releases at once do it', async () => {
      const mine = await floatingIps.allocate();
      const answers = await Promise.all(Array.from({ length: 8 }, () => floatingIps.release<ProblemBody>(mine.id)));
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      const refusals = answers.filter(({ status }) => status !== 204).map(({ body }) => body.code);
      for (const code of refusals) expect(['OPERATION_IN_PROGRESS', 'FLOATING_IP_NOT_FOUND']).toContain(code);
    });
  });

  async function list(query = ''): Promise<readonly FloatingIpBody[]> {
    return (await demo.get<ListBody>(`/floating-ips${query}`)).body.floating_ips;
  }

  async function listIds(): Promise<readonly number[]> {
    return (await list()).map(({ id }) => id);
  }

  async function paged(query: string, limit: number): Promise<readonly number[]> {
    const ids: number[] = [];
    let path = `/floating-ips?${query}&limit=${String(limit)}`;
    while (path !== '') {
      const answer: Answer<ListBody> = await demo.get<ListBody>(path);
      expect(answer.status).toBe(200);
      ids.push(...answer.body.floating_ips.map(({ id }) => id));
      expect(answer.headers.has('link')).toBe(answer.body.next_cursor !== null);
      path = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
    }
    return ids;
  }
});
