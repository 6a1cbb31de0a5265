import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultSettings } from '../../simulator/settings.js';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { markedObjects } from '../support/simulated-objects.js';
import { connect } from '../support/schema.js';
import { ServerRequests } from '../support/servers.js';
import { testSettings } from '../support/settings.js';

const settlingMs = Number(testSettings['SETTLING_MS']);

/** Looks again until there is something. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(20);
  }
  throw new Error('it never came');
}

describe('the rules of the executor', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let database: Connection;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.configure(defaultSettings);
  });

  async function row<T>(sql: string, ...values: readonly unknown[]): Promise<T> {
    const [rows] = await database.query<RowDataPacket[]>(sql, [...values]);
    return rows[0] as T;
  }

  function posts(path: string, since: number): readonly { readonly at: number }[] {
    return app.simulator.log
      .list({ method: 'POST', path, after: since })
      .map(({ at }) => ({ at: new Date(at).getTime() }));
  }

  /** The id of the newest logged request: what comes later is after it. */
  function now(): number {
    return app.simulator.log.list().at(-1)?.id ?? 0;
  }

  const operationId = (answer: { readonly headers: Headers }): number =>
    Number(answer.headers.get('location')?.split('/').at(-1));

  describe('2, fence', () => {
    it('a holder that lost its lease writes nothing, sends nothing more and frees nothing of the next one’s', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/ports$', delay_ms: 700, times: 1 });
      const since = now();
      const answer = await servers.post('fenced');
      const id = operationId(answer);
      await eventually(async () =>
        row<{ id: number }>("SELECT id FROM operation WHERE id = ? AND sent_step = 'port'", id),
      );
      await database.query(
        "UPDATE operation SET lease_owner = 'another replica', lease_token = lease_token + 1, lease_until = NOW(3) + INTERVAL 3 SECOND WHERE id = ?",
        [id],
      );
      await sleep(1_200);
      const nic = await row<{ openstack_id: string | null }>(
        'SELECT openstack_id FROM network_interface WHERE server_id = ?',
        answer.body.id,
      );
      const operation = await row<{ step: string; lease_owner: string }>(
        'SELECT step, lease_owner FROM operation WHERE id = ?',
        id,
      );
      expect(nic.openstack_id).toBeNull();
      expect(operation).toEqual({ step: 'port', lease_owner: 'another replica' });
      expect(posts('volumes$|servers$', since)).toEqual([]);
      expect(await demo.finished(id)).toMatchObject({ state: 'SUCCEEDED' });
      expect(markedObjects(app.simulator, 'port').filter((port) => port.name.startsWith('fenced'))).toHaveLength(1);
    });
  });

  describe('3, intent and lease before each call', () => {
    it('records the step before the call goes out, and clears it with the result', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/ports$', delay_ms: 900, times: 1 });
      const since = now();
      const answer = await servers.post('intent');
      const during = await eventually(async () =>
        row<{ sent_step: string | null; sent_at: Date | null }>(
          "SELECT sent_step, sent_at FROM operation WHERE id = ? AND sent_step = 'port'",
          operationId(answer),
        ),
      );
      await demo.finished(answer);
      const [post] = posts('/ports$', since);
      expect(during.sent_at?.getTime()).toBeLessThanOrEqual(post?.at ?? 0);
      const after = await row<{ sent_step: string | null }>(
        'SELECT sent_step FROM operation WHERE id = ?',
        operationId(answer),
      );
      expect(after.sent_step).toBeNull();
    });

    it('does not send when the renewal took so long that the lease would not outlast the call', async () => {
      const since = now();
      // MySQL takes its time over this one renewal, as a frozen or failing-over server does.
      await database.query(
        "CREATE TRIGGER slow_renewal BEFORE UPDATE ON operation FOR EACH ROW BEGIN IF NEW.sent_step = 'server' THEN DO SLEEP(2.1); END IF; END",
      );
      const answer = await servers.post('late-renewal');
      await demo.until<{ step: string }>(
        `/operations/${String(operationId(answer))}`,
        ({ body }) => body.step === 'server',
      );
      await sleep(500);
      await database.query('DROP TRIGGER slow_renewal');
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
      const [post] = app.simulator.log.list({ method: 'POST', path: '/servers$', after: since });
      const lookUps = app.simulator.log.list({ method: 'GET', path: '/servers/detail$', after: since });
      // The call that was not sent left an intent: the marker is looked up before the call is made after all.
      expect(lookUps.some(({ id, query }) => id < (post?.id ?? 0) && query.includes('tags='))).toBe(true);
      expect(posts('/servers$', since)).toHaveLength(1);
    });
  });

  describe('4, look up before repeating', () => {
    it.each([
      ['port', '/ports$', 'port'],
      ['volume', '/volumes$', 'volume'],
      ['server', '/servers$', 'server'],
    ] as const)('adopts the %s whose answer was lost', async (what, path, type) => {
      const since = now();
      app.simulator.faults.add({ method: 'POST', path, action: 'reset-after', times: 1 });
      const server = await servers.create(`lost-${what}`);
      expect(server.status).toBe('ACTIVE');
      expect(
        markedObjects(app.simulator, type).filter((object) => object.name.startsWith(`lost-${what}`)),
      ).toHaveLength(1);
      expect(posts(path, since)).toHaveLength(1);
    });

    it('adopts after a 500 that came after the commit', async () => {
      const since = now();
      app.simulator.faults.add({ method: 'POST', path: '/volumes$', action: 'respond-after', status: 500, times: 1 });
      expect(await servers.create('after-500')).toMatchObject({ status: 'ACTIVE' });
      expect(posts('/volumes$', since)).toHaveLength(1);
    });

    it.each(['html', 'truncate', 'malformed'] as const)(
      'adopts after a success that cannot be read (%s)',
      async (action) => {
        app.simulator.faults.add({ method: 'POST', path: '/ports$', action, times: 1 });
        expect(await servers.create(`unreadable-${action}`)).toMatchObject({ status: 'ACTIVE' });
        expect(
          markedObjects(app.simulator, 'port').filter((port) => port.name.startsWith(`unreadable-${action}`)),
        ).toHaveLength(1);
      },
    );
  });

  describe('5, unknown outcome', () => {
    it('does not repeat it sooner when someone else takes the operation over', async () => {
      const since = now();
      app.simulator.faults.add({ method: 'POST', path: '/ports$', action: 'reset-before', times: 1 });
      const answer = await servers.post('taken-over');
      await eventually(async () =>
        (
          await row<{ n: number }>(
            "SELECT COUNT(*) AS n FROM operation WHERE id = ? AND last_failure LIKE 'unknown%'",
            operationId(answer),
          )
        ).n === 1
          ? true
          : undefined,
      );
      // Due at once: only the time at which the call was sent still holds it back.
      await database.query('UPDATE operation SET next_run_at = NOW(3) WHERE id = ?', [operationId(answer)]);
      await demo.finished(answer);
      const [first, second] = posts('/ports$', since);
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(settlingMs - 20);
    });

    it('repeats a call that left nothing, but not before it has settled', async () => {
      const since = now();
      app.simulator.faults.add({ method: 'POST', path: '/ports$', action: 'reset-before', times: 1 });
      expect(await servers.create('repeated')).toMatchObject({ status: 'ACTIVE' });
      const [first, second] = posts('/ports$', since);
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(settlingMs - 20);
    });

    it('waits for a call that takes effect after its client gave up, instead of making a second object', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/volumes$', action: 'late-commit', delay_ms: 500, times: 1 });
      expect(await servers.create('late-volume')).toMatchObject({ status: 'ACTIVE' });
      expect(
        markedObjects(app.simulator, 'volume').filter((volume) => volume.name === 'late-volume-root'),
      ).toHaveLength(1);
    });

    it('takes the same 500 three times with nothing made for a refusal, with its text', async () => {
      const since = now();
      const body = { computeFault: { code: 500, message: 'the flux capacitor is broken' } };
      app.simulator.faults.add({ method: 'POST', path: '/servers$', status: 500, body });
      const server = await servers.create('always-500');
      expect(server).toMatchObject({ status: 'ERROR', fault: { code: 'OPENSTACK_REFUSED' } });
      expect(server.fault?.message).toContain('flux capacitor');
      expect(posts('/servers$', since)).toHaveLength(3);
      expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('always-500'))).toEqual([]);
    });
  });

  describe('6, refusals', () => {
    it('tries again while Nova does not see the volume as available yet', async () => {
      const body = {
        badRequest: { code: 400, message: 'Block Device Mapping is Invalid: Invalid volume: status must be available' },
      };
      app.simulator.faults.add({ method: 'POST', path: '/servers$', status: 400, body, times: 2 });
      expect(await servers.create('early')).toMatchObject({ status: 'ACTIVE' });
    });

    it('gives up at once where the volume can never be used', async () => {
      const since = now();
      const message = 'Invalid volume: Instance and volume vda are not in the same availability_zone.';
      const body = { badRequest: { code: 400, message } };
      app.simulator.faults.add({ method: 'POST', path: '/servers$', status: 400, body });
      const server = await servers.create('elsewhere');
      expect(server).toMatchObject({ status: 'ERROR', fault: { code: 'OPENSTACK_REFUSED' } });
      expect(server.fault?.message).toContain('same availability_zone');
      expect(posts('/servers$', since)).toHaveLength(1);
    });

    it('says why it waited when the deadline comes', async () => {
      const body = { conflictingRequest: { code: 409, message: 'The port is in use.' } };
      const fault = app.simulator.faults.add({ method: 'POST', path: '/servers$', status: 409, body });
      const answer = await servers.post('busy-for-ever');
      await eventually(() =>
        Promise.resolve(app.simulator.faults.list().find(({ id, hits }) => id === fault && hits > 0)),
      );
      await database.query('UPDATE operation SET deadline_at = NOW(3) - INTERVAL 1 MINUTE WHERE id = ?', [
        operationId(answer),
      ]);
      const ended = await demo.finished(answer);
      expect(ended).toMatchObject({ state: 'FAILED' });
      expect(ended.error?.message).toMatch(/Nova (is still busy|.*in use)/);
    });

    it('gives up at once at any other refusal', async () => {
      const since = now();
      const body = {
        forbidden: { code: 403, message: "Policy doesn't allow os_compute_api:servers:create to be performed." },
      };
      app.simulator.faults.add({ method: 'POST', path: '/servers$', status: 403, body });
      const server = await servers.create('forbidden');
      expect(server).toMatchObject({ status: 'ERROR', fault: { code: 'OPENSTACK_REFUSED' } });
      expect(server.fault?.message).toContain('Policy');
      expect(posts('/servers$', since)).toHaveLength(1);
      expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('forbidden'))).toEqual([]);
    });
  });

  describe('7, 401 and Retry-After', () => {
    it('gets a new token after a 401 and goes on', async () => {
      app.simulator.faults.add({ method: 'POST', path: '/volumes$', status: 401, times: 1 });
      expect(await servers.create('reauthenticated')).toMatchObject({ status: 'ACTIVE' });
    });

    it('calls nobody before Retry-After has passed', async () => {
      const since = now();
      app.simulator.faults.add({
        method: 'POST',
        path: '/volumes$',
        status: 429,
        headers: { 'retry-after': '2' },
        times: 1,
      });
      expect(await servers.create('patient')).toMatchObject({ status: 'ACTIVE' });
      const [first, second] = posts('/volumes$', since);
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_950);
    });
  });

  describe('10, ends', () => {
    it('does not believe an ERROR during a build that passes', async () => {
      app.simulator.configure({ server_build_ms: 60_000 });
      const answer = await servers.post('doubtful');
      await demo.until<{ step: string }>(
        `/operations/${String(operationId(answer))}`,
        ({ body }) => body.step === 'server-active',
      );
      const openstackId = (await servers.get(answer.body.id)).openstack_id ?? '';
      app.simulator.outside.setStatus(openstackId, 'error');
      await eventually(async () =>
        row('SELECT id FROM operation WHERE id = ? AND doubted_since IS NOT NULL', operationId(answer)),
      );
      app.simulator.outside.setStatus(openstackId, 'active');
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
      expect(await servers.get(answer.body.id)).toMatchObject({ status: 'ACTIVE', fault: null });
    });

    it('undoes until it holds, however often the undoing fails', async () => {
      app.simulator.outside.failNext('no-valid-host');
      app.simulator.faults.add({ method: 'DELETE', path: '/volumes/', status: 500, times: 4 });
      app.simulator.faults.add({ method: 'DELETE', path: '/ports/', action: 'reset-before', times: 2 });
      const server = await servers.create('hard-to-undo');
      expect(server).toMatchObject({ status: 'ERROR', fault: { code: 'CAPACITY_UNAVAILABLE' } });
      expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('hard-to-undo'))).toEqual([]);
    });

    it('goes forward when OpenStack has reached the goal, however late', async () => {
      app.simulator.configure({ server_build_ms: 1_000 });
      const answer = await servers.post('late-but-fine');
      await demo.until<{ step: string }>(
        `/operations/${String(operationId(answer))}`,
        ({ body }) => body.step === 'server-active',
      );
      await database.query(
        `UPDATE operation SET deadline_at = NOW(3) - INTERVAL 1 MINUTE, lease_owner = 'a replica that dies', lease_token = lease_token + 1,
           lease_until = NOW(3) + INTERVAL 2500000 MICROSECOND WHERE id = ?`,
        [operationId(answer)],
      );
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    });

    it('ends what does not come to an end in time, and leaves nothing', async () => {
      app.simulator.configure({ server_build_ms: 600_000 });
      const answer = await servers.post('stuck');
      await demo.until<{ step: string }>(
        `/operations/${String(operationId(answer))}`,
        ({ body }) => body.step === 'server-active',
      );
      await database.query('UPDATE operation SET deadline_at = NOW(3) - INTERVAL 1 MINUTE WHERE id = ?', [
        operationId(answer),
      ]);
      expect(await demo.finished(answer)).toMatchObject({ state: 'FAILED', error: { code: 'DEADLINE_EXCEEDED' } });
      expect(await servers.get(answer.body.id)).toMatchObject({
        status: 'ERROR',
        fault: { code: 'DEADLINE_EXCEEDED' },
      });
      expect(markedObjects(app.simulator).filter((object) => object.name.startsWith('stuck'))).toEqual([]);
    });
  });

  describe('the lock', () => {
    it('lets one operation at a time work on a resource: of 20 associations at once one wins', async () => {
      const server = await servers.create('locked');
      const nic = server.network_interfaces[0]?.id;
      const networks = await demo.get<{ networks: { id: string; is_external: boolean }[] }>('/networks');
      const external = networks.body.networks.find((network) => network.is_external)?.id;
      const address = await demo.post<{ id: number }>('/floating-ips', { floating_network_id: external });
      const since = now();
      const path = `/network-interfaces/${String(nic)}/floating-ips/${String(address.body.id)}`;
      const answers = await Promise.all(Array.from({ length: 20 }, () => demo.post(path)));
      // 202: on a busy machine it goes on after the wait.
      expect(answers.filter(({ status }) => [202, 204].includes(status))).toHaveLength(1);
      expect(answers.filter((answer) => answer.status === 409)).toHaveLength(19);
      const puts = app.simulator.log.list({ method: 'PUT', path: 'floatingips', after: since });
      expect(puts).toHaveLength(1);
    });
  });
});
