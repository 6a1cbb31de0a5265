import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT } from 'jose';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { deriveKey } from '../common/derived-key.js';
import { parseId } from '../common/fields.js';
import { Config } from '../config/config.js';
import type { SessionClaims } from './session.repository.js';

const issuer = 'openstack-cloud-api';
const type = 'at+jwt';
const maxLength = 4096;
/** Between the clocks of replicas. */
const clockToleranceSeconds = 30;

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Makes and reads the tokens that we hand out. Nothing in a token is a secret of OpenStack's. */
@Injectable()
export class AccessTokens {
  private readonly signingKey: Uint8Array;
  private readonly refreshKey: Uint8Array;
  private readonly lifeMs: number;

  constructor({ settings }: Config) {
    this.signingKey = deriveKey(settings.SECRET_KEY, 'access token');
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
      .sign(this.signingKey);
    return { token, expiresAt: new Date(expiresAt * 1000) };
  }

  /** Null for everything that is not a token of ours as it was issued. */
  async read(token: string): Promise<SessionClaims | null> {
    if (token.length > maxLength) return null;
    try {
      const { payload } = await jwtVerify(token, this.signingKey, {
        algorithms: ['HS256'],
        typ: type,
        issuer,
        audience: issuer,
        requiredClaims: ['sub', 'sid', 'pid', 'jti', 'iat', 'exp'],
        clockTolerance: clockToleranceSeconds,
      });
      const userId = parseId(payload.sub);
      const { sid, pid } = payload;
      const isSound =
        userId !== null && typeof sid === 'string' && typeof pid === 'number' && Number.isSafeInteger(pid);
      return isSound ? { sessionUuid: sid, userId, projectId: pid } : null;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
      throw error;
    }
  }

  newRefreshToken(): { readonly token: string; readonly hash: Buffer } {
    const token = randomBytes(32).toString('base64url');
    return { token, hash: this.hashOf(token) };
  }

  /** What of a refresh token is stored. */
  hashOf(refreshToken: string): Buffer {
    return createHmac('sha256', this.refreshKey).update(refreshToken).digest();
  }
}
