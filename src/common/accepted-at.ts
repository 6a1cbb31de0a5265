import { applyDecorators, HttpCode, SetMetadata, type Type } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

const acceptedAtMetadata = 'accepted-at';

/** Describes a 202 of a handler whose answer goes on as a thing of its own: Location is this path with the thing's id. */
export function AcceptedAt(path: string, body: Type): MethodDecorator {
  return applyDecorators(
    SetMetadata(acceptedAtMetadata, path),
    HttpCode(202),
    ApiResponse({
      status: 202,
      type: body,
      description: 'Accepted; what becomes of it is at Location.',
      headers: { Location: { description: 'Its path.', schema: { type: 'string', example: `${path}/17` } } },
    }),
  );
}

/** Null where the handler has no `AcceptedAt`. */
export function locationOf(handler: object, body: unknown): string | null {
  const path: unknown = Reflect.getMetadata(acceptedAtMetadata, handler);
  if (typeof path !== 'string' || typeof body !== 'object' || body === null || !('id' in body)) return null;
  return `${path}/${String(body.id)}`;
}
