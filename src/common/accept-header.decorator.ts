import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The request's Accept; undefined when there is none. It is no parameter of the description: OpenAPI has the answer's types for that. */
export const AcceptHeader = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().headers.accept,
);
