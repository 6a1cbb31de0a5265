import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody, type ServerBody } from '../support/servers.js';
import { VolumeRequests, type VolumeBody } from '../support/volumes.js';

type Answered = ServerBody & ProblemBody;

describe('attachments of volumes', () => {
  let app: TestApp;
  let demo: Api;
  let servers: ServerRequests;
  let volumes: VolumeRequests;
  let database: Connection;
  let server: ServerBody;
  let other: ServerBody;
  let count = 0;

  beforeAll(async () => {
    app = await startApp();
    app.simulator.setQuotas(seed.projects.demo, { volumes: -1, gigabytes: -1, instances: -1, cores: -1, ram: -1 });
    demo = await app.login('demo');
    servers = await ServerRequests.of(demo);
    volumes = new VolumeRequests(demo);
    database = await connect(app.schema);
    [server, other] = await Promise.all([servers.create('attach-one'), servers.create('attach-other')]);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
  });

  const newName = () => `attach-${String((count += 1))}`;
  const cinderOf = ({ openstack_id: id }: VolumeBody) => app.simulator.cloud.volumes.get(id ?? '');
  const novaCalls = () =>
    app.simulator.log.list({ path: '/os-volume_attachments' }).filter(({ method }) => method !== 'GET').length;
  const rootOf = ({ volumes: all }: ServerBody) => all.find(({ is_root_volume: isRoot }) => isRoot)?.id ?? 0;
  const codeOf = ({ status, body }: { status: number; body: ProblemBody }) => [status, body.code];

  async function attached(): Promise<VolumeBody> {
    const { id } = await volumes.create(newName());
    expect((await volumes.attach(server.id, id)).status).toBe(200);
    return volumes.get(id);
  }

  async function row(id: number): Promise<RowDataPacket | undefined> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT * FROM volume WHERE id = ?', [id]);
    return rows[0];
  }

  async function withServerStatus(status: string, work: () => Promise<void>): Promise<void> {
    await database.query('UPDATE server SET status = ? WHERE id = ?', [status, server.id]);
    try {
      await work();
    } finally {
      await database.query("UPDATE server SET status = 'ACTIVE' WHERE id = ?", [server.id]);
    }
  }

  const lost = ['reset-before', 'reset-after', 'respond-after', 'late-commit', 'html', 'truncate'] as const;
  const fault = (method: string, action: (typeof lost)[number]) => ({
    method,
    path: '/os-volume_attachments',
    action,
    times: 1,
    ...(action === 'respond-after' ? { status: 502 } : {}),
    ...(action === 'late-commit' ? { delay_ms: 400 } : {}),
  });

  describe('POST /servers/{id}/volumes/{volume}', () => {
    it('answers 200 with the server, on which the volume is', async () => {
      const mine = await volumes.create(newName());
      const answer = await volumes.attach<ServerBody>(server.id, mine.id);
      expect(answer.status).toBe(200);
      expect(answer.body.volumes).toContainEqual({
        id: mine.id,
        name: mine.name,
        volume_type_id: mine.volume_type_id,
        size: 1,
        is_root_volume: false,
      });
      expect(await servers.get(server.id)).toEqual(answer.body);
      expect(await volumes.get(mine.id)).toMatchObject({
        status: 'IN_USE',
        server_id: server.id,
        server: { id: server.id, name: server.name },
        operation: null,
        fault: null,
      });
      expect(cinderOf(mine)?.attachments).toMatchObject([{ serverId: server.openstack_id }]);
      expect((await row(mine.id))?.['device']).toBe(cinderOf(mine)?.attachments[0]?.device);
    });

    it('refuses a volume that is on this server, on another, or a root volume, naming the server', async () => {
      const mine = await attached();
      const before = novaCalls();
      for (const id of [server.id, other.id]) {
        const answer = await volumes.attach<ProblemBody>(id, mine.id);
        expect(codeOf(answer)).toEqual([409, 'VOLUME_ALREADY_ATTACHED']);
        expect(answer.body.blocked_by).toEqual([{ type: 'server', id: server.id, name: server.name }]);
        expect(answer.body.detail).toContain(`detach it from server "${server.name}" first`);
      }
      const root = await volumes.attach<ProblemBody>(server.id, rootOf(other));
      expect(codeOf(root)).toEqual([409, 'VOLUME_ALREADY_ATTACHED']);
      expect(root.body.blocked_by).toEqual([{ type: 'server', id: other.id, name: other.name }]);
      expect(root.body.detail).toContain('it goes with that server only');
      expect(novaCalls()).toBe(before);
    });

    it.each(['CREATING', 'ERROR', 'MAINTENANCE', 'EXTENDING', 'RESERVED', 'IN_USE'])(
      'answers 409 for a volume in %s',
      async (status) => {
        const mine = await volumes.create(newName());
        await database.query('UPDATE volume SET status = ? WHERE id = ?', [status, mine.id]);
        const before = novaCalls();
        const answer = await volumes.attach<ProblemBody>(server.id, mine.id);
        expect(codeOf(answer)).toEqual([409, 'VOLUME_STATUS_INVALID_FOR_ATTACHING']);
        expect(novaCalls()).toBe(before);
      },
    );

    it.each(['BUILD', 'ERROR', 'SUSPENDED', 'RESCUE', 'REBOOT', 'UNKNOWN', 'SOFT_DELETED'])(
      'answers 409 for a server in %s',
      async (status) => {
        const mine = await volumes.create(newName());
        await withServerStatus(status, async () => {
          const answer = await volumes.attach<ProblemBody>(server.id, mine.id);
          expect(codeOf(answer)).toEqual([409, 'SERVER_STATUS_INVALID_FOR_ATTACHING']);
        });
        expect(cinderOf(mine)?.status).toBe('available');
      },
    );

    it.each(['SHUTOFF', 'PAUSED', 'VERIFY_RESIZE', 'SHELVED', 'SHELVED_OFFLOADED'])(
      'attaches to a server in %s',
      async (status) => {
        const mine = await volumes.create(newName());
        await withServerStatus(status, async () => {
          expect((await volumes.attach(server.id, mine.id)).status).toBe(200);
        });
      },
    );

    it('checks the server first, then the volume, each that it is there and ours', async () => {
      const mine = await volumes.create(newName());
      const theirs = new VolumeRequests(await app.login('other'));
      const their = await theirs.create(newName());
      const viewers = new VolumeRequests(await app.login('viewer'));
      const before = novaCalls();
      for (const verb of ['attach', 'detach'] as const) {
        const ask = async (who: VolumeRequests, serverId: number, id: number) =>
          codeOf(await who[verb]<ProblemBody>(serverId, id));
        expect(await ask(volumes, 999_999, 999_999)).toEqual([404, 'SERVER_NOT_FOUND']);
        expect(await ask(theirs, server.id, 999_999)).toEqual([403, 'SERVER_ACCESS_PERMISSION_DENIED']);
        expect(await ask(volumes, server.id, 999_999)).toEqual([404, 'VOLUME_NOT_FOUND']);
        expect(await ask(volumes, server.id, their.id)).toEqual([403, 'VOLUME_ACCESS_PERMISSION_DENIED']);
        expect(await ask(viewers, server.id, mine.id)).toEqual([403, 'PERMISSION_DENIED']);
        expect(await ask(volumes, server.id, 0)).toEqual([422, 'VALIDATION_FAILED']);
        expect(await ask(volumes, -1, mine.id)).toEqual([422, 'VALIDATION_FAILED']);
      }
      expect(novaCalls()).toBe(before);
    });

    it.each(lost)('attaches once when the answer is lost: %s', async (action) => {
      const mine = await volumes.create(newName());
      app.simulator.faults.add(fault('POST', action));
      expect((await volumes.attach(server.id, mine.id)).status).toBe(200);
      expect(cinderOf(mine)?.attachments).toHaveLength(1);
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'IN_USE', server_id: server.id, fault: null });
    });

    it('answers with Nova’s refusal, and the volume stays free', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.setStatus(server.openstack_id ?? '', 'suspended');
      const answer = await volumes.attach<ProblemBody>(server.id, mine.id);
      app.simulator.outside.setStatus(server.openstack_id ?? '', 'active');
      expect(codeOf(answer)).toEqual([409, 'OPENSTACK_CONFLICT']);
      expect(answer.body.detail).toContain('while it is in vm_state suspended');
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'AVAILABLE', server_id: null });
      expect((await volumes.get(mine.id)).fault?.message).toContain('The volume could not be attached. Nova refused');
    });

    it('fails when Nova gives up after it accepted, with the id of its request', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.failNext('attach');
      const answer = await volumes.attach<ProblemBody & { openstack_request_ids: string[] }>(server.id, mine.id);
      expect(codeOf(answer)).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(answer.body.openstack_request_ids).toEqual([expect.stringMatching(/^req-/)]);
      expect(await volumes.get(mine.id)).toMatchObject({
        status: 'AVAILABLE',
        server_id: null,
        operation: null,
        fault: { code: 'OPENSTACK_REFUSED' },
      });
      expect((await volumes.attach(server.id, mine.id)).status).toBe(200);
      expect((await volumes.get(mine.id)).fault).toBeNull();
    });

    it('waits while Nova does something else to the server', async () => {
      const mine = await volumes.create(newName());
      app.simulator.configure({ server_action_ms: 600 });
      const busy = await demo.put(`/servers/${String(other.id)}/status?status=SHUTOFF`);
      expect(busy.status).toBe(202);
      expect((await volumes.attach(other.id, mine.id)).status).toBe(200);
      app.simulator.configure({ server_action_ms: 200 });
      await demo.finished(busy);
      expect(cinderOf(mine)?.attachments).toHaveLength(1);
    });

    it('follows Cinder when somebody else has attached it meanwhile', async () => {
      const mine = await volumes.create(newName());
      const nova = app.simulator.cloud;
      const [volume, holder] = [nova.volumes.get(mine.openstack_id ?? ''), nova.servers.get(other.openstack_id ?? '')];
      const id = 'a0a0a0a0-0000-4000-8000-000000000001';
      volume?.attachments.push({ id, serverId: holder?.id ?? '', device: '/dev/sdz', host: '', at: nova.now() });
      app.simulator.outside.setStatus(mine.openstack_id ?? '', 'in-use');
      const before = novaCalls();
      expect(codeOf(await volumes.attach<ProblemBody>(server.id, mine.id))).toEqual([409, 'VOLUME_ALREADY_ATTACHED']);
      expect(novaCalls()).toBe(before);
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'IN_USE', server_id: other.id });
    });

    it('answers 202 with the server and what goes on to who does not wait', async () => {
      const mine = await volumes.create(newName());
      app.simulator.configure({ attach_ms: 800 });
      const headers = { prefer: 'respond-async' };
      const path = `/servers/${String(server.id)}/volumes/${String(mine.id)}`;
      const answer = await demo.post<ServerBody>(path, undefined, { headers });
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({ id: server.id, operation: { kind: 'volume.attach' } });
      expect(answer.headers.get('location')).toBe(`/operations/${String(answer.body.operation?.id)}`);
      expect((await volumes.get(mine.id)).operation).toMatchObject({ kind: 'volume.attach' });
      for (const refused of [
        await volumes.attach<ProblemBody>(other.id, mine.id),
        await volumes.update<ProblemBody>(mine.id, { name: newName() }),
      ]) {
        expect(refused.status).toBe(409);
        expect(['OPERATION_IN_PROGRESS', 'VOLUME_ALREADY_ATTACHED']).toContain(refused.body.code);
      }
      expect((await demo.finished(answer)).state).toBe('SUCCEEDED');
      app.simulator.configure({ attach_ms: 150 });
    });

    it('lets one of 50 at once do it; the others make no call', async () => {
      const mine = await volumes.create(newName());
      const before = novaCalls();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          volumes.attach<Answered>(index % 2 === 0 ? server.id : other.id, mine.id),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        expect(answer.status).toBe(409);
        expect(['OPERATION_IN_PROGRESS', 'VOLUME_ALREADY_ATTACHED', 'VOLUME_STATUS_INVALID_FOR_ATTACHING']).toContain(
          answer.body.code,
        );
      }
      expect(novaCalls() - before).toBe(1);
      expect(cinderOf(mine)?.attachments).toHaveLength(1);
    }, 60_000);

    it('lets one of attaching, making larger and deleting at once win', async () => {
      for (let round = 0; round < 5; round += 1) {
        const mine = await volumes.create(newName());
        const [attach, resize, deletion] = await Promise.all([
          volumes.attach<ProblemBody>(server.id, mine.id),
          volumes.resize<ProblemBody>(mine.id, 2),
          volumes.delete<ProblemBody>(mine.id),
        ]);
        const statuses = [attach.status, resize.status, deletion.status];
        expect(statuses.filter((status) => status < 300)).toHaveLength(1);
        const seen = cinderOf(mine);
        if (attach.status === 200) expect(seen).toMatchObject({ status: 'in-use', size: 1 });
        if (resize.status === 200) expect(seen).toMatchObject({ status: 'available', size: 2 });
        if (deletion.status === 204) expect(seen).toBeUndefined();
      }
    });
  });

  describe('DELETE /servers/{id}/volumes/{volume}', () => {
    it('answers 200 with the server without the volume, which is AVAILABLE', async () => {
      const mine = await attached();
      const answer = await volumes.detach<ServerBody>(server.id, mine.id);
      expect(answer.status).toBe(200);
      expect(answer.body.volumes.map(({ id }) => id)).not.toContain(mine.id);
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'AVAILABLE', server_id: null, server: null });
      expect(await row(mine.id)).toMatchObject({ server_id: null, device: null });
      expect(cinderOf(mine)).toMatchObject({ status: 'available', attachments: [] });
      expect(codeOf(await volumes.detach<ProblemBody>(server.id, mine.id))).toEqual([
        409,
        'VOLUME_NOT_ATTACHED_TO_SERVER',
      ]);
    });

    it('refuses another server, a volume that is nowhere or not IN_USE, and the root volume', async () => {
      const mine = await attached();
      const free = await volumes.create(newName());
      const before = novaCalls();
      expect(codeOf(await volumes.detach<ProblemBody>(other.id, mine.id))).toEqual([400, 'SERVER_NOT_MATCHED']);
      expect(codeOf(await volumes.detach<ProblemBody>(other.id, rootOf(server)))).toEqual([400, 'SERVER_NOT_MATCHED']);
      expect(codeOf(await volumes.detach<ProblemBody>(server.id, free.id))).toEqual([
        409,
        'VOLUME_NOT_ATTACHED_TO_SERVER',
      ]);
      await database.query("UPDATE volume SET status = 'DETACHING' WHERE id = ?", [mine.id]);
      expect(codeOf(await volumes.detach<ProblemBody>(server.id, mine.id))).toEqual([
        409,
        'VOLUME_NOT_ATTACHED_TO_SERVER',
      ]);
      expect(codeOf(await volumes.detach<ProblemBody>(server.id, rootOf(server)))).toEqual([
        409,
        'CANNOT_DETACH_ROOT_VOLUME',
      ]);
      expect(novaCalls()).toBe(before);
    });

    it.each(lost)('detaches once when the answer is lost: %s', async (action) => {
      const mine = await attached();
      app.simulator.faults.add(fault('DELETE', action));
      expect((await volumes.detach(server.id, mine.id)).status).toBe(200);
      expect(cinderOf(mine)).toMatchObject({ status: 'available', attachments: [] });
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'AVAILABLE', server_id: null, fault: null });
    });

    it('is done when somebody has detached it, or deleted it', async () => {
      const [one, two] = [await attached(), await attached()];
      app.simulator.outside.detachVolume(one.openstack_id ?? '');
      app.simulator.outside.delete(two.openstack_id ?? '');
      for (const { id } of [one, two]) {
        expect((await volumes.detach(server.id, id)).status).toBe(200);
        expect(await volumes.get(id)).toMatchObject({ server_id: null });
      }
    });

    it('fails when Nova gives up, and the volume stays where it is', async () => {
      const mine = await attached();
      app.simulator.outside.failNext('detach');
      expect(codeOf(await volumes.detach<ProblemBody>(server.id, mine.id))).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(await volumes.get(mine.id)).toMatchObject({
        status: 'IN_USE',
        server_id: server.id,
        fault: { code: 'OPENSTACK_REFUSED' },
      });
      expect((await volumes.detach(server.id, mine.id)).status).toBe(200);
    });

    it('lets one of many at once do it', async () => {
      const mine = await attached();
      const before = novaCalls();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => volumes.detach<ProblemBody>(server.id, mine.id)),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const { body, status } of answers.filter((answer) => answer.status !== 200)) {
        expect(status).toBe(409);
        expect(['OPERATION_IN_PROGRESS', 'VOLUME_NOT_ATTACHED_TO_SERVER']).toContain(body.code);
      }
      expect(novaCalls() - before).toBe(1);
    });
  });

  describe('and the deletion of their server', () => {
    it('keeps the data volume, which is AVAILABLE then', async () => {
      const doomed = await servers.create(newName());
      const mine = await volumes.create(newName());
      await volumes.attach(doomed.id, mine.id);
      expect(codeOf(await volumes.delete<ProblemBody>(mine.id))).toEqual([409, 'ATTACHED_VOLUME_DELETION']);
      await demo.finished(await demo.delete(`/servers/${String(doomed.id)}`));
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'AVAILABLE', server_id: null, server: null });
      expect((await volumes.delete(mine.id)).status).toBe(204);
    });

    it('cancels an attachment and a detachment that are under way', async () => {
      const doomed = await servers.create(newName());
      const [one, two] = [await volumes.create(newName()), await volumes.create(newName())];
      await volumes.attach(doomed.id, two.id);
      app.simulator.configure({ attach_ms: 1_500 });
      const headers = { prefer: 'respond-async' };
      const path = (id: number) => `/servers/${String(doomed.id)}/volumes/${String(id)}`;
      const attach = await demo.post<ServerBody>(path(one.id), undefined, { headers });
      const detach = await demo.delete<ServerBody>(path(two.id), { headers });
      expect([attach.status, detach.status]).toEqual([202, 202]);
      await demo.until<VolumeBody>(`/volumes/${String(one.id)}`, ({ body }) => body.status !== 'AVAILABLE');
      await demo.until<VolumeBody>(`/volumes/${String(two.id)}`, ({ body }) => body.status !== 'IN_USE');
      const deletion = await demo.delete(`/servers/${String(doomed.id)}`);
      expect(deletion.status).toBe(202);
      expect((await demo.finished(attach)).state).toBe('CANCELLED');
      expect((await demo.finished(detach)).state).toBe('CANCELLED');
      const refused = await volumes.attach<ProblemBody>(doomed.id, one.id);
      expect([404, 409]).toContain(refused.status);
      expect((await demo.finished(deletion)).state).toBe('SUCCEEDED');
      app.simulator.configure({ attach_ms: 150 });
      for (const { id } of [one, two]) {
        expect(await volumes.get(id)).toMatchObject({ status: 'AVAILABLE', server_id: null, operation: null });
      }
    });

    it('answers OPERATION_IN_PROGRESS to who attaches or detaches meanwhile', async () => {
      const doomed = await servers.create(newName());
      const [free, held] = [await volumes.create(newName()), await volumes.create(newName())];
      await volumes.attach(doomed.id, held.id);
      app.simulator.configure({ server_delete_ms: 2_000 });
      const deletion = await demo.delete(`/servers/${String(doomed.id)}`);
      for (const answer of [
        await volumes.attach<ProblemBody>(doomed.id, free.id),
        await volumes.detach<ProblemBody>(doomed.id, held.id),
      ]) {
        expect(codeOf(answer)).toEqual([409, 'OPERATION_IN_PROGRESS']);
        expect(answer.headers.get('location')).toBe(deletion.headers.get('location'));
      }
      app.simulator.configure({ server_delete_ms: 200 });
      await demo.finished(deletion);
    });

    it('is not held up by a rename of the root volume', async () => {
      const doomed = await servers.create(newName());
      app.simulator.faults.add({
        method: 'GET',
        service: 'volume',
        path: '/volumes/[0-9a-f-]+$',
        delay_ms: 700,
        times: 1,
      });
      const headers = { prefer: 'respond-async' };
      const rename = await demo.put(`/volumes/${String(rootOf(doomed))}/info`, { name: newName() }, { headers });
      expect(rename.status).toBe(202);
      const deletion = await demo.delete(`/servers/${String(doomed.id)}`);
      expect(deletion.status).toBe(202);
      expect((await demo.finished(rename)).state).toBe('CANCELLED');
      expect((await demo.finished(deletion)).state).toBe('SUCCEEDED');
    });
  });
});
