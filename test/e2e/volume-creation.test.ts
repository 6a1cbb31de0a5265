import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { seed } from '../../simulator/seed.js';
import type { Answer, Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { connect } from '../support/schema.js';
import { ServerRequests, type ProblemBody } from '../support/servers.js';
import { VolumeRequests, type VolumeBody } from '../support/volumes.js';

interface ListBody {
  readonly volumes: readonly VolumeBody[];
  readonly next_cursor: string | null;
}

const ssd = seed.volumeTypes['lab-ssd'];

describe('volumes', () => {
  let app: TestApp;
  let demo: Api;
  let volumes: VolumeRequests;
  let database: Connection;
  let count = 0;

  beforeAll(async () => {
    app = await startApp();
    demo = await app.login('demo');
    volumes = new VolumeRequests(demo);
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

  const inCinder = () => app.simulator.inventory().volumes;
  const cinderOf = ({ openstack_id: id }: VolumeBody) => inCinder().find((volume) => volume.id === id);
  const newName = () => `volume-${String((count += 1))}`;
  const posts = () => app.simulator.log.list({ method: 'POST', service: 'volume', path: '/volumes$' }).length;

  async function row(id: number): Promise<RowDataPacket | undefined> {
    const [rows] = await database.query<RowDataPacket[]>('SELECT * FROM volume WHERE id = ?', [id]);
    return rows[0];
  }

  describe('POST /volumes', () => {
    it('answers 202 with the volume in CREATING, which is AVAILABLE later and carries our marker', async () => {
      const name = newName();
      const answer = await volumes.post(name, { description: 'pictures', size: 2, protected: true });
      expect(answer.status).toBe(202);
      expect(answer.headers.get('location')).toBe(`/operations/${String(answer.body.operation?.id)}`);
      expect(answer.body).toMatchObject({
        openstack_id: null,
        name,
        status: 'CREATING',
        fault: null,
        operation: { kind: 'volume.create' },
      });
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED', resource: { type: 'volume' } });
      const volume = await volumes.get(answer.body.id);
      expect(volume).toEqual({
        id: answer.body.id,
        openstack_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        project_id: demo.login?.project_id,
        server_id: null,
        server: null,
        volume_type_id: ssd,
        image_id: null,
        name,
        description: 'pictures',
        status: 'AVAILABLE',
        openstack_status: 'available',
        size: 2,
        is_root_volume: false,
        availability_zone: 'nova',
        protected: true,
        fault: null,
        operation: null,
        observed_at: expect.any(String),
        missing_since: null,
        sync: 'fresh',
        created_at: expect.any(String),
        updated_at: expect.any(String),
        deleted_at: null,
      });
      const marker = `:${String((await row(volume.id))?.['uuid'])}`;
      expect(cinderOf(volume)).toMatchObject({ name, size: 2, volume_type: 'lab-ssd', project_id: seed.projects.demo });
      expect(cinderOf(volume)?.marker?.endsWith(marker)).toBe(true);
    });

    it('takes the type by its name, and an image', async () => {
      const { imageId } = await ServerRequests.of(demo);
      const volume = await volumes.create(newName(), { volume_type_id: 'lab-hdd', image_id: imageId });
      expect(volume).toMatchObject({
        status: 'AVAILABLE',
        volume_type_id: seed.volumeTypes['lab-hdd'],
        image_id: imageId,
      });
      expect(cinderOf(volume)).toMatchObject({ volume_type: 'lab-hdd', image_id: imageId });
    });

    it('takes null for what may be left out', async () => {
      const volume = await volumes.create(newName(), { description: null, image_id: null });
      expect(volume).toMatchObject({ description: null, image_id: null, protected: false, status: 'AVAILABLE' });
    });

    it('refuses a taken name before anything else, naming who has it, and lets one of many at once have it', async () => {
      const name = newName();
      const answers = await Promise.all(Array.from({ length: 10 }, () => volumes.post<VolumeBody & ProblemBody>(name)));
      const winner = answers.find(({ status }) => status === 202);
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
      for (const { status, body } of answers.filter((answer) => answer !== winner)) {
        expect([status, body.code]).toEqual([409, 'VOLUME_NAME_DUPLICATE']);
        expect(body.blocked_by).toEqual([{ type: 'volume', id: winner?.body.id, name }]);
      }
      await demo.finished(winner ?? 0);
      expect(inCinder().filter((volume) => volume.name === name)).toHaveLength(1);
      const both = await volumes.post<ProblemBody>(name, { volume_type_id: 'no such type' });
      expect([both.status, both.body.code]).toEqual([409, 'VOLUME_NAME_DUPLICATE']);
    });

    it.each([
      ['type', { volume_type_id: 'no such type' }, 'VOLUME_TYPE_NOT_FOUND', 'volume_type_id'],
      ['type id', { volume_type_id: seed.networks.public }, 'VOLUME_TYPE_NOT_FOUND', 'volume_type_id'],
      ['image', { image_id: '11111111-1111-4111-8111-111111111111' }, 'IMAGE_NOT_FOUND', 'image_id'],
    ])('answers 404 for an unknown %s, and keeps nothing', async (_what, changes, code, field) => {
      const [name, before] = [newName(), posts()];
      const answer = await volumes.post<ProblemBody>(name, changes);
      expect(answer.status).toBe(404);
      expect(answer.body).toMatchObject({ code, errors: [{ field }] });
      expect(posts()).toBe(before);
      const again = await volumes.post(name);
      expect(again.status).toBe(202);
      await demo.finished(again);
    });

    it('answers 422 for a size that the image does not fit on, and keeps nothing', async () => {
      const { imageId } = await ServerRequests.of(demo);
      const image = [...app.simulator.cloud.images.values()].find(({ id }) => id === imageId);
      if (image === undefined) throw new Error('the image is not there');
      const [name, before, { minDisk }] = [newName(), posts(), image];
      image.minDisk = 3;
      const fresh = await startApp({ simulator: app.simulator, schema: app.schema });
      try {
        const others = new VolumeRequests(await fresh.login('demo'));
        const answer = await others.post<ProblemBody>(name, { image_id: imageId, size: 2 });
        expect([answer.status, answer.body.code]).toEqual([422, 'VOLUME_TOO_SMALL']);
        expect(answer.body.errors).toMatchObject([{ field: 'size', message: 'must be at least 3' }]);
        expect(posts()).toBe(before);
      } finally {
        image.minDisk = minDisk;
        await fresh.close();
      }
    });

    it('looks the choice up in the operation when the catalogue could not be read before', async () => {
      const fresh = await startApp({ simulator: app.simulator, schema: app.schema });
      try {
        const others = new VolumeRequests(await fresh.login('demo'));
        app.simulator.faults.add({ service: 'image', status: 503, times: 1 });
        const wrong = await others.create(newName(), { volume_type_id: 'no such type' });
        expect(wrong).toMatchObject({
          status: 'ERROR',
          openstack_id: null,
          volume_type_id: null,
          fault: { code: 'VOLUME_TYPE_NOT_FOUND' },
        });
      } finally {
        await fresh.close();
      }
    });

    it.each([
      ['no name', { name: undefined }, 'name'],
      ['an empty name', { name: '' }, 'name'],
      ['a name of 256 characters', { name: 'x'.repeat(256) }, 'name'],
      ['a name that ends in a space', { name: 'data ' }, 'name'],
      ['a name with a control character', { name: 'da\u0007ta' }, 'name'],
      ['a name with a bidirectional control', { name: 'da\u202Eta' }, 'name'],
      ['a name that is a number', { name: 7 }, 'name'],
      ['a description of 256 characters', { description: 'x'.repeat(256) }, 'description'],
      ['no size', { size: undefined }, 'size'],
      ['size 0', { size: 0 }, 'size'],
      ['size -1', { size: -1 }, 'size'],
      ['size 1.5', { size: 1.5 }, 'size'],
      ['size 65,537', { size: 65_537 }, 'size'],
      ['a size in words', { size: '10' }, 'size'],
      ['no size but null', { size: null }, 'size'],
      ['no type', { volume_type_id: undefined }, 'volume_type_id'],
      ['an empty type', { volume_type_id: '' }, 'volume_type_id'],
      ['a type that is a number', { volume_type_id: 1 }, 'volume_type_id'],
      ['an image that is no UUID', { image_id: 'lab-tiny' }, 'image_id'],
      ['protected by a word', { protected: 'yes' }, 'protected'],
      ['an unknown field', { multiattach: true }, 'multiattach'],
    ])('answers 422 for %s', async (_what, changes, field) => {
      const before = posts();
      const answer = await volumes.post<ProblemBody>(newName(), changes);
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ field }] });
      expect(posts()).toBe(before);
    });

    it.each(['💾 data', 'ﬁle.A\u0301', '데이터', '🦊'.repeat(255)])('keeps the name %s', async (given) => {
      const volume = await volumes.create(given);
      expect(volume).toMatchObject({ name: given.normalize('NFC'), status: 'AVAILABLE', fault: null });
    });

    it('answers 403 to a reader', async () => {
      const answer = await new VolumeRequests(await app.login('viewer')).post<ProblemBody>(newName());
      expect([answer.status, answer.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    });

    it.each([
      ['number', () => ({ volumes: app.simulator.cloud.used(seed.projects.demo, 'volumes') }), 'VolumeLimitExceeded'],
      ['size', () => ({ gigabytes: app.simulator.cloud.used(seed.projects.demo, 'gigabytes') }), 'gigabytes quota'],
    ])('reads ERROR with QUOTA_EXCEEDED when the quota of %s is used up', async (_what, quotas, text) => {
      app.simulator.setQuotas(seed.projects.demo, quotas());
      const before = inCinder().length;
      const volume = await volumes.create(newName());
      expect(volume).toMatchObject({
        status: 'ERROR',
        openstack_id: null,
        operation: null,
        fault: { code: 'QUOTA_EXCEEDED', message: expect.stringContaining(text) },
      });
      expect(inCinder()).toHaveLength(before);
      const again = await volumes.post<ProblemBody>(volume.name);
      expect(again.body).toMatchObject({ code: 'VOLUME_NAME_DUPLICATE', blocked_by: [{ id: volume.id }] });
    });

    it('stays in ERROR, in OpenStack too, with Cinder’s words when Cinder fails after it accepted', async () => {
      app.simulator.outside.failNext('volume');
      const answer = await volumes.post(newName());
      expect(await demo.finished(answer)).toMatchObject({
        state: 'FAILED',
        error: { code: 'CAPACITY_UNAVAILABLE', message: expect.stringContaining('available weighted backend') },
      });
      const volume = await volumes.get(answer.body.id);
      expect(volume).toMatchObject({
        status: 'ERROR',
        openstack_status: 'error',
        openstack_id: expect.any(String),
        fault: { code: 'CAPACITY_UNAVAILABLE', message: expect.stringContaining('Cinder said: schedule') },
      });
      expect(cinderOf(volume)).toMatchObject({ status: 'error' });
    });

    it('reads ERROR when somebody deletes it while it is made', async () => {
      app.simulator.configure({ volume_create_ms: 5_000 });
      try {
        const answer = await volumes.post(newName());
        const made = await demo.until<VolumeBody>(
          `/volumes/${String(answer.body.id)}`,
          ({ body }) => body.openstack_id !== null,
        );
        app.simulator.outside.delete(made.body.openstack_id ?? '');
        expect(await demo.finished(answer)).toMatchObject({ state: 'FAILED', error: { code: 'DELETED_OUTSIDE' } });
        expect(await volumes.get(answer.body.id)).toMatchObject({ status: 'ERROR', openstack_id: null });
      } finally {
        app.simulator.configure({ volume_create_ms: 300 });
      }
    });

    it.each(['reset-before', 'reset-after', 'respond-after', 'late-commit', 'html', 'truncate'] as const)(
      'makes one volume when the answer is lost: %s',
      async (action) => {
        const before = inCinder().length;
        app.simulator.faults.add({
          method: 'POST',
          path: '/volumes$',
          action,
          times: 1,
          ...(action === 'respond-after' ? { status: 502 } : {}),
          ...(action === 'late-commit' ? { delay_ms: 500 } : {}),
        });
        const volume = await volumes.create(newName());
        expect(volume).toMatchObject({ status: 'AVAILABLE', fault: null });
        expect(inCinder()).toHaveLength(before + 1);
        expect(cinderOf(volume)).toBeDefined();
      },
    );

    it('waits while Cinder is away, and is made when it is back', async () => {
      app.simulator.faults.add({ service: 'volume', action: 'refuse' });
      const answer = await volumes.post(newName());
      expect(answer.status).toBe(202);
      await demo.until<{ attempt: number }>(`/operations/${String(answer.body.operation?.id)}`, () =>
        app.simulator.log.list({ service: 'volume' }).some(({ outcome }) => outcome === 'refused'),
      );
      app.simulator.faults.clear();
      expect(await demo.finished(answer)).toMatchObject({ state: 'SUCCEEDED' });
    });

    it('makes one volume for one Idempotency-Key', async () => {
      const headers = { 'idempotency-key': `key-${newName()}` };
      const body = volumes.body(newName());
      const first = await demo.post<VolumeBody>('/volumes', body, { headers });
      await demo.finished(first);
      const second = await demo.post<VolumeBody>('/volumes', body, { headers });
      expect([second.status, second.body.id]).toEqual([202, first.body.id]);
      expect(second.headers.get('idempotent-replayed')).toBe('true');
    });
  });

  describe('GET /volumes', () => {
    it('sorts by name and by time, in pages that show each one once', async () => {
      for (const name of ['b-sort', 'A-sort', 'á-sort', 'c-sort']) await volumes.create(name);
      const all = await list('?sort_by=created_at');
      expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((a, b) => a - b));
      const byName = (await list('?sort_by=name')).map(({ name }) => name).filter((name) => name.endsWith('-sort'));
      expect(byName).toEqual(['A-sort', 'á-sort', 'b-sort', 'c-sort']);
      for (const query of ['sort_by=name&order=desc', 'sort_by=created_at&sort_order=desc', 'sort_by=name']) {
        const whole = (await list(`?${query}`)).map(({ id }) => id);
        expect(await paged(query, 3)).toEqual(whole);
        expect([...whole].sort((a, b) => a - b)).toEqual(all.map(({ id }) => id));
      }
    });

    it('shows the project’s own, to a reader too, and an admin everything, deleted ones too if asked', async () => {
      const mine = await volumes.create(newName());
      const [viewer, other, admin] = [await app.login('viewer'), await app.login('other'), await app.login('admin')];
      const ids = async (api: Api, query = '') =>
        (await api.get<ListBody>(`/volumes${query}`)).body.volumes.map(({ id }) => id);
      expect(await ids(viewer)).toContain(mine.id);
      expect(await ids(other)).not.toContain(mine.id);
      expect(await ids(admin)).toContain(mine.id);
      await database.query('UPDATE volume SET deleted_at = NOW(3) WHERE id = ?', [mine.id]);
      expect(await ids(admin)).not.toContain(mine.id);
      expect(await ids(admin, '?include_deleted=true')).toContain(mine.id);
      const refused = await demo.get<ProblemBody>('/volumes?include_deleted=true');
      expect([refused.status, refused.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    });

    it.each(['?limit=0', '?limit=201', '?sort_by=size', '?order=up', '?cursor=x', '?name=data'])(
      'answers 422 for %s',
      async (query) => {
        const answer = await demo.get<ProblemBody>(`/volumes${query}`);
        expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
      },
    );

    it('answers 404, 403 and 422 for one that is not there, another project’s, or no id', async () => {
      const mine = await volumes.create(newName());
      const foreign = await (await app.login('other')).get<ProblemBody>(`/volumes/${String(mine.id)}`);
      expect([foreign.status, foreign.body.code]).toEqual([403, 'VOLUME_ACCESS_PERMISSION_DENIED']);
      const unknown = await demo.get<ProblemBody>('/volumes/999999');
      expect([unknown.status, unknown.body.code]).toEqual([404, 'VOLUME_NOT_FOUND']);
      for (const id of ['0', '-1', '1e3', '9007199254740992', 'x']) {
        const answer = await demo.get<ProblemBody>(`/volumes/${id}`);
        expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
      }
    });

    it('shows a root volume with its server and the id of its type', async () => {
      const servers = await ServerRequests.of(demo);
      const server = await servers.create('with-root');
      const root = server.volumes.find(({ is_root_volume: isRoot }) => isRoot);
      const volume = await volumes.get(root?.id ?? 0);
      expect(volume).toMatchObject({
        name: 'with-root-root',
        is_root_volume: true,
        status: 'IN_USE',
        server_id: server.id,
        server: { id: server.id, name: 'with-root', deleted_at: null, created_at: expect.any(String) },
        image_id: servers.imageId,
        volume_type_id: seed.volumeTypes.__DEFAULT__,
        availability_zone: 'nova',
      });
      expect(root).toMatchObject({ volume_type_id: seed.volumeTypes.__DEFAULT__ });
    });

    it('is answered from the record while OpenStack is away, and not again to who has it', async () => {
      const mine = await volumes.create(newName());
      app.simulator.faults.add({ action: 'refuse' });
      const answer = await demo.get<VolumeBody>(`/volumes/${String(mine.id)}`);
      expect(answer.body).toEqual(mine);
      const headers = { 'if-none-match': answer.headers.get('etag') ?? '' };
      expect((await demo.get(`/volumes/${String(mine.id)}`, { headers })).status).toBe(304);
    });

    it.each([
      ['project', 'WHERE v.project_id = 1 AND v.deleted_at IS NULL ORDER BY v.created_at ASC, v.id ASC LIMIT 51'],
      ['project by name', 'WHERE v.project_id = 1 AND v.deleted_at IS NULL ORDER BY v.name DESC, v.id DESC LIMIT 51'],
      ['everything', 'WHERE v.deleted_at IS NULL ORDER BY v.created_at ASC, v.id ASC LIMIT 51'],
      ['everything by name', 'WHERE v.deleted_at IS NULL ORDER BY v.name ASC, v.id ASC LIMIT 51'],
    ])('reads a page of %s in the order of an index', async (_what, conditions) => {
      const [plan] = await database.query<RowDataPacket[]>(`EXPLAIN SELECT v.* FROM volume v ${conditions}`);
      expect(plan[0]?.['type']).not.toBe('ALL');
      expect(String(plan[0]?.['Extra'])).not.toContain('filesort');
    });
  });

  async function list(query = ''): Promise<readonly VolumeBody[]> {
    return (await demo.get<ListBody>(`/volumes${query}`)).body.volumes;
  }

  async function paged(query: string, limit: number): Promise<readonly number[]> {
    const ids: number[] = [];
    let path = `/volumes?${query}&limit=${String(limit)}`;
    while (path !== '') {
      const answer: Answer<ListBody> = await demo.get<ListBody>(path);
      expect(answer.status).toBe(200);
      ids.push(...answer.body.volumes.map(({ id }) => id));
      expect(answer.headers.has('link')).toBe(answer.body.next_cursor !== null);
      path = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
    }
    return ids;
  }
});
