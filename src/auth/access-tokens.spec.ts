import 'reflect-metadata';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { deriveKey } from '../common/derived-key.js';
import { Config, readConfig } from '../config/config.js';
import { AccessTokens } from './access-tokens.js';

const secret = 'a key that is used in this file and nowhere else';
const config = readConfig({
  SECRET_KEY: secret,
  OS_AUTH_URL: 'http://127.0.0.1:9/v3',
  OS_USERNAME: 'a',
  OS_PASSWORD: 'b',
  OS_PROJECT_NAME: 'c',
  OS_USER_DOMAIN_ID: 'default',
  OS_PROJECT_DOMAIN_ID: 'default',
});
const tokens = new AccessTokens(config);
const key = deriveKey(secret, 'access token');
const claims = { sessionUuid: '5b0c9a0e-7d6c-4d53-8a3e-0f6f3f6a2b11', userId: 3, projectId: 7 };
const minute = 60_000;

interface Forgery {
  readonly key?: Uint8Array;
  readonly header?: Record<string, unknown>;
  readonly payload?: Record<string, unknown>;
}

function forge({ key: by = key, header = {}, payload = {} }: Forgery): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const sound = {
    sid: claims.sessionUuid,
    pid: 7,
    sub: '3',
    iss: 'openstack-cloud-api',
    aud: 'openstack-cloud-api',
    jti: 'x',
  };
  return new SignJWT({ ...sound, iat: now, exp: now + 60, ...payload })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header })
    .sign(by);
}

describe('an access token', () => {
  let token: string;

  beforeAll(async () => {
    ({ token } = await tokens.issue(claims, new Date()));
  });

  it('says what it was issued for, until it ends', async () => {
    const now = new Date();
    const issued = await tokens.issue(claims, now);
    expect(await tokens.read(issued.token)).toEqual(claims);
    expect(issued.expiresAt.getTime() - now.getTime()).toBeGreaterThan(14 * minute);
    const old = await tokens.issue(claims, new Date(now.getTime() - 16 * minute));
    expect(await tokens.read(old.token)).toBe('expired');
  });

  it('says the same however often it is read, and has expired in time all the same', async () => {
    const issued = await tokens.issue(claims, new Date(Date.now() - 15 * minute - 28_000));
    expect(await tokens.read(issued.token)).toEqual(claims);
    expect(await tokens.read(issued.token)).toEqual(claims);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(await tokens.read(issued.token)).toBe('expired');
  });

  it('is nothing with a bit changed in any of its parts', async () => {
    const parts = token.split('.');
    for (const index of parts.keys()) {
      const changed = parts.with(
        index,
        (parts[index] ?? '').replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')),
      );
      expect(await tokens.read(changed.join('.'))).toBeNull();
    }
    expect(await tokens.read(`${token}x`)).toBeNull();
    expect(await tokens.read(parts.slice(0, 2).join('.'))).toBeNull();
    expect(await tokens.read('')).toBeNull();
    expect(await tokens.read('x'.repeat(100_000))).toBeNull();
  });

  it('is nothing without a signature', async () => {
    expect(await tokens.read(new UnsecuredJWT({ sid: 'x', pid: 1 }).setSubject('3').encode())).toBeNull();
  });

  it.each<[string, Forgery]>([
    ['another key', { key: deriveKey('another key of the same length, but not ours', 'access token') }],
    ['a key of ours for another purpose', { key: deriveKey(secret, 'refresh token') }],
    ['another algorithm', { header: { alg: 'HS384' } }],
    ['another type', { header: { typ: 'JWT' } }],
    ['another issuer', { payload: { iss: 'someone' } }],
    ['another audience', { payload: { aud: 'someone' } }],
    ['a time in the future', { payload: { nbf: Math.floor(Date.now() / 1000) + 3600 } }],
    ['no end', { payload: { exp: undefined } }],
    ['no id', { payload: { jti: undefined } }],
    ['a project that is no number', { payload: { pid: '7' } }],
    ['a user that is no id', { payload: { sub: '3; DROP TABLE user' } }],
    ['a session that is no text', { payload: { sid: { $gt: '' } } }],
  ])('is nothing with %s', async (_what, forgery) => {
    expect(await tokens.read(await forge(forgery))).toBeNull();
  });

  it('does not look for keys where its header says', async () => {
    const header = {
      jku: 'http://127.0.0.1:9/keys',
      x5u: 'http://127.0.0.1:9/x',
      kid: '../../dev/null',
      jwk: { kty: 'oct' },
    };
    expect(await tokens.read(await forge({ header }))).toEqual(claims);
    expect(await tokens.read(await forge({ header, key: deriveKey('none of ours', 'x') }))).toBeNull();
  });
});

describe('a refresh token', () => {
  const sessionUuid = '5b0c9a0e-7d6c-4d53-8a3e-0f6f3f6a2b11';

  it('is stored as a hash that only our key makes', () => {
    const { token: refresh, hash } = tokens.newRefreshToken(sessionUuid);
    expect(hash).toHaveLength(32);
    expect(refresh).toHaveLength(86);
    expect(tokens.readRefreshToken(refresh)).toEqual({ token: refresh, hash, sessionUuid });
    expect(tokens.newRefreshToken(sessionUuid).token).not.toBe(refresh);
  });

  it('has one successor, whoever asks and how often', () => {
    const first = tokens.newRefreshToken(sessionUuid);
    const second = tokens.nextRefreshToken(first);
    expect(second.token).not.toBe(first.token);
    expect(tokens.nextRefreshToken(first)).toEqual(second);
    expect(tokens.readRefreshToken(second.token)).toEqual(second);
  });

  it('is nothing when a letter is changed, or when another key made it', () => {
    const { token: refresh } = tokens.newRefreshToken(sessionUuid);
    for (const index of [0, 30, 70, 85]) {
      const other = refresh[index] === 'A' ? 'Q' : 'A';
      expect(tokens.readRefreshToken(refresh.slice(0, index) + other + refresh.slice(index + 1))).toBeNull();
    }
    expect(tokens.readRefreshToken('')).toBeNull();
    expect(tokens.readRefreshToken(`${refresh}A`)).toBeNull();
    const others = new AccessTokens(new Config({ ...config.settings, SECRET_KEY: `${secret}!` }, config.openstack));
    expect(tokens.readRefreshToken(others.newRefreshToken(sessionUuid).token)).toBeNull();
  });
});
