import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT } from 'jose';
import { createHmac, randomBytes, randomUUID, timingSafeEqual, webcrypto } from 'node:crypto';
import { deriveKey } from '../common/derived-key.js';
import { parseId } from '../common/fields.js';
import { Config } from '../config/config.js';
import type { SessionClaims } from './session.repository.js';

const issuer = 'openstack-cloud-api';
const type = 'at+jwt';
const maxLength = 4096;
/** So many tokens are known to be sound without checking their signature again. */
const maxKnown = 10_000;
/** Between the clocks of replicas. */
const clockToleranceSeconds = 30;

const uuidBytes = 16;
const secretBytes = 32;
const sealBytes = 16;

/** Names its session, so that an old one can be told from none at all; sealed, so that nobody else can make one. */
export interface RefreshToken {
  readonly token: string;
  /** What of it is stored. */
  readonly hash: Buffer;
  readonly sessionUuid: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

interface KnownToken {
  readonly claims: SessionClaims;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

/** Makes and reads the tokens that we hand out. Nothing in a token is a secret of OpenStack's. */
@Injectable()
export class AccessTokens {
  /** Made once: jose makes one of bytes anew each time. */
  private readonly signingKey: Promise<webcrypto.CryptoKey>;
  private readonly refreshKey: Uint8Array;
  private readonly lifeMs: number;
  /** The oldest first. A token never changes what it says; whether its session still lives is asked each time. */
  private readonly known = new Map<string, KnownToken>();

  constructor({ settings }: Config) {
    this.signingKey = hmacKey(deriveKey(settings.SECRET_KEY, 'access token'));
    this.refreshKey = deriveKey(settings.SECRET_KEY, 'refresh token');
    this.lifeMs = settings.ACCESS_TOKEN_MS;
  }

  async issue({ sessionUuid, userId, projectId }: SessionClaims, now: Date): Promise<IssuedToken> {
    const issuedAt = Math.floor(now.getTime() / 1000);
    const expiresAt = issuedAt + Math.ceil(this.lifeMs / 1000);
    const token = await new SignJWT({ sid: sessionUuid, pid: projectId })
      .setProtectedHeader({ alg: 'HS256', typ: type })
      .setSubject(String(userId))
      .setIssuer(issuer)
      .setAudience(issuer)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(await this.signingKey);
    return { token, expiresAt: new Date(expiresAt * 1000) };
  }

  /** Null for everything that is not a token of ours as it was issued; `expired` for one that was. */
  async read(token: string): Promise<SessionClaims | 'expired' | null> {
    if (token.length > maxLength) return null;
    const known = this.known.get(token);
    if (known !== undefined && Date.now() < known.endsAt) return known.claims;
    const read = await this.verified(token);
    if (read === null || read === 'expired') {
      this.known.delete(token);
      return read;
    }
    this.remember(token, read);
    return read.claims;
  }

  private async verified(token: string): Promise<KnownToken | 'expired' | null> {
    try {
      const { payload } = await jwtVerify(token, await this.signingKey, {
        algorithms: ['HS256'],
        typ: type,
        issuer,
        audience: issuer,
        requiredClaims: ['sub', 'sid', 'pid', 'jti', 'iat', 'exp'],
        clockTolerance: clockToleranceSeconds,
      });
      const userId = parseId(payload.sub);
      const { sid, pid, exp } = payload;
      const isSound =
        userId !== null &&
        typeof sid === 'string' &&
        typeof pid === 'number' &&
        Number.isSafeInteger(pid) &&
        exp !== undefined;
      if (!isSound) return null;
      return { claims: { sessionUuid: sid, userId, projectId: pid }, endsAt: (exp + clockToleranceSeconds) * 1000 };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return 'expired';
      if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
      throw error;
    }
  }

  private remember(token: string, read: KnownToken): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= maxKnown && oldest !== undefined) this.known.delete(oldest);
    this.known.set(token, read);
  }

  /** The first of a session. */
  newRefreshToken(sessionUuid: string): RefreshToken {
    return this.refreshToken(bytesOf(sessionUuid), randomBytes(secretBytes));
  }

  /**
   * The one that follows in the session. Always the same for the same token, so that whoever did not hear the answer can be given it
   * again without its being stored.
   */
  nextRefreshToken({ token, sessionUuid }: RefreshToken): RefreshToken {
    return this.refreshToken(
      bytesOf(sessionUuid),
      createHmac('sha256', this.refreshKey).update(`next ${token}`).digest(),
    );
  }

  /** Null for everything that we did not make; what we made need not be valid any more. */
  readRefreshToken(token: string): RefreshToken | null {
    if (!/^[A-Za-z0-9_-]{86}$/.test(token)) return null;
    const bytes = Buffer.from(token, 'base64url');
    const read = this.refreshToken(bytes.subarray(0, uuidBytes), bytes.subarray(uuidBytes, uuidBytes + secretBytes));
    return timingSafeEqual(Buffer.from(read.token), Buffer.from(token)) ? read : null;
  }

  private refreshToken(session: Buffer, secret: Buffer): RefreshToken {
    const content = Buffer.concat([session, secret]);
    const seal = createHmac('sha256', this.refreshKey).update('seal ').update(content).digest().subarray(0, sealBytes);
    const token = Buffer.concat([content, seal]).toString('base64url');
    const hash = createHmac('sha256', this.refreshKey).update(token).digest();
    return { token, hash, sessionUuid: uuidOf(session) };
  }
}

function hmacKey(bytes: Uint8Array<ArrayBuffer>): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
