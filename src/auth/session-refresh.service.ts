import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Transaction, type EntityManager } from '../database/transaction.js';
import { AccessTokens, type RefreshToken } from './access-tokens.js';
import { InvalidRefreshToken } from './auth.errors.js';
import { SessionRepository, type OpenSession, type SessionClaims } from './session.repository.js';

export interface RefreshedSession {
  readonly token: string;
  readonly expiresAt: Date;
  readonly refreshToken: string;
}

/**
 * Exchanges a refresh token for a new pair. Each one is good for one exchange. For REFRESH_GRACE_MS after it the same token gets the same
 * successor once more: a client that did not hear the answer, or asked twice at once, goes on; nothing is gained by it that the first
 * exchange had not given. After that, and for every older token, whoever uses it has a copy: the session ends.
 */
@Injectable()
export class SessionRefreshService {
  private readonly logger = new Logger(SessionRefreshService.name);

  constructor(
    private readonly config: Config,
    private readonly transaction: Transaction,
    private readonly sessions: SessionRepository,
    private readonly tokens: AccessTokens,
  ) {}

  /** Asks MySQL alone: it works while Keystone is away, and however often others failed to log in. @throws InvalidRefreshToken */
  async refresh(refreshToken: string): Promise<RefreshedSession> {
    const given = this.tokens.readRefreshToken(refreshToken);
    if (given === null) throw new InvalidRefreshToken();
    const next = this.tokens.nextRefreshToken(given);
    const claims = await this.transaction.run((tx) => this.exchange(tx, given, next));
    if (claims === null) throw new InvalidRefreshToken();
    const { token, expiresAt } = await this.tokens.issue(claims, new Date());
    return { token, expiresAt, refreshToken: next.token };
  }

  /** Null when the token is of no use; then the session may have ended by it. */
  private async exchange(tx: EntityManager, given: RefreshToken, next: RefreshToken): Promise<SessionClaims | null> {
    const session = await this.sessions.findOpenForUpdate(tx, given.sessionUuid);
    if (session === null) return null;
    const isCurrent = session.refreshTokenHash.equals(given.hash);
    if (!isCurrent && !this.isRepeated(session, given)) {
      await this.sessions.end(tx, session.id, 'reuse');
      this.logger.warn(
        { sessionId: session.id, userId: session.userId },
        'a refresh token was used again; the session ended',
      );
      return null;
    }
    const { uuid: sessionUuid, userId, projectId } = session;
    const live = await this.sessions.findLive(tx, { sessionUuid, userId, projectId });
    if (live === null) return null;
    if (isCurrent) await this.sessions.rotate(tx, session.id, next.hash, this.config.settings.REFRESH_TOKEN_MS);
    return { sessionUuid, userId, projectId };
  }

  private isRepeated({ previousRefreshTokenHash, rotatedMsAgo }: OpenSession, given: RefreshToken): boolean {
    const isPrevious = previousRefreshTokenHash?.equals(given.hash) === true;
    return isPrevious && rotatedMsAgo !== null && rotatedMsAgo <= this.config.settings.REFRESH_GRACE_MS;
  }
}
