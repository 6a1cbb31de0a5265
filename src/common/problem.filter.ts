import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type ErrorDetails, type FieldError, type RequestPart } from './errors.js';
import type { HttpMetrics } from './http-metrics.js';
import { isEncoded } from './json-body.js';
import { bodyOf, statusOf, transportProblems } from './problems.js';
import type { RouteTable } from './route-table.js';

/** Turns an error of a library into one that a user may read; null when it does not know it. */
export type ErrorTranslator = (error: unknown) => DomainError | null;

interface Problem {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly details: ErrorDetails;
  readonly allow?: readonly string[];
}

type TransportCode = keyof typeof transportProblems;

/** Every error of every route becomes application/problem+json here; statuses are known nowhere else. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(
    private readonly routes: RouteTable,
    private readonly translate: ErrorTranslator,
    private readonly metrics: HttpMetrics,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = this.problemOf(error, request);
    if (problem.status >= 500) this.log(problem, error);
    const { details } = problem;
    if (problem.allow !== undefined) reply.header('allow', problem.allow.join(', '));
    if (problem.status === 401) reply.header('www-authenticate', challenge(request, problem));
    if (details.retryAfterSeconds !== undefined) reply.header('retry-after', String(details.retryAfterSeconds));
    if (problem.status === 409 && details.operationId !== undefined)
      reply.header('location', `/operations/${String(details.operationId)}`);
    // Nothing of an earlier attempt to answer, e.g. a handler's own content type, may stay.
    reply.status(problem.status).header('content-type', 'application/problem+json; charset=utf-8');
    reply.send(JSON.stringify(problemBody(problem, request)));
  }

  private problemOf(error: unknown, request: FastifyRequest): Problem {
    const known = error instanceof DomainError ? error : this.translate(error);
    if (known !== null) {
      return { code: known.code, status: statusOf[known.kind], detail: known.message, details: known.details };
    }
    const status = statusIn(error);
    if (status === 404) return this.unknownRoute(request);
    if (status === 413) return bodyTooLarge(request);
    if (status === 415) return unsupportedBody(request);
    return transportProblem(transportCodeOf(status));
  }

  private unknownRoute({ method, url }: FastifyRequest): Problem {
    const path = pathOf(url);
    const allow = this.routes.methodsOf(path);
    if (allow.length === 0) {
      return { ...transportProblem('ROUTE_NOT_FOUND'), detail: `There is no route ${method} ${path}` };
    }
    const detail = `${method} is not allowed for ${path}; allowed: ${allow.join(', ')}`;
    return { ...transportProblem('METHOD_NOT_ALLOWED'), detail, allow };
  }

  private log({ code, status }: Problem, error: unknown): void {
    if (status === 503) this.logger.warn({ code, error: describe(error) }, 'the request could not be served');
    else {
      this.metrics.unexpectedError();
      this.logger.error({ code, err: error }, 'a request met a bug');
    }
  }
}

function transportProblem(code: TransportCode): Problem {
  return { code, ...transportProblems[code], details: {} };
}

function bodyTooLarge({ routeOptions }: FastifyRequest): Problem {
  const message = `must have at most ${String(routeOptions.bodyLimit)} bytes on this route`;
  return {
    ...transportProblem('BODY_TOO_LARGE'),
    detail: `The body ${message}`,
    details: { errors: [{ field: '', in: 'body', message, type: 'bytes' }] },
  };
}

function unsupportedBody({ headers }: FastifyRequest): Problem {
  const problem = transportProblem('UNSUPPORTED_MEDIA_TYPE');
  if (isEncoded(headers)) {
    return {
      ...problem,
      detail: 'Content-Encoding is not supported; send the body as it is, without it',
      details: {
        errors: [{ field: 'Content-Encoding', in: 'header', message: 'must be left out', type: 'unsupported' }],
      },
    };
  }
  const message = 'must be application/json';
  return { ...problem, details: { errors: [{ field: 'Content-Type', in: 'header', message, type: 'unsupported' }] } };
}

function transportCodeOf(status: number | null): TransportCode {
  switch (status) {
    case 414:
      return 'URI_TOO_LONG';
    case null:
      return 'INTERNAL_ERROR';
    default:
      return status >= 400 && status < 500 ? 'MALFORMED_REQUEST' : 'INTERNAL_ERROR';
  }
}

/** Of Nest's and Fastify's own errors. */
function statusIn(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return null;
}

function problemBody(problem: Problem, request: FastifyRequest): Record<string, unknown> {
  const { errors, blockedBy, operationId, openstackRequestIds } = problem.details;
  return {
    ...bodyOf({ ...problem, instance: pathOf(request.url), requestId: request.id }),
    ...(errors === undefined ? {} : { errors: errors.map((error) => placed(error, request)) }),
    ...(blockedBy === undefined ? {} : { blocked_by: blockedBy }),
    ...(operationId === undefined ? {} : { operation_id: operationId }),
    ...(openstackRequestIds === undefined || openstackRequestIds.length === 0
      ? {}
      : { openstack_request_ids: openstackRequestIds }),
  };
}

/** A GET has no body. */
function placed({ field, in: part, ...rest }: FieldError, { method }: FastifyRequest): Record<string, string> {
  const usual: RequestPart = method === 'GET' || method === 'HEAD' ? 'query' : 'body';
  return { field, in: part ?? usual, ...rest };
}

/** RFC 6750: an error is named only to who sent a token. */
function challenge(request: FastifyRequest, { code, detail }: Problem): string {
  const isRefused = code === 'INVALID_ACCESS_TOKEN' && request.headers.authorization !== undefined;
  return isRefused ? `Bearer error="invalid_token", error_description="${detail}"` : 'Bearer';
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
