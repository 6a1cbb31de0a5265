import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

const dayInSeconds = 24 * 60 * 60;

/** Everything that clients send and CORS does not allow of itself. */
const allowedHeaders = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Prefer',
  'X-Request-Id',
];

/** Everything that answers say besides their body. */
const exposedHeaders = [
  'Allow',
  'Content-Disposition',
  'ETag',
  'Idempotent-Replayed',
  'Link',
  'Location',
  'Preference-Applied',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

/**
 * Lets pages of these origins use the API; `*` is every origin. Tokens travel in Authorization, so that nothing of what a browser keeps by
 * itself (credentials) is asked for.
 */
export function allowOrigins(app: NestFastifyApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    delegator: (request, done) => {
      done(null, {
        origin: allowedOrigin(request, origins) ?? false,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
        allowedHeaders,
        exposedHeaders,
        maxAge: dayInSeconds,
        preflight: isPreflight(request),
      });
    },
  });
}

/** For answers to requests that come to no hook. */
export function addOriginHeaders(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): void {
  if (origins.length === 0) return;
  reply.header('vary', 'Origin');
  const origin = allowedOrigin(request, origins);
  if (origin === null) return;
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-expose-headers', exposedHeaders.join(', '));
}

function allowedOrigin({ headers: { origin } }: FastifyRequest, origins: readonly string[]): string | null {
  if (origins.includes('*')) return '*';
  return origin !== undefined && origins.includes(origin) ? origin : null;
}

/** Any other OPTIONS is a method like PATCH: one that no route has. */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
