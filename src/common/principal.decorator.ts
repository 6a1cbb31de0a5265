import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
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

function requirePrincipal(context: ExecutionContext): Principal {
  const principal = principalOf(context.switchToHttp().getRequest<FastifyRequest>());
  if (principal === null) throw new Error('a public route asks for the principal');
  return principal;
}

/** Who asks: a `Principal`. Not on public routes. */
export const CurrentPrincipal = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  requirePrincipal(context),
);

/** Who asks and by which request: `{ principal, requestId }`. Not on public routes. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext) => ({
  principal: requirePrincipal(context),
  requestId: context.switchToHttp().getRequest<FastifyRequest>().id,
}));

/** The id that the answer carries in X-Request-Id. */
export const RequestId = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().id,
);
