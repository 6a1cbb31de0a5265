import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { Accepted } from './accepted.js';
import { locationOf } from './accepted-at.js';
import { entityTag, isMatched, tagsOf } from './entity-tag.js';
import { ValidationFailed, type FieldError } from './errors.js';
import { prefersAsync } from './principal.decorator.js';
import { Previewed } from './previewed.js';
import { isTagged } from './precondition.js';
import { unknownField } from './request.pipe.js';

/**
 * What every route does around its handler: refuse parameters and bodies of routes that take none, answer `Accepted` by 202 with
 * Location, link to the next page of a list, and give a single resource its entity tag.
 */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    refuseBrokenQuery(request);
    refuseUndeclared(context, request);
    return next.handle().pipe(
      map((body: unknown) => {
        if (body instanceof Accepted) {
          reply.status(202).header('location', `/operations/${String(body.operationId)}`);
          if (prefersAsync(request)) reply.header('preference-applied', 'respond-async');
          const answer: Accepted<unknown> = body;
          return tagged(answer.body, request, reply);
        }
        if (body instanceof Previewed) {
          reply.status(200);
          const preview: Previewed<unknown> = body;
          return preview.body;
        }
        const location = locationOf(context.getHandler(), body);
        if (location !== null) reply.header('location', location);
        const cursor = nextCursorOf(body);
        if (cursor !== null) reply.header('link', `<${withCursor(request.url, cursor)}>; rel="next"`);
        return isTagged(context.getHandler()) && isObject(body)
          ? withTag(body, request, reply)
          : tagged(body, request, reply);
      }),
    );
  }
}

/** A single resource goes out with its tag, or is not sent at all to who has it already. */
function tagged(body: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
  return isObject(body) && 'id' in body ? withTag(body, request, reply) : body;
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null;
}

function withTag(body: object, request: FastifyRequest, reply: FastifyReply): unknown {
  const tag = entityTag(body);
  reply.header('etag', tag);
  const known = request.headers['if-none-match'];
  if (request.method !== 'GET' || known === undefined || !isMatched(tagsOf(known), tag)) return body;
  reply.status(304);
  return undefined;
}

/** A parameter that is no UTF-8 once it is decoded reads as something else than was sent. @throws ValidationFailed */
function refuseBrokenQuery({ url }: FastifyRequest): void {
  const broken = partsOf(url)
    .query.split('&')
    .filter((pair) => !isDecodable(pair));
  if (broken.length === 0) return;
  const errors = broken.slice(0, 50).map((pair): FieldError => {
    const [name = ''] = pair.split('=', 1);
    return {
      field: isDecodable(name) ? decodeURIComponent(name) : '',
      in: 'query',
      message: 'must be UTF-8',
      type: 'unicode',
    };
  });
  throw new ValidationFailed(errors);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** @throws ValidationFailed */
function refuseUndeclared(context: ExecutionContext, request: FastifyRequest): void {
  const declared = declaredOf(context);
  const isBodyTaken = declared.has(RouteParamtypes.BODY);
  if (!isBodyTaken && !isNothingOrObject(request.body))
    throw new ValidationFailed([{ field: '', in: 'body', message: 'must be left out', type: 'unknown' }]);
  const query = declared.has(RouteParamtypes.QUERY) ? [] : keysOf(request.query);
  const body = isBodyTaken ? [] : keysOf(request.body);
  const unknown = [
    ...query.map((name) => unknownField(name, 'query')),
    ...body.map((name) => unknownField(name, 'body')),
  ];
  if (unknown.length > 0) throw new ValidationFailed(unknown.slice(0, 50));
}

function isNothingOrObject(body: unknown): boolean {
  return body === undefined || (typeof body === 'object' && !Array.isArray(body));
}

function declaredOf(context: ExecutionContext): ReadonlySet<number> {
  const found: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name);
  return new Set(keysOf(found).map((key) => Number(key.split(':', 1)[0])));
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function nextCursorOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('next_cursor' in body)) return null;
  return typeof body.next_cursor === 'string' ? body.next_cursor : null;
}

/** The same URL with another cursor; only path and query, since what a client calls us is its own affair. */
function withCursor(url: string, cursor: string): string {
  const { path, query } = partsOf(url);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}

/** Only the first question mark ends the path; a later one is itself. */
function partsOf(url: string): { readonly path: string; readonly query: string } {
  const end = url.indexOf('?');
  return end === -1 ? { path: url, query: '' } : { path: url.slice(0, end), query: url.slice(end + 1) };
}
