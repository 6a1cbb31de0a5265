import type { Type } from '@nestjs/common';
import { ApiExtension, ApiResponse } from '@nestjs/swagger';
import type { ProblemCode } from './problems.js';

/** Where the description of the API keeps the codes until `openapi.ts` turns them into responses. */
export const problemsExtension = 'x-problems';

/**
 * Names the codes that a route may answer, besides those that every route has (401, 403 for the role, 422, 503). They must be in
 * `problems.ts`, with their example.
 */
export function ApiProblems(...codes: readonly ProblemCode[]): MethodDecorator {
  return ApiExtension(problemsExtension, [...codes]);
}

/** Describes the 202 of a handler that returns `Accepted`. */
export function ApiAccepted(body: Type): MethodDecorator {
  return ApiResponse({
    status: 202,
    type: body,
    description: 'Accepted; the operation at Location carries it out.',
    headers: {
      Location: {
        description: 'The path of the operation.',
        schema: { type: 'string', example: '/operations/17' },
      },
    },
  });
}
