import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Api } from '../support/api.js';
import { startApp, type TestApp } from '../support/app.js';
import { KeyPairRequests, type KeyPairBody } from '../support/key-pairs.js';
import { publicKeys } from '../support/public-keys.js';
import { connect } from '../support/schema.js';
import type { ProblemBody } from '../support/servers.js';

interface KeyPairPage {
  readonly key_pairs: readonly KeyPairBody[];
  readonly next_cursor: string | null;
}

describe('key pairs', () => {
  let app: TestApp;
  let demo: Api;
  let keyPairs: KeyPairRequests;
  let database: Connection;

  beforeAll(async () => {
    // The sweep of orphans asks Nova for key pairs.
    app = await startApp({ settings: { ORPHAN_SWEEP_MS: '3600000' } });
    demo = await app.login('demo');
    keyPairs = new KeyPairRequests(demo);
    database = await connect(app.schema);
  });

  afterAll(async () => {
    await database.end();
    await app.close();
  });

  it('are kept here alone, and forgotten on demand', async () => {
    const since = app.simulator.log.list().at(-1)?.id ?? 0;
    const answer = await keyPairs.post('laptop', `${publicKeys.ed25519}\n`);
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        id: expect.any(Number),
        name: 'laptop',
        type: 'ssh-ed25519',
        public_key: publicKeys.ed25519,
        fingerprint: 'SHA256:Cqh7ySWMl2HWb7I/BEmontOv1KkHRSuJMRI7A3kqz8M',
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    ]);
    const path = `/key-pairs/${String(answer.body.id)}`;
    const shown = await demo.get<KeyPairBody>(path);
    expect([shown.status, shown.body]).toEqual([200, answer.body]);
    expect(shown.headers.get('etag')).toBe(answer.headers.get('etag'));
    const stale = await demo.delete<ProblemBody>(path, { headers: { 'if-match': '"another"' } });
    expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    const gone = await demo.delete(path, { headers: { 'if-match': shown.headers.get('etag') ?? '' } });
    expect([gone.status, gone.body]).toEqual([204, undefined]);
    for (const again of [await demo.get<ProblemBody>(path), await demo.delete<ProblemBody>(path)]) {
      expect([again.status, again.body.code]).toEqual([404, 'KEY_PAIR_NOT_FOUND']);
    }
    expect(app.simulator.log.list({ path: 'keypairs', after: since })).toEqual([]);
    const [rows] = await database.query<RowDataPacket[]>(
      "SELECT action FROM audit_event WHERE resource_type = 'key_pair' AND resource_id = ? ORDER BY id",
      [answer.body.id],
    );
    expect(rows.map((row) => String(row['action']))).toEqual(['key-pair.add', 'key-pair.remove']);
  });

  it.each(Object.entries(publicKeys))('may be of type %s', async (name, publicKey) => {
    const added = await keyPairs.add(`type-${name}`, publicKey);
    expect(added).toMatchObject({ public_key: publicKey, type: publicKey.split(' ')[0] });
  });

  it.each([
    ['no key', 'hello'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['two lines', `${publicKeys.ed25519}\n${publicKeys.rsa}`],
    ['17 KiB', `${publicKeys.ed25519} ${'x'.repeat(16_384)}`],
    ['nothing', ''],
  ])('must not be %s', async (_what, publicKey) => {
    const answer = await keyPairs.post<ProblemBody>('wrong', publicKey);
    expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(answer.body.errors).toEqual([expect.objectContaining({ field: 'public_key' })]);
  });

  it.each([
    ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n'],
    ['PKCS #1', '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----'],
    ['PKCS #8', '-----BEGIN ENCRYPTED PRIVATE KEY-----\r\nMIIFHDBOBgkqhkiG9w0BBQ0w'],
    ['PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 2'],
    ['OpenSSH without its first line', 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\nAAAA'],
  ])('warn of a private key and keep nothing of it: %s', async (_what, text) => {
    const answer = await keyPairs.post<ProblemBody>('private', text);
    expect([answer.status, answer.body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(answer.body.detail).toMatch(/^public_key: is a private key, which must not be sent anywhere; .*public/);
    expect(JSON.stringify(answer.body)).not.toMatch(/MII|b3Blb/);
  });

  it('have a name once each, for each person, and again when it is free', async () => {
    const first = await keyPairs.add('mine');
    const second = await keyPairs.post<ProblemBody>('mine');
    expect([second.status, second.body.code]).toEqual([409, 'KEY_PAIR_NAME_DUPLICATE']);
    expect((await keyPairs.post('Mine')).status).toBe(201);
    expect((await new KeyPairRequests(await app.login('mate')).post('mine')).status).toBe(201);
    await demo.delete(`/key-pairs/${String(first.id)}`);
    expect((await keyPairs.post('mine')).status).toBe(201);
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => keyPairs.post('wanted')));
    expect(atOnce.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  it('ignore Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'again' };
    const body = { name: 'keyed', public_key: publicKeys.rsa };
    expect((await demo.post('/key-pairs', body, { headers })).status).toBe(201);
    expect((await demo.post('/key-pairs', body, { headers })).status).toBe(409);
  });

  it('are one’s own: others find none, and a reader keeps none', async () => {
    const mine = await keyPairs.add('private');
    const [mate, admin, viewer] = [await app.login('mate'), await app.login('admin'), await app.login('viewer')];
    const path = `/key-pairs/${String(mine.id)}`;
    for (const other of [mate, admin]) {
      const shown = await other.get<ProblemBody>(path);
      const removed = await other.delete<ProblemBody>(path);
      expect([shown.status, removed.status, removed.body.code]).toEqual([404, 404, 'KEY_PAIR_NOT_FOUND']);
      expect((await new KeyPairRequests(other).list()).map(({ id }) => id)).not.toContain(mine.id);
    }
    const reader = await new KeyPairRequests(viewer).post<ProblemBody>('no');
    expect([reader.status, reader.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    expect((await viewer.get('/key-pairs')).status).toBe(200);
  });

  it('are listed page by page, by name or by age', async () => {
    const names = (await keyPairs.list('?sort_by=name&order=desc')).map(({ name }) => name.toLowerCase());
    expect(names).toEqual([...names].sort().reverse());
    const all = (await keyPairs.list()).map(({ id }) => id);
    const pages: number[] = [];
    for (let path: string | null = '/key-pairs?limit=3'; path !== null;) {
      const page: KeyPairPage = (await demo.get<KeyPairPage>(path)).body;
      pages.push(...page.key_pairs.map(({ id }) => id));
      path = page.next_cursor === null ? null : `/key-pairs?limit=3&cursor=${page.next_cursor}`;
    }
    expect(pages).toEqual(all);
  });
});
