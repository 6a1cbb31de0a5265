import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { randomUUID } from 'node:crypto';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { serveAdminPage } from './admin-page/serve-admin-page.js';
import { AppModule } from './app.module.js';
import { translateError } from './app.problems.js';
import { AnswerInterceptor } from './common/answer.interceptor.js';
import { HttpMetrics } from './common/http-metrics.js';
import { EncodedBody, isEncoded, parseJsonBody } from './common/json-body.js';
import { createLogger, NestLogger } from './common/logger.js';
import { MetricRegistry } from './common/metrics.js';
import { createDocument } from './common/openapi.js';
import { ProblemFilter } from './common/problem.filter.js';
import { bodyOf, transportProblems } from './common/problems.js';
import { RateLimiter } from './common/rate-limiter.js';
import { withinRequest } from './common/request-scope.js';
import { RequestPipe } from './common/request.pipe.js';
import { RouteTable } from './common/route-table.js';
import type { Config } from './config/config.js';
import { addOriginHeaders, allowOrigins } from './cors.js';
import { Shutdown } from './health/shutdown.js';

const bodyLimit = 100 * 1024;
/** Routes that take more than `bodyLimit`; bytes. */
const bodyLimits: Readonly<Record<string, number>> = { 'POST /servers': 200 * 1024 };

/** The whole app, wired up and not listening. The same in production and in tests. */
export async function createApp(
  config: Config,
  logger = createLogger(config.settings.LOG_LEVEL),
): Promise<NestFastifyApplication> {
  const routes = new RouteTable();
  const registry = new MetricRegistry();
  const metrics = new HttpMetrics(registry);
  const filter = new ProblemFilter(routes, translateError, metrics);
  const adapter = createAdapter(config, filter);
  const instance = adapter.getInstance();
  instance.addHook('onRoute', (route) => {
    routes.add(route.method, route.url);
    const limit = bodyLimits[`${String(route.method)} ${route.url}`];
    if (limit !== undefined) route.bodyLimit = limit;
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config, registry), adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
    return503OnClosing: false,
  });
  allowOrigins(app, config.settings.CORS_ORIGINS);
  addHooks(adapter, { shutdown: app.get(Shutdown, { strict: false }), logger, filter, metrics, config });
  takeJsonOnly(instance);
  ignoreExpectations(instance);
  app.useGlobalFilters(filter);
  app.useGlobalPipes(new RequestPipe());
  app.useGlobalInterceptors(new AnswerInterceptor());
  if (config.settings.DOCS) serveDocs(app);
  if (config.settings.ADMIN_PAGE) serveAdminPage(instance);
  return app;
}

function createAdapter({ settings }: Config, filter: ProblemFilter): FastifyAdapter {
  return new FastifyAdapter({
    trustProxy: settings.TRUSTED_PROXIES.length === 0 ? false : [...settings.TRUSTED_PROXIES],
    bodyLimit,
    routerOptions: { maxParamLength: 1024 },
    requestIdHeader: false,
    genReqId: ({ headers }: IncomingMessage) => requestIdOf(headers['x-request-id']),
    logger: false,
    return503OnClosing: false,
    // So that a token of any length is answered by 401, not by a closed connection.
    http: { maxHeaderSize: 128 * 1024 },
    clientErrorHandler: answerUnreadable,
    // Addresses that the router cannot read never come to a hook.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      addStandardHeaders(request, reply);
      addOriginHeaders(request, reply, settings.CORS_ORIGINS);
      filter.answer(error, request, reply);
    },
  });
}

/** What is no HTTP at all comes to no route, and is answered on the bare connection. */
function answerUnreadable(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const requestId = randomUUID();
  const { status, detail } = transportProblems.MALFORMED_REQUEST;
  const body = JSON.stringify(bodyOf({ code: 'MALFORMED_REQUEST', status, detail, instance: '/', requestId }));
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

function addStandardHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  reply.header('cache-control', 'no-store');
  reply.header('x-content-type-options', 'nosniff');
}

interface HookParts {
  readonly shutdown: Shutdown;
  readonly logger: Logger;
  readonly filter: ProblemFilter;
  readonly metrics: HttpMetrics;
  readonly config: Config;
}

function addHooks(
  adapter: FastifyAdapter,
  { shutdown, logger, filter, metrics, config: { settings } }: HookParts,
): void {
  const limiter = new RateLimiter({ perSecond: settings.RATE_LIMIT_ADDRESS, burst: settings.RATE_LIMIT_ADDRESS_BURST });
  adapter.setOnRequestHook((request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    addStandardHeaders(request, reply);
    if (request.url.startsWith('/docs')) addDocsHeaders(reply);
    withinRequest(request.id, done);
  });
  const instance = adapter.getInstance();
  // Behind the adapter's own hooks: a preflight is answered there and not counted, and a refusal can be read by the pages of CORS_ORIGINS.
  instance.addHook('onRequest', (request, reply, done) => {
    try {
      // Whoever watches over us must not be turned away.
      if (!isWatching(request.url)) limiter.take(request.ip, performance.now(), reply);
    } catch (error) {
      filter.answer(error, request, reply);
      return;
    }
    done();
  });
  instance.addHook('onSend', (_request, reply, payload, done) => {
    // Static files come with a header of their own.
    reply.header('cache-control', 'no-store');
    // Also for requests that came before: a connection that stays open would hold the shutdown up.
    if (shutdown.hasBegun) reply.header('connection', 'close');
    done(null, payload);
  });
  instance.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? null;
    const fields = {
      requestId: request.id,
      method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    metrics.answered(fields, reply.statusCode, reply.elapsedTime);
    logger.info(fields, 'request answered');
    done();
  });
}

function isWatching(url: string): boolean {
  return url.startsWith('/health') || url === '/metrics';
}

/** Node answers an Expect that it does not know by a bare 417 of its own; here it is a header like any other. */
function ignoreExpectations({ server }: FastifyInstance): void {
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
}

function takeJsonOnly(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      if (isEncoded(request.headers)) throw new EncodedBody();
      done(null, parseJsonBody(Buffer.isBuffer(body) ? body : Buffer.from(body)));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** Swagger UI asks nobody but us, and may not be framed. */
function addDocsHeaders(reply: FastifyReply): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  reply.header('content-security-policy', policy.join('; '));
  reply.header('referrer-policy', 'no-referrer');
}

function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Cloud API',
    validatorUrl: 'none',
    swaggerOptions: { persistAuthorization: true, displayOperationId: true },
  });
}
