import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const secretAnswerMetadata = 'secret-answer';
/** Where the description of the API keeps that a route ignores Idempotency-Key until `openapi.ts` looks. */
export const secretAnswerExtension = 'x-secret-answer';

/** The answers of these routes are secrets and are never kept: Idempotency-Key is ignored. */
export function SecretAnswer(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(secretAnswerMetadata, true), ApiExtension(secretAnswerExtension, true));
}

/** Looks anew each time, so that there is nothing that could be done twice: Idempotency-Key is ignored. */
export function LooksAnew(): MethodDecorator & ClassDecorator {
  return SecretAnswer();
}
