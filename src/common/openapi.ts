import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { accessExtension } from './access.js';
import { problemsExtension } from './api-problems.js';
import { bodyOf, exampleOf, exampleRequestId, problems, statusOf, titleOf, transportProblems } from './problems.js';
import type { ProblemCode } from './problems.js';

type Paths = OpenAPIObject['paths'];
type PathItem = Paths[string];
type Operation = NonNullable<PathItem['get']>;

const methods = ['get', 'post', 'put', 'delete', 'patch'] as const;
const problemMediaType = 'application/problem+json';

/** The description of every route, made from controllers, DTOs and the codes that they name. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Cloud API')
    .setDescription(
      'Servers, volumes, networks and addresses of an OpenStack cloud, for the people who use it. Log in with POST /auth/login and ' +
        'send the token as a bearer. Errors are application/problem+json; `code` says which. Changes that go on answer 202 with the ' +
        'path of their operation in Location.',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.0.3')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => lowerFirst(controller.replace(/Controller$/, '')) + upperFirst(method),
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema() },
  };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method];
      if (operation !== undefined) complete(operation, path);
    }
  }
  return document;
}

function complete(operation: Operation, path: string): void {
  const access = takeExtension(operation, accessExtension);
  const named = takeExtension(operation, problemsExtension);
  const codes = Array.isArray(named) ? named.filter(isProblemCode) : [];
  const isPublic = access === 'public';
  if (!isPublic) codes.push('INVALID_ACCESS_TOKEN', 'DATABASE_UNAVAILABLE');
  if (access === 'member' || access === 'admin') codes.push('PERMISSION_DENIED');
  codes.push('VALIDATION_FAILED');
  const needs = isPublic ? 'Needs no token.' : `Needs a token and at least the role ${String(access)}.`;
  operation.description = [operation.description ?? '', needs].filter((text) => text !== '').join('\n\n');
  for (const response of Object.values(operation.responses)) {
    if (response !== undefined && 'description' in response && response.description === '')
      response.description = 'Done.';
  }
  addProblems(operation, [...new Set(codes)], path);
  addTransportProblems(operation, path);
}

function addProblems(operation: Operation, codes: readonly ProblemCode[], path: string): void {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const status = statusOf[problems[code].kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, ofStatus] of [...byStatus].sort(([a], [b]) => a - b)) {
    const examples = ofStatus.map((code) => [code, { summary: titleOf(code), value: exampleOf(code, path) }]);
    operation.responses[String(status)] = problemResponse(ofStatus, Object.fromEntries(examples));
  }
}

function addTransportProblems(operation: Operation, path: string): void {
  const hasBody = operation.requestBody !== undefined;
  const codes = hasBody
    ? (['MALFORMED_REQUEST', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'INTERNAL_ERROR'] as const)
    : (['INTERNAL_ERROR'] as const);
  for (const code of codes) {
    const { status, detail } = transportProblems[code];
    const value = bodyOf({ code, status, detail, instance: path, requestId: exampleRequestId });
    const present = operation.responses[String(status)];
    const others =
      present !== undefined && 'content' in present ? (present.content?.[problemMediaType]?.examples ?? {}) : {};
    const examples = { ...others, [code]: { summary: titleOf(code), value } };
    operation.responses[String(status)] = problemResponse(Object.keys(examples), examples);
  }
}

function problemResponse(codes: readonly string[], examples: Record<string, unknown>): Operation['responses'][string] {
  return {
    description: codes.join(', '),
    content: {
      [problemMediaType]: {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          Object.entries(examples).map(([name, example]) => [name, { ...toObject(example) }]),
        ),
      },
    },
  };
}

function toObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function takeExtension(operation: Operation, name: string): unknown {
  const value: unknown = Reflect.get(operation, name);
  Reflect.deleteProperty(operation, name);
  return value;
}

function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && code in problems;
}

function problemSchema() {
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
          required: ['field', 'message', 'type'],
          properties: { field: text('root_volume.size'), message: text('must be at least 2'), type: text('min') },
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

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
