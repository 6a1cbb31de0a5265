import {
  applyDecorators,
  HttpCode,
  Injectable,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { principalOf } from '../common/principal.decorator.js';
import { RateLimiter } from '../common/rate-limiter.js';
import { LooksAnew } from '../common/secret-answer.js';
import { Config } from '../config/config.js';

/** How often sessions may have OpenStack looked at anew: one count for all types of resources. */
@Injectable()
export class RefreshLimit {
  private readonly limiter: RateLimiter;

  constructor({ settings }: Config) {
    this.limiter = new RateLimiter({
      perSecond: settings.REFRESHES_PER_MINUTE / 60,
      burst: Math.max(1, settings.REFRESHES_PER_MINUTE),
    });
  }

  /** @throws TooManyRequests */
  take(sessionId: number, reply: FastifyReply): void {
    this.limiter.take(String(sessionId), performance.now(), reply);
  }
}

@Injectable()
export class RefreshLimitGuard implements CanActivate {
  constructor(private readonly limit: RefreshLimit) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const principal = principalOf(http.getRequest<FastifyRequest>());
    if (principal !== null) this.limit.take(principal.sessionId, http.getResponse<FastifyReply>());
    return true;
  }
}

/** Answers 200 with what the look showed; a session may ask a few times a minute. */
export function Refreshes(): MethodDecorator {
  return applyDecorators(HttpCode(200), UseGuards(RefreshLimitGuard), LooksAnew());
}
