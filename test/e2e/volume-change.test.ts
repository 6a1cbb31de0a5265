import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody } from '../support/servers.js';
import { VolumeRequests, type VolumeBody } from '../support/volumes.js';

interface PreviewBody {
  readonly delete: readonly object[];
  readonly detach: readonly object[];
  readonly keep: readonly object[];
  readonly blocked_by: readonly object[];
}

describe('changes of volumes', () => {
  let app: TestApp;
  let demo: Api;
  let volumes: VolumeRequests;
  let strangers: VolumeRequests;
  let readers: VolumeRequests;
  let database: Connection;
  let count = 0;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    volumes = new VolumeRequests(demo);
    strangers = new VolumeRequests(await app.login('other'));
    readers = new VolumeRequests(await app.login('viewer'));
    database = await connect(app.schema);
    app.simulator.setQuotas(seed.projects.demo, { volumes: -1, gigabytes: -1 });
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  afterEach(() => {
    app.simulator.faults.clear();
    app.simulator.setQuotas(seed.projects.demo, { volumes: -1, gigabytes: -1 });
  });

  const newName = () => `change-${String((count += 1))}`;
  const cinderOf = ({ openstack_id: id }: VolumeBody) => app.simulator.cloud.volumes.get(id ?? '');
  const changesOf = ({ openstack_id: id }: VolumeBody) =>
    app.simulator.log.list({ path: `/volumes/${id ?? ''}` }).filter(({ method }) => method !== 'GET').length;

  async function row(id: number): Promise<RowDataPacket | undefined> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT * FROM volume WHERE id = ?', [id]);
    return rows[0];
  }

  async function setStatus(volume: VolumeBody, openstackStatus: string): Promise<void> {
    app.simulator.outside.setStatus(volume.openstack_id ?? '', openstackStatus);
    const word = openstackStatus.toUpperCase().replaceAll('-', '_');
    await database.query('UPDATE volume SET status = ?, openstack_status = ? WHERE id = ?', [
      word,
      openstackStatus,
      volume.id,
    ]);
  }

  const lost = ['reset-before', 'reset-after', 'respond-after', 'late-commit', 'html', 'truncate'] as const;
  const fault = (method: string, path: string, action: (typeof lost)[number]) => ({
    method,
    path,
    action,
    times: 1,
    ...(action === 'respond-after' ? { status: 502 } : {}),
    ...(action === 'late-commit' ? { delay_ms: 400 } : {}),
  });

  describe('PUT /volumes/{id}/info', () => {
    it('answers 200 with the new name and description, which Cinder has too', async () => {
      const mine = await volumes.create(newName(), { description: 'before' });
      const name = newName();
      const answer = await volumes.update(mine.id, { name, description: 'after' });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ id: mine.id, name, description: 'after', operation: null, fault: null });
      expect(await volumes.get(mine.id)).toEqual(answer.body);
      expect(cinderOf(mine)).toMatchObject({ name, description: 'after' });
    });

    it('leaves a description that is left out, and empties one that is null', async () => {
      const mine = await volumes.create(newName(), { description: 'mine' });
      expect((await volumes.update(mine.id, { name: newName() })).body).toMatchObject({ description: 'mine' });
      expect(cinderOf(mine)?.description).toBe('mine');
      expect((await volumes.update(mine.id, { name: newName(), description: null })).body).toMatchObject({
        description: null,
      });
      expect(cinderOf(mine)?.description).toBeNull();
    });

    it('gives Cinder what it takes of a name, and keeps the whole one; the same again changes nothing', async () => {
      const mine = await volumes.create(newName());
      const body = { name: 'pictures 💾', description: ' one\ntwo ' };
      expect((await volumes.update(mine.id, body)).body).toMatchObject(body);
      expect(cinderOf(mine)).toMatchObject({ name: 'pictures _', description: 'one\ntwo' });
      const before = changesOf(mine);
      expect((await volumes.update(mine.id, body)).status).toBe(200);
      expect(changesOf(mine)).toBe(before);
    });

    it('protects, and takes the protection off', async () => {
      const mine = await volumes.create(newName());
      expect((await volumes.update(mine.id, { name: mine.name, protected: true })).body.protected).toBe(true);
      const refused = await volumes.delete<ProblemBody>(mine.id);
      expect([refused.status, refused.body.code]).toEqual([409, 'PROTECTED']);
      expect(refused.body.blocked_by).toEqual([{ type: 'volume', id: mine.id, name: mine.name }]);
      expect((await volumes.update(mine.id, { name: newName() })).body.protected).toBe(true);
      expect((await volumes.update(mine.id, { name: mine.name, protected: false })).body.protected).toBe(false);
      expect((await volumes.delete(mine.id)).status).toBe(204);
    });

    it('refuses a taken name, naming who has it, and lets one of many at once have it', async () => {
      const [one, two, taken] = [await volumes.create(newName()), await volumes.create(newName()), newName()];
      const refused = await volumes.update<ProblemBody>(one.id, { name: two.name });
      expect([refused.status, refused.body.code]).toEqual([409, 'VOLUME_NAME_DUPLICATE']);
      expect(refused.body.blocked_by).toEqual([{ type: 'volume', id: two.id, name: two.name }]);
      const answers = await Promise.all([one, two].map(({ id }) => volumes.update<ProblemBody>(id, { name: taken })));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(answers.find(({ status }) => status === 409)?.body.code).toBe('VOLUME_NAME_DUPLICATE');
    });

    it('renames a volume that is in our record alone', async () => {
      app.simulator.setQuotas(seed.projects.demo, { volumes: 0 });
      const failed = await volumes.create(newName());
      expect(failed).toMatchObject({ status: 'ERROR', openstack_id: null });
      const name = newName();
      const answer = await volumes.update(failed.id, { name });
      expect([answer.status, answer.body.name]).toEqual([200, name]);
    });

    it('has the old name back when Cinder refuses the new one, and answers with its words', async () => {
      const mine = await volumes.create(newName());
      app.simulator.faults.add({
        method: 'PUT',
        path: '/volumes/',
        status: 400,
        body: { badRequest: { code: 400, message: 'no such names' } },
      });
      const answer = await volumes.update<ProblemBody>(mine.id, { name: newName(), description: 'new' });
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(answer.body.detail).toContain('no such names');
      expect(await volumes.get(mine.id)).toMatchObject({
        name: mine.name,
        description: null,
        fault: { code: 'OPENSTACK_REFUSED' },
      });
    });

    it('answers 404 when Cinder does not know it any more', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.delete(mine.openstack_id ?? '');
      const answer = await volumes.update<ProblemBody>(mine.id, { name: newName() });
      expect([answer.status, answer.body.code]).toEqual([404, 'VOLUME_NOT_FOUND']);
      expect(answer.body.operation_id).toEqual(expect.any(Number));
    });

    it.each(lost)('holds when the answer is lost: %s', async (action) => {
      const mine = await volumes.create(newName());
      app.simulator.faults.add(fault('PUT', '/volumes/', action));
      const name = newName();
      const answer = await volumes.update(mine.id, { name });
      expect([answer.status, answer.body.name]).toEqual([200, name]);
      expect(cinderOf(mine)?.name).toBe(name);
    });

    it('answers 202 to who prefers that, and lets nobody else change it meanwhile', async () => {
      const mine = await volumes.create(newName());
      app.simulator.faults.add({ method: 'GET', path: `/volumes/${mine.openstack_id ?? ''}$`, delay_ms: 500 });
      const body = { name: newName() };
      const headers = { prefer: 'respond-async' };
      const answer = await demo.put<VolumeBody>(`/volumes/${String(mine.id)}/info`, body, { headers });
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({ name: body.name, operation: { kind: 'volume.rename' } });
      const second = await volumes.update<ProblemBody>(mine.id, { name: newName() });
      expect([second.status, second.body.code]).toEqual([409, 'OPERATION_IN_PROGRESS']);
      expect(second.headers.get('location')).toBe(answer.headers.get('location'));
      expect((await demo.finished(answer)).state).toBe('SUCCEEDED');
    });

    it('answers 412 to who has seen another state', async () => {
      const mine = await volumes.create(newName());
      const path = `/volumes/${String(mine.id)}`;
      const etag = (await demo.get(path)).headers.get('etag') ?? '';
      const headers = { 'if-match': etag };
      expect((await demo.put(`${path}/info`, { name: newName() }, { headers })).status).toBe(200);
      const put = await demo.put<ProblemBody>(`${path}/info`, { name: newName() }, { headers });
      expect([put.status, put.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      expect((await demo.put(`${path}/size`, { size: 2 }, { headers })).status).toBe(412);
      expect((await demo.delete(path, { headers })).status).toBe(412);
    });

    it.each([
      ['no name', { description: 'x' }, 'name'],
      ['an empty name', { name: '' }, 'name'],
      ['a name of null', { name: null }, 'name'],
      ['a long name', { name: 'x'.repeat(256) }, 'name'],
      ['a name with a line break', { name: 'a\nb' }, 'name'],
      ['a long description', { name: 'a', description: 'x'.repeat(256) }, 'description'],
      ['a description that is a number', { name: 'a', description: 1 }, 'description'],
      ['protected of null', { name: 'a', protected: null }, 'protected'],
      ['an unknown field', { name: 'a', size: 3 }, 'size'],
    ])('answers 422 for %s', async (_what, body, field) => {
      const answer = await volumes.update<ProblemBody>(1, body);
      expect(answer.body).toMatchObject({ status: 422, code: 'VALIDATION_FAILED', errors: [{ field }] });
    });
  });

  describe('PUT /volumes/{id}/size', () => {
    it('answers 200 with the new size, which Cinder and MySQL have too', async () => {
      const mine = await volumes.create(newName());
      const answer = await volumes.resize(mine.id, 3);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ size: 3, status: 'AVAILABLE', operation: null, fault: null });
      expect(cinderOf(mine)?.size).toBe(3);
      expect(await row(mine.id)).toMatchObject({ size: 3 });
      expect(await volumes.get(mine.id)).toEqual(answer.body);
    });

    it('answers 400 when it would not grow', async () => {
      const mine = await volumes.create(newName(), { size: 2 });
      for (const size of [2, 1]) {
        const answer = await volumes.resize<ProblemBody>(mine.id, size);
        expect([answer.status, answer.body.code]).toEqual([400, 'VOLUME_RESIZE_NOT_ALLOWED']);
      }
      expect(changesOf(mine)).toBe(0);
    });

    it.each(['in-use', 'error', 'extending', 'reserved', 'maintenance'])(
      'answers 409 while it is %s',
      async (status) => {
        const mine = await volumes.create(newName());
        await setStatus(mine, status);
        const answer = await volumes.resize<ProblemBody>(mine.id, 1);
        expect([answer.status, answer.body.code]).toEqual([409, 'VOLUME_STATUS_INVALID_FOR_RESIZING']);
        expect(changesOf(mine)).toBe(0);
      },
    );

    it('answers 409 while it is on a server, naming the server and what to do', async () => {
      const server = await (await ServerRequests.of(demo)).create(newName());
      const blockedBy = [{ type: 'server', id: server.id, name: server.name }];
      const mine = await volumes.create(newName());
      expect((await volumes.attach(server.id, mine.id)).status).toBe(200);
      const answer = await volumes.resize<ProblemBody>(mine.id, 2);
      expect([answer.status, answer.body.code]).toEqual([409, 'VOLUME_STATUS_INVALID_FOR_RESIZING']);
      expect(answer.body.blocked_by).toEqual(blockedBy);
      expect(answer.body.detail).toContain(`is IN_USE; detach it from server "${server.name}" first`);
      const deletion = await volumes.delete<ProblemBody>(mine.id);
      expect([deletion.status, deletion.body.code]).toEqual([409, 'ATTACHED_VOLUME_DELETION']);
      expect(deletion.body.blocked_by).toEqual(blockedBy);
      expect(deletion.body.detail).toContain(`detach it from server "${server.name}" first`);
      const root = await volumes.resize<ProblemBody>(server.volumes[0]?.id ?? 0, 99);
      expect([root.status, root.body.blocked_by]).toEqual([409, blockedBy]);
      expect(root.body.detail).toContain(`server "${server.name}" boots from it, so that it cannot be detached`);
    });

    it('says of one that is on a server which is not managed here where to detach it', async () => {
      const mine = await volumes.create(newName());
      await setStatus(mine, 'in-use');
      for (const answer of [
        await volumes.resize<ProblemBody>(mine.id, 2),
        await volumes.delete<ProblemBody>(mine.id),
      ]) {
        expect(answer.status).toBe(409);
        expect(answer.body.detail).toContain('detach it first from the server that has it, which is not managed here');
      }
    });

    it('follows Cinder when that shows another status than the record, and answers 409', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.setStatus(mine.openstack_id ?? '', 'maintenance');
      const answer = await volumes.resize<ProblemBody>(mine.id, 2);
      expect([answer.status, answer.body.code]).toEqual([409, 'VOLUME_STATUS_INVALID_FOR_RESIZING']);
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'MAINTENANCE', size: 1 });
      expect(changesOf(mine)).toBe(0);
    });

    it('is done when somebody made it larger meanwhile', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.resizeVolume(mine.openstack_id ?? '', 5);
      const answer = await volumes.resize(mine.id, 4);
      expect([answer.status, answer.body.size]).toEqual([200, 5]);
    });

    it('answers with Cinder’s reason when no backend has room, and the size stays', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.failNext('extend');
      const answer = await volumes.resize<ProblemBody>(mine.id, 2);
      expect([answer.status, answer.body.code]).toEqual([409, 'CAPACITY_UNAVAILABLE']);
      expect(answer.body.detail).toContain('extend volume:Could not find any available weighted backend');
      expect(await volumes.get(mine.id)).toMatchObject({
        size: 1,
        status: 'AVAILABLE',
        fault: { code: 'CAPACITY_UNAVAILABLE' },
      });
      expect((await volumes.resize(mine.id, 2)).body).toMatchObject({ size: 2, fault: null });
    });

    it('shows ERROR_EXTENDING when the driver fails; such a volume can be deleted', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.failNext('extend-driver');
      const answer = await volumes.resize<ProblemBody>(mine.id, 2);
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(await volumes.get(mine.id)).toMatchObject({ size: 1, status: 'ERROR_EXTENDING' });
      expect((await volumes.delete(mine.id)).status).toBe(204);
    });

    it('answers QUOTA_EXCEEDED with Cinder’s numbers', async () => {
      const mine = await volumes.create(newName());
      app.simulator.setQuotas(seed.projects.demo, {
        gigabytes: app.simulator.cloud.used(seed.projects.demo, 'gigabytes'),
      });
      const answer = await volumes.resize<ProblemBody>(mine.id, 3);
      expect([answer.status, answer.body.code]).toEqual([409, 'QUOTA_EXCEEDED']);
      expect(answer.body.detail).toMatch(/Requested 2G, quota is \d+G/);
      expect(await volumes.get(mine.id)).toMatchObject({ size: 1, status: 'AVAILABLE' });
    });

    it.each(lost)('grows once when the answer is lost: %s', async (action) => {
      const mine = await volumes.create(newName());
      app.simulator.faults.add(fault('POST', '/volumes/[^/]+/action$', action));
      const answer = await volumes.resize(mine.id, 4);
      expect([answer.status, answer.body.size, answer.body.status]).toEqual([200, 4, 'AVAILABLE']);
      expect(cinderOf(mine)).toMatchObject({ size: 4, status: 'available' });
    });

    it('lets one of many at once do it; the others make no call', async () => {
      const mine = await volumes.create(newName());
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => volumes.resize<ProblemBody>(mine.id, 2 + index)),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const refusals = answers.filter(({ status }) => status !== 200).map(({ body }) => body.code);
      const expected = ['OPERATION_IN_PROGRESS', 'VOLUME_STATUS_INVALID_FOR_RESIZING', 'VOLUME_RESIZE_NOT_ALLOWED'];
      for (const code of refusals) expect(expected).toContain(code);
      expect(changesOf(mine)).toBe(1);
    });

    it.each([
      ['0', 0],
      ['-1', -1],
      ['1.5', 1.5],
      ['65,537', 65_537],
      ['a word', '2'],
      ['null', null],
      ['nothing', undefined],
      ['a list', [2]],
    ])('answers 422 for %s', async (_what, size) => {
      const answer = await volumes.resize<ProblemBody>(1, size);
      expect(answer.body).toMatchObject({ status: 422, code: 'VALIDATION_FAILED', errors: [{ field: 'size' }] });
    });
  });

  describe('DELETE /volumes/{id}', () => {
    it('answers 204, and 404 after that; nothing is left in Cinder, and the name is free', async () => {
      const mine = await volumes.create(newName());
      const answer = await volumes.delete(mine.id);
      expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(cinderOf(mine)).toBeUndefined();
      expect(await row(mine.id)).toMatchObject({ deleted_reason: 'user' });
      const again = await volumes.delete<ProblemBody>(mine.id);
      expect([again.status, again.body.code]).toEqual([404, 'VOLUME_NOT_FOUND']);
      expect((await volumes.create(mine.name)).status).toBe('AVAILABLE');
    });

    it('takes an idempotency key', async () => {
      const mine = await volumes.create(newName());
      const headers = { 'idempotency-key': `delete-${mine.name}` };
      expect((await demo.delete(`/volumes/${String(mine.id)}`, { headers })).status).toBe(204);
      const again = await demo.delete(`/volumes/${String(mine.id)}`, { headers });
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([204, 'true']);
    });

    it('is done when Cinder does not know it any more, or never did', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.delete(mine.openstack_id ?? '');
      expect((await volumes.delete(mine.id)).status).toBe(204);
      app.simulator.setQuotas(seed.projects.demo, { volumes: 0 });
      const failed = await volumes.create(newName());
      expect((await volumes.delete(failed.id)).status).toBe(204);
    });

    it.each(['error', 'error_restoring', 'error_extending', 'error_deleting'])('works from %s', async (status) => {
      const mine = await volumes.create(newName());
      await setStatus(mine, status);
      expect((await volumes.delete(mine.id)).status).toBe(204);
      expect(cinderOf(mine)).toBeUndefined();
    });

    it.each(['in-use', 'reserved', 'attaching', 'detaching', 'extending', 'maintenance', 'awaiting-transfer'])(
      'answers 409 while it is %s',
      async (status) => {
        const mine = await volumes.create(newName());
        await setStatus(mine, status);
        const answer = await volumes.delete<ProblemBody>(mine.id);
        expect([answer.status, answer.body.code]).toEqual([409, 'VOLUME_STATUS_INVALID_FOR_DELETION']);
        expect(changesOf(mine)).toBe(0);
      },
    );

    it('answers 409 while it is made', async () => {
      const { body } = await volumes.post(newName());
      const answer = await volumes.delete<ProblemBody>(body.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'VOLUME_STATUS_INVALID_FOR_DELETION']);
      await demo.finished(body.operation?.id ?? 0);
    });

    it('follows Cinder when that shows another status than the record, and answers 409', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.setStatus(mine.openstack_id ?? '', 'maintenance');
      const answer = await volumes.delete<ProblemBody>(mine.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'VOLUME_STATUS_INVALID_FOR_DELETION']);
      expect(await volumes.get(mine.id)).toMatchObject({ status: 'MAINTENANCE' });
    });

    it('ends when Cinder fails to delete it, and may be asked for again', async () => {
      const mine = await volumes.create(newName());
      app.simulator.outside.failNext('volume-delete');
      const answer = await volumes.delete<ProblemBody>(mine.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(await volumes.get(mine.id)).toMatchObject({
        status: 'ERROR_DELETING',
        operation: null,
        fault: { code: 'OPENSTACK_REFUSED' },
      });
      expect((await volumes.delete(mine.id)).status).toBe(204);
      expect(cinderOf(mine)).toBeUndefined();
    });

    it('says that snapshots hold it', async () => {
      const mine = await volumes.create(newName());
      const snapshot = app.simulator.outside.snapshot(mine.openstack_id ?? '');
      const answer = await volumes.delete<ProblemBody>(mine.id);
      expect([answer.status, answer.body.code]).toEqual([409, 'OPENSTACK_REFUSED']);
      expect(answer.body.detail).toContain('1 snapshot(s) hold volume');
      expect(changesOf(mine)).toBe(0);
      app.simulator.outside.delete(snapshot);
      expect((await volumes.delete(mine.id)).status).toBe(204);
    });

    it('refuses the root volume of a server, naming the server', async () => {
      const server = await (await ServerRequests.of(demo)).create(newName());
      const id = server.volumes[0]?.id ?? 0;
      const answer = await volumes.delete<ProblemBody>(id);
      expect([answer.status, answer.body.code]).toEqual([409, 'ATTACHED_VOLUME_DELETION']);
      expect(answer.body.blocked_by).toEqual([{ type: 'server', id: server.id, name: server.name }]);
      const preview = await volumes.delete<PreviewBody>(id, '?dry_run=true');
      expect([preview.status, preview.body.blocked_by]).toEqual([200, answer.body.blocked_by]);
    });

    it('tells with dry_run what it would do, and does nothing', async () => {
      const mine = await volumes.create(newName());
      const itself = { type: 'volume', id: mine.id, name: mine.name };
      const answer = await volumes.delete<PreviewBody>(mine.id, '?dry_run=true');
      expect([answer.status, answer.body]).toEqual([
        200,
        { delete: [itself], detach: [], keep: [], blocked_by: [], refusals: [] },
      ]);
      expect(await volumes.get(mine.id)).toEqual(mine);
      const stale = await volumes.api.delete<ProblemBody>(`/volumes/${String(mine.id)}?dry_run=true`, {
        headers: { 'if-match': '"stale"' },
      });
      expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      await volumes.update(mine.id, { name: mine.name, protected: true });
      const refused = await volumes.delete<PreviewBody>(mine.id, '?dry_run=true');
      expect(refused.body).toMatchObject({ blocked_by: [itself], refusals: [{ code: 'PROTECTED' }] });
      const foreign = await strangers.delete<ProblemBody>(mine.id, '?dry_run=true');
      expect([foreign.status, foreign.body.code]).toEqual([403, 'VOLUME_DELETE_PERMISSION_DENIED']);
      expect((await volumes.delete<ProblemBody>(mine.id, '?dry_run=1')).status).toBe(422);
    });

    it.each(['reset-before', 'reset-after', 'respond-after', 'late-commit'] as const)(
      'goes through when the answer is lost: %s',
      async (action) => {
        const mine = await volumes.create(newName());
        app.simulator.faults.add(fault('DELETE', '/volumes/', action));
        expect((await volumes.delete(mine.id)).status).toBe(204);
        expect(cinderOf(mine)).toBeUndefined();
      },
    );

    it('lets one of many at once do it', async () => {
      const mine = await volumes.create(newName());
      const answers = await Promise.all(Array.from({ length: 20 }, () => volumes.delete<ProblemBody>(mine.id)));
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      for (const { status, body } of answers.filter((answer) => answer.status !== 204)) {
        expect(['OPERATION_IN_PROGRESS', 'VOLUME_NOT_FOUND', 'VOLUME_STATUS_INVALID_FOR_DELETION']).toContain(
          body.code,
        );
        expect([404, 409]).toContain(status);
      }
      expect(changesOf(mine)).toBe(1);
    });
  });

  it('answers 404, 403 and 403 for one that is not there, another project’s, and to a reader', async () => {
    const mine = await volumes.create(newName());
    const change = { name: newName() };
    for (const [request, denied] of [
      [(of: VolumeRequests, id: number) => of.update<ProblemBody>(id, change), 'VOLUME_UPDATE_PERMISSION_DENIED'],
      [(of: VolumeRequests, id: number) => of.resize<ProblemBody>(id, 2), 'VOLUME_UPDATE_PERMISSION_DENIED'],
      [(of: VolumeRequests, id: number) => of.delete<ProblemBody>(id), 'VOLUME_DELETE_PERMISSION_DENIED'],
    ] as const) {
      const [unknown, foreign, reader] = [
        await request(volumes, 999_999),
        await request(strangers, mine.id),
        await request(readers, mine.id),
      ];
      expect([unknown.status, unknown.body.code]).toEqual([404, 'VOLUME_NOT_FOUND']);
      expect([foreign.status, foreign.body.code]).toEqual([403, denied]);
      expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    }
    expect(changesOf(mine)).toBe(0);
  });
});
