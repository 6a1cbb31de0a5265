import type { OpenAPIObject } from '@nestjs/swagger';
import {
  bodyOf,
  exampleOf,
  exampleRequestId,
  problems,
  shownCode,
  statusOf,
  titleOf,
  transportProblems,
  type ProblemCode,
} from './problems.js';

type SchemaObject = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

type TransportCode = keyof typeof transportProblems;

interface Example {
  readonly summary: string;
  readonly value: Record<string, unknown>;
}

type Headers = Record<string, { readonly description: string; readonly schema: { readonly type: string } }>;

interface ProblemResponse {
  readonly description: string;
  readonly content: Record<
    string,
    { readonly schema: { readonly $ref: string }; readonly examples: Record<string, Example> }
  >;
  readonly headers?: Headers;
}

/** The responses of a route that may answer these codes, by status; an example for each code. */
export function problemResponses(
  codes: readonly ProblemCode[],
  path: string,
  transport: TransportFeatures,
): Record<string, ProblemResponse> {
  const byStatus = new Map<number, Record<string, Example>>();
  const add = (status: number, code: string, value: Record<string, unknown>): void => {
    byStatus.set(status, { ...byStatus.get(status), [code]: { summary: titleOf(code), value } });
  };
  for (const code of codes) add(statusOf[problems[code].kind], shownCode(code), exampleOf(code, path));
  for (const code of transportCodes(transport)) {
    const { status, detail } = transportProblems[code];
    add(status, code, bodyOf({ code, status, detail, instance: path, requestId: exampleRequestId }));
  }
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, examples]) => [String(status), response(status, examples)]),
  );
}

/** What of a request the transport reads before any route does. */
export interface TransportFeatures {
  /** A body is read before it is known whether the route takes one. */
  readonly mayHaveBody: boolean;
  readonly hasPathParameter: boolean;
}

function transportCodes({ mayHaveBody, hasPathParameter }: TransportFeatures): readonly TransportCode[] {
  return [
    ...(mayHaveBody || hasPathParameter ? (['MALFORMED_REQUEST'] as const) : []),
    ...(mayHaveBody ? (['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    'INTERNAL_ERROR',
  ];
}

function response(status: number, examples: Record<string, Example>): ProblemResponse {
  const headers = headersOf(status, Object.keys(examples));
  return {
    description: Object.keys(examples).join(', '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, examples } },
    ...(headers === null ? {} : { headers }),
  };
}

function headersOf(status: number, codes: readonly string[]): Headers | null {
  const schema = { type: 'string' };
  const retryAfter = (description: string) => ({ 'Retry-After': { description, schema: { type: 'integer' } } });
  if (status === 401)
    return { 'WWW-Authenticate': { description: 'Bearer, and what is wrong with the token that was sent.', schema } };
  if (status === 503 || status === 429) return retryAfter('Seconds.');
  const keyInUse = 'IDEMPOTENCY_KEY_IN_USE';
  if (codes.includes(keyInUse)) return retryAfter(`Seconds; with ${keyInUse} alone.`);
  return null;
}

/** The schema of every answer of 400 and above. */
export function problemSchema(): SchemaObject {
  const text = (example: string, description?: string) => ({
    type: 'string',
    example,
    ...(description === undefined ? {} : { description }),
  });
  return {
    type: 'object',
    description: 'RFC 9457, with a stable `code` and the id of the request.',
    required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'message', 'request_id'],
    properties: {
      type: text('urn:cloud-api:problem:server-not-found'),
      title: text('Server not found'),
      status: { type: 'integer', example: 404 },
      detail: text('There is no server 42'),
      instance: text('/servers/42', 'The path of the request.'),
      code: text('SERVER_NOT_FOUND', 'Stable; what a program should look at.'),
      message: text('There is no server 42', 'The same as detail.'),
      request_id: text(exampleRequestId),
      errors: {
        type: 'array',
        description: 'The fields that are wrong.',
        items: {
          type: 'object',
          required: ['field', 'in', 'message', 'type'],
          properties: {
            field: text(
              'root_volume.size',
              'A dotted path or the name of a parameter or header; empty for the whole body.',
            ),
            in: { type: 'string', enum: ['path', 'query', 'header', 'body'], example: 'body' },
            message: text('must be at least 2'),
            type: text('min', 'A stable word.'),
          },
        },
      },
      blocked_by: {
        type: 'array',
        description: 'What stands in the way.',
        items: {
          type: 'object',
          required: ['type', 'id', 'name'],
          properties: {
            type: text('server'),
            id: { type: 'integer', example: 42 },
            name: { ...text('web-1'), nullable: true },
          },
        },
      },
      operation_id: { type: 'integer', example: 17, description: 'The operation that is in the way, or that failed.' },
      openstack_request_ids: { type: 'array', items: text('req-5a5fb4a0-6a4e-4d4f-9f0f-1a2b3c4d5e6f') },
    },
  };
}
