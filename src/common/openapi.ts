import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { accessExtension } from './access.js';
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
  sharpen(document.components.schemas, '');
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method];
      if (operation !== undefined) complete(operation, path);
    }
  }
  return document;
}

function complete(operation: DocumentedOperation, path: string): void {
  const access = takeExtension(operation, accessExtension);
  const named = takeExtension(operation, problemsExtension);
  const needs = access === 'public' ? 'Needs no token.' : `Needs a token and at least the role ${String(access)}.`;
  operation.description = [operation.description ?? '', needs].filter((text) => text !== '').join('\n\n');
  operation.tags = [path.split('/')[1] ?? ''];
  sharpen(operation.parameters, '');
  describePath(operation, path);
  describeSuccess(operation);
  const codes = [...commonCodes(access), ...(Array.isArray(named) ? named.filter(isProblemCode) : [])];
  Object.assign(operation.responses, problemResponses([...new Set(codes)], path, operation.requestBody !== undefined));
  for (const response of Object.values(operation.responses)) addHeader(response, 'X-Request-Id', requestIdHeader);
}

/** Every parameter in a path is an id of ours. */
function describePath(operation: DocumentedOperation, path: string): void {
  for (const parameter of operation.parameters ?? []) {
    if (!('in' in parameter) || parameter.in !== 'path') continue;
    const thing = parameter.name === 'id' ? (path.split('/')[1] ?? '').replace(/s$/, '') : parameter.name;
    parameter.description ??= `Our id of the ${thing.replace(/_id$/, '').replace(/[-_]/g, ' ')}.`;
    Object.assign(parameter, { schema: { type: 'integer', minimum: 1 }, example: 7 });
  }
}

function commonCodes(access: unknown): readonly ProblemCode[] {
  if (access === 'public') return ['VALIDATION_FAILED'];
  const always: ProblemCode[] = ['INVALID_ACCESS_TOKEN', 'VALIDATION_FAILED', 'DATABASE_UNAVAILABLE'];
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
