import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { accessExtension } from './access.js';
import { conditionalExtension, taggedExtension } from './precondition.js';
import { secretAnswerExtension } from './secret-answer.js';
import { problemsExtension } from './api-problems.js';
import { problemResponses, problemSchema } from './openapi-problems.js';
import { problems, type ProblemCode } from './problems.js';

type Paths = OpenAPIObject['paths'];
type PathItem = Paths[string];
export type DocumentedOperation = NonNullable<PathItem['get']>;

const methods = ['get', 'post', 'put', 'delete', 'patch'] as const;

/** The description of every route, made from controllers, DTOs and the codes that they name. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Cloud API')
    .setDescription(
      'Servers, volumes, networks and addresses of an OpenStack cloud, for the people who use it. A new account (POST /users) is of ' +
        'use once somebody adds it to a project (POST /projects/{project_id}/users/{user_id}). Log in with POST /auth/login and send ' +
        'the token as a bearer; POST /auth/refresh gives the next one before it ends. GET /flavors, /images, /networks and ' +
        '/volume-types list the ids to choose from. Errors are application/problem+json; `code` says which. Changes that go on answer 202 with the ' +
        'path of their operation in Location.',
    )
    .setVersion('1')
    .setOpenAPIVersion('3.0.3')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The `token` that POST /auth/login answers with, without the word Bearer.',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => lowerFirst(controller.replace(/Controller$/, '')) + upperFirst(method),
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema() },
  };
  sharpen(document.components.schemas, '');
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method];
      if (operation !== undefined) complete(operation, path, method);
    }
  }
  return document;
}

function complete(operation: DocumentedOperation, path: string, method: (typeof methods)[number]): void {
  const access = takeExtension(operation, accessExtension);
  const named = takeExtension(operation, problemsExtension);
  const isConditional = takeExtension(operation, conditionalExtension) === true;
  const isTagged = takeExtension(operation, taggedExtension) === true;
  const takesKey = takeExtension(operation, secretAnswerExtension) !== true && method !== 'get';
  const needs = access === 'public' ? 'Needs no token.' : `Needs a token and at least the role ${String(access)}.`;
  operation.description = [operation.description ?? '', needs].filter((text) => text !== '').join('\n\n');
  if (access === 'public') operation.security = [];
  operation.tags = [path.split('/')[1] ?? ''];
  sharpen(operation.parameters, '');
  describePath(operation, path);
  describeSuccess(operation);
  describeHeaders(operation, { isConditional, takesKey });
  describeTags(operation, method, isTagged);
  const codes = [
    ...commonCodes(access),
    ...(isConditional ? (['PRECONDITION_FAILED'] as const) : []),
    ...(takesKey ? (['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_KEY_IN_USE'] as const) : []),
    ...(mayFailLater(operation) ? operationCodes : []),
    ...(showsDeleted(operation) ? (['PERMISSION_DENIED'] as const) : []),
    ...(Array.isArray(named) ? named.filter(isProblemCode) : []),
  ];
  const transport = {
    mayHaveBody: method !== 'get',
    hasPathParameter: operation.parameters?.some(isIdInPath) === true,
  };
  Object.assign(operation.responses, problemResponses([...new Set(codes)], path, transport));
  for (const response of Object.values(operation.responses)) addHeader(response, 'X-Request-Id', requestIdHeader);
}

/** Every parameter in a path is an id of ours. */
function describePath(operation: DocumentedOperation, path: string): void {
  for (const parameter of operation.parameters ?? []) {
    if (!('in' in parameter) || parameter.in !== 'path') continue;
    const before = path.split('/{id}', 1)[0]?.split('/').at(-1) ?? '';
    const thing = parameter.name === 'id' ? before.replace(/s$/, '') : parameter.name;
    parameter.description ??= `Our id of the ${thing.replace(/_id$/, '').replace(/[-_]/g, ' ')}.`;
    Object.assign(parameter, { schema: { type: 'integer', minimum: 1 }, example: 7 });
  }
}

/** What a change takes besides its body. */
function describeHeaders(
  operation: DocumentedOperation,
  { isConditional, takesKey }: { readonly isConditional: boolean; readonly takesKey: boolean },
): void {
  const schema = { type: 'string' } as const;
  const headers = [
    ...(takesKey ? [{ name: 'Idempotency-Key', schema: { ...schema, maxLength: 255 }, description: keyText }] : []),
    ...(takesKey ? [{ name: 'Prefer', schema, description: '`respond-async`: answer 202 at once.' }] : []),
    ...(isConditional
      ? [{ name: 'If-Match', schema, description: 'The ETag that was read; 412 when it is another now.' }]
      : []),
  ];
  const parameters = headers.map((header) => ({ ...header, in: 'header' as const, required: false }));
  if (parameters.length > 0) operation.parameters = [...(operation.parameters ?? []), ...parameters];
}

const keyText =
  'A name of your own for this change, 1 to 255 visible ASCII characters: sent again within 24 hours with the same request, it is answered like the first time and nothing is done twice.';

/** A single resource has an entity tag, and is not sent again to who has it. */
function describeTags(operation: DocumentedOperation, method: string, isTagged: boolean): void {
  const isList = operation.parameters?.some((parameter) => 'name' in parameter && parameter.name === 'cursor') ?? false;
  // What comes in several forms is a document about a resource, not the resource.
  const hasBody = Object.values(operation.responses).some(
    (response) => response !== undefined && 'content' in response && Object.keys(response.content ?? {}).length === 1,
  );
  const isSingle =
    method === 'get' && !isList && hasBody && (isTagged || operation.parameters?.some(isIdInPath) === true);
  if (!isSingle) return;
  const description = 'The entity tag of what you have; 304 while it is still the same.';
  operation.parameters = [
    ...(operation.parameters ?? []),
    {
      name: 'If-None-Match',
      in: 'header',
      required: false,
      schema: { type: 'string' },
      description,
    },
  ];
  addHeader(operation.responses['200'], 'ETag', {
    description: 'For If-Match and If-None-Match.',
    schema: { type: 'string' },
  });
  operation.responses['304'] = { description: 'It is what you have.' };
}

function isIdInPath(parameter: object): boolean {
  return 'in' in parameter && parameter.in === 'path';
}

/** How an operation may end that a request waits for. */
const operationCodes = [
  'OPERATION_IN_PROGRESS',
  'OPENSTACK_CONFLICT',
  'OPENSTACK_REFUSED',
  'DEADLINE_EXCEEDED',
  'OPERATION_CANCELLED',
  'OPERATION_ABANDONED',
] as const satisfies readonly ProblemCode[];

/** It answers when its operation has ended, or by 202 when that takes too long. */
function mayFailLater({ responses }: DocumentedOperation): boolean {
  return responses['202'] !== undefined && ['200', '201', '204'].some((status) => responses[status] !== undefined);
}

/** Only admins may ask for what was deleted. */
function showsDeleted({ parameters }: DocumentedOperation): boolean {
  return parameters?.some((parameter) => 'name' in parameter && parameter.name === 'include_deleted') === true;
}

function commonCodes(access: unknown): readonly ProblemCode[] {
  if (access === 'public') return ['VALIDATION_FAILED', 'TOO_MANY_REQUESTS'];
  const always: ProblemCode[] = [
    'INVALID_ACCESS_TOKEN',
    'VALIDATION_FAILED',
    'TOO_MANY_REQUESTS',
    'DATABASE_UNAVAILABLE',
  ];
  return access === 'reader' ? always : [...always, 'PERMISSION_DENIED'];
}

function describeSuccess(operation: DocumentedOperation): void {
  const isList = operation.parameters?.some((parameter) => 'name' in parameter && parameter.name === 'cursor') ?? false;
  for (const [status, response] of Object.entries(operation.responses)) {
    if (response === undefined || !('description' in response)) continue;
    if (response.description === '') response.description = STATUS_CODES[status] ?? status;
    if (status === '200' && isList) addHeader(response, 'Link', linkHeader);
  }
}

const requestIdHeader = {
  description: 'The id of the request, for questions about it; an id that was sent with it is kept.',
  schema: { type: 'string' },
};
const linkHeader = {
  description: 'The next page, with rel="next"; absent on the last one.',
  schema: { type: 'string' },
};

function addHeader(response: object | undefined, name: string, header: object): void {
  if (response === undefined || '$ref' in response) return;
  const headers: unknown = Reflect.get(response, 'headers');
  Reflect.set(response, 'headers', { ...(typeof headers === 'object' ? headers : {}), [name]: header });
}

/** What the types of our classes cannot say: every number of ours is whole, and every `…_at` is a time. */
function sharpen(part: unknown, name: string): void {
  if (typeof part !== 'object' || part === null) return;
  const type: unknown = Reflect.get(part, 'type');
  if (type === 'number') Reflect.set(part, 'type', 'integer');
  if (type === 'string' && name.endsWith('_at')) Reflect.set(part, 'format', 'date-time');
  for (const [key, child] of Object.entries(part)) {
    if (key !== 'example') sharpen(child, key);
  }
}

function takeExtension(operation: DocumentedOperation, name: string): unknown {
  const value: unknown = Reflect.get(operation, name);
  Reflect.deleteProperty(operation, name);
  return value;
}

function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && code in problems;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
