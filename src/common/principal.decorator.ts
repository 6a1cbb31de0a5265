import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor, Requester } from './actor.js';
import { idempotencyClaimOf } from './idempotency.js';
import type { Principal } from './principal.js';

const principals = new WeakMap<FastifyRequest, Principal>();

/** The guard's finding; for the rest of this request. */
export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  principals.set(request, principal);
}

/** Null on a public route. */
export function principalOf(request: FastifyRequest): Principal | null {
  return principals.get(request) ?? null;
}

function requestOf(context: ExecutionContext): FastifyRequest {
  return context.switchToHttp().getRequest<FastifyRequest>();
}

function requirePrincipal(context: ExecutionContext): Principal {
  const principal = principalOf(requestOf(context));
  if (principal === null) throw new Error('a public route asks for the principal');
  return principal;
}

function requesterOf(context: ExecutionContext): Requester {
  const request = requestOf(context);
  return {
    requestId: request.id,
    address: request.ip,
    idempotency: idempotencyClaimOf(request),
    prefersAsync: prefersAsync(request),
  };
}

/** RFC 7240; other preferences are none of ours. */
export function prefersAsync({ headers }: FastifyRequest): boolean {
  const preferences = String(headers['prefer'] ?? '').split(',');
  return preferences.some((preference) => preference.trim().toLowerCase() === 'respond-async');
}

/** Who asks: a `Principal`. Not on public routes. */
export const CurrentPrincipal = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  requirePrincipal(context),
);

/** Who asks and by which request: an `Actor`. Not on public routes. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => ({
  principal: requirePrincipal(context),
  ...requesterOf(context),
}));

/** By which request something is asked: a `Requester`. For public routes. */
export const CurrentRequester = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  requesterOf(context),
);
