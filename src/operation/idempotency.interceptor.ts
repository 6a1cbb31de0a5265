import { Injectable, Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHmac } from 'node:crypto';
import { mergeMap, of, type Observable } from 'rxjs';
import { locationOf } from '../common/accepted-at.js';
import { deriveKey } from '../common/derived-key.js';
import { entityTag } from '../common/entity-tag.js';
import { ValidationFailed } from '../common/errors.js';
import { IdempotencyClaim, setIdempotencyClaim } from '../common/idempotency.js';
import { isTagged } from '../common/precondition.js';
import { principalOf } from '../common/principal.decorator.js';
import { secretAnswerMetadata } from '../common/secret-answer.js';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { IdempotencyKeyReused } from './idempotency.errors.js';
import { IdempotencyRepository, type RecordedKey } from './idempotency.repository.js';

const changing = new Set(['POST', 'PUT', 'DELETE']);

/** Shown once: they are not kept with the answer. */
const shownOnce = new Set(['admin_password']);

/**
 * Answers a repeated change like the first time. A kept 2xx is sent again as it was; otherwise the handler runs, and `OperationService`
 * finds the operation of the key instead of beginning a second one, so that the answer is made from it anew: whichever process died
 * between the change and its answer.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger(IdempotencyInterceptor.name);
  private readonly key: Uint8Array;

  constructor(
    { settings }: Config,
    private readonly reflector: Reflector,
    private readonly database: Database,
    private readonly keys: IdempotencyRepository,
  ) {
    this.key = deriveKey(settings.SECRET_KEY, 'idempotency key');
  }

  /** @throws ValidationFailed, IdempotencyKeyReused */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const header = request.headers['idempotency-key'];
    const isIgnored = this.reflector.getAllAndOverride<boolean | undefined>(secretAnswerMetadata, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (header === undefined || !changing.has(request.method) || isIgnored === true) return next.handle();
    const claim = this.claimOf(request, requireKey(header));
    const recorded = await this.database.read((manager) => this.keys.find(manager, claim));
    if (recorded !== null) {
      if (!recorded.fingerprint.equals(claim.fingerprint)) throw new IdempotencyKeyReused();
      reply.header('idempotent-replayed', 'true');
      if (recorded.status !== null) return of(replay(recorded, recorded.status, context, reply));
    }
    setIdempotencyClaim(request, claim);
    return next.handle().pipe(
      mergeMap(async (body: unknown) => {
        if (claim.isReplayed) reply.header('idempotent-replayed', 'true');
        await this.keep(claim, reply.statusCode, body);
        return body;
      }),
    );
  }

  private claimOf(request: FastifyRequest, key: string): IdempotencyClaim {
    const principal = principalOf(request);
    const scope = principal === null ? `addr:${request.ip}` : `user:${String(principal.userId)}`;
    const content = [request.method, request.url, principal?.projectId ?? null, request.body ?? null];
    return new IdempotencyClaim(scope, key, createHmac('sha256', this.key).update(JSON.stringify(content)).digest());
  }

  /** That the answer could not be kept does not unmake it: it can be made again from the operation. */
  private async keep(claim: IdempotencyClaim, status: number, body: unknown): Promise<void> {
    const text =
      body === undefined ? null : JSON.stringify(body, (key, value: unknown) => (shownOnce.has(key) ? null : value));
    try {
      await this.database.read((manager) => this.keys.keep(manager, claim, { status, body: text }));
    } catch (error) {
      this.logger.warn({ error: String(error) }, 'an answer could not be kept for its Idempotency-Key');
    }
  }
}

/** @throws ValidationFailed */
function requireKey(header: string | string[]): string {
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  const message = 'must be 1 to 255 visible ASCII characters, without white space';
  throw new ValidationFailed([{ field: 'Idempotency-Key', in: 'header', message, type: 'format' }]);
}

function replay(
  { operationId, body }: RecordedKey,
  status: number,
  context: ExecutionContext,
  reply: FastifyReply,
): unknown {
  reply.status(status);
  const answer: unknown = body === null ? undefined : JSON.parse(body);
  const location =
    operationId === null ? locationOf(context.getHandler(), answer) : `/operations/${String(operationId)}`;
  if (status === 202 && location !== null) reply.header('location', location);
  const isResource =
    typeof answer === 'object' && answer !== null && ('id' in answer || isTagged(context.getHandler()));
  if (isResource) reply.header('etag', entityTag(answer));
  return answer;
}
