import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditRepository } from '../audit/audit.repository.js';
import { accessMetadata, hasRole, type AccessLevel } from '../common/access.js';
import { PermissionDenied } from '../common/errors.js';
import { setPrincipal } from '../common/principal.decorator.js';
import { RateLimiter } from '../common/rate-limiter.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { AccessTokens } from './access-tokens.js';
import { InvalidAccessToken } from './auth.errors.js';
import { SessionRepository, type LiveSession } from './session.repository.js';

/** Lets nobody through whom the route's access level does not name; a route without one lets nobody through. */
@Injectable()
export class AuthGuard implements CanActivate {
  private readonly limiter: RateLimiter;

  constructor(
    { settings }: Config,
    private readonly reflector: Reflector,
    private readonly database: Database,
    private readonly sessions: SessionRepository,
    private readonly tokens: AccessTokens,
    private readonly audit: AuditRepository,
  ) {
    this.limiter = new RateLimiter({
      perSecond: settings.RATE_LIMIT_SESSION,
      burst: settings.RATE_LIMIT_SESSION_BURST,
    });
  }

  /** @throws InvalidAccessToken, TooManyRequests, PermissionDenied, DatabaseUnavailable */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const level = this.reflector.getAllAndOverride<AccessLevel | undefined>(accessMetadata, targets);
    if (level === undefined) throw new Error('the route declares no access level');
    if (level === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const session = await this.liveSession(request, context.switchToHttp().getResponse<FastifyReply>());
    if (!hasRole(session.role, level)) {
      if (level === 'admin') await this.noteAttempt(request, session);
      throw new PermissionDenied(`This needs the role ${level}; yours in this project is ${session.role}`);
    }
    if (level === 'member' && !session.isProjectEnabled) {
      throw new PermissionDenied('The project is disabled or gone in OpenStack; here it can only be read');
    }
    const { isProjectEnabled: _, ...principal } = session;
    setPrincipal(request, principal);
    return true;
  }

  /** Who tries the routes of administrators without being one is worth knowing. */
  private async noteAttempt(request: FastifyRequest, { userId, projectId }: LiveSession): Promise<void> {
    const { method, routeOptions } = request;
    await this.database.read((manager) =>
      this.audit.insert(manager, {
        actorUserId: userId,
        projectId,
        action: 'admin.refused',
        resourceType: 'route',
        resourceId: null,
        operationId: null,
        requestId: request.id,
        detail: { method, route: routeOptions.url ?? null },
      }),
    );
  }

  private async liveSession(request: FastifyRequest, reply: FastifyReply): Promise<LiveSession> {
    const token = bearerOf(request);
    const claims = token === null ? null : await this.tokens.read(token);
    if (claims === null)
      throw new InvalidAccessToken(request.headers.authorization === undefined ? 'missing' : 'wrong');
    if (claims === 'expired') throw new InvalidAccessToken('expired');
    this.limiter.take(claims.sessionUuid, performance.now(), reply);
    const session = await this.database.read((manager) => this.sessions.findLive(manager, claims));
    if (session === null) throw new InvalidAccessToken('ended');
    return session;
  }
}

/** Exactly one header of exactly this form; a token anywhere else is none. */
function bearerOf(request: FastifyRequest): string | null {
  const headers = request.raw.headersDistinct['authorization'] ?? [];
  const [header] = headers;
  if (header === undefined || headers.length !== 1) return null;
  return /^Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(header)?.[1] ?? null;
}
