import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import axios, { type AxiosInstance } from 'axios';
import { isAscii } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { z } from 'zod';
import { failpoint } from '../common/failpoint.js';
import { MetricRegistry } from '../common/metrics.js';
import { isInTransaction } from '../common/transaction-scope.js';
import { Config } from '../config/config.js';
import type { OpenStackService } from './openstack-call.js';
import type { RawAnswer } from './openstack-classification.js';
import {
  answerTooLarge,
  OpenStackUnavailable,
  OpenStackUnknownOutcome,
  type OpenStackError,
} from './openstack-errors.js';
import { GateClosed, ServiceGate, type Vitality } from './openstack-gate.js';
import { OpenStackMetrics } from './openstack-metrics.js';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RawRequest {
  readonly service: OpenStackService;
  readonly method: Method;
  readonly url: string;
  /** Method and path template, for errors and metrics. */
  readonly operation: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string | null;
  readonly beforeSend?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** An answer with a longer body is given up; bytes, 5 MiB unless told. */
  readonly largestBytes?: number | undefined;
  /** Whether the crash tests' failpoints lie on this request: those that change OpenStack. */
  readonly hasFailpoints: boolean;
}

export interface RawResponse extends RawAnswer {
  readonly header: (name: string) => string | null;
}

const usualLargestBytes = 5 * 1024 * 1024;
/** Below the 5 s after which common servers close an idle connection: a request sent into a closing one has no known outcome. */
const idleMs = 4_000;

/** How far a request came, for telling "not sent" from "nobody knows". */
interface Progress {
  isConnected: boolean;
}

/**
 * The wire: one HTTP client and one gate a service. Answers of any status come back as they are; only what gave no whole answer
 * throws.
 */
@Injectable()
export class OpenStackConnection implements OnApplicationShutdown {
  private readonly agents: { readonly http: http.Agent; readonly https: https.Agent };
  private readonly services = new Map<
    OpenStackService,
    { readonly axios: AxiosInstance; readonly gate: ServiceGate }
  >();

  private readonly metrics: OpenStackMetrics;

  constructor(
    private readonly config: Config,
    registry: MetricRegistry,
  ) {
    this.metrics = new OpenStackMetrics(registry, () => this.reachability());
    const { caCert } = config.openstack;
    this.agents = {
      http: new http.Agent({ keepAlive: true, timeout: idleMs }),
      https: new https.Agent({ keepAlive: true, timeout: idleMs, ...(caCert === null ? {} : { ca: caCert }) }),
    };
  }

  onApplicationShutdown(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  /**
   * Sends one request, once. The timeout covers everything from the first byte sent to the last one read.
   *
   * @throws OpenStackUnavailable when it was certainly not sent.
   * @throws OpenStackUnknownOutcome when it may have been carried out.
   * @throws whatever `beforeSend` throws: then it was not sent.
   */
  async exchange(request: RawRequest): Promise<RawResponse> {
    if (isInTransaction()) throw new Error(`${request.operation} was called inside a database transaction`);
    const { gate } = this.of(request.service);
    await this.enter(gate, request);
    let vitality: Vitality = 'unclear';
    try {
      await request.beforeSend?.();
      vitality = 'down';
      const answer = await this.measured(request);
      vitality = vitalityOf(answer.status);
      return answer;
    } catch (error) {
      if (request.signal?.aborted === true) vitality = 'unclear';
      if (error instanceof OpenStackUnknownOutcome && error.type === answerTooLarge) vitality = 'up';
      throw error;
    } finally {
      gate.leave(vitality);
    }
  }

  /** Of the services that this process has asked something already. */
  reachability(): ReadonlyMap<OpenStackService, boolean> {
    return new Map([...this.services].map(([service, { gate }]) => [service, !gate.isClosed]));
  }

  private async enter(gate: ServiceGate, request: RawRequest): Promise<void> {
    try {
      await gate.enter(request.signal);
    } catch (error) {
      if (!(error instanceof GateClosed)) throw error;
      const { service, operation } = request;
      throw new OpenStackUnavailable({ service, operation, text: error.message, retryAfterMs: error.retryAfterMs });
    }
  }

  private async measured(request: RawRequest): Promise<RawResponse> {
    const startedAt = performance.now();
    let status: number | null = null;
    try {
      const answer = await this.send(request);
      status = answer.status;
      return answer;
    } finally {
      this.metrics.observe(request, status, performance.now() - startedAt);
    }
  }

  private async send(request: RawRequest): Promise<RawResponse> {
    const ownRequestId = `req-${randomUUID()}`;
    const progress: Progress = { isConnected: false };
    const timeout = AbortSignal.timeout(this.config.settings.HTTP_TIMEOUT_MS);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
    if (request.hasFailpoints) failpoint('openstack.request');
    try {
      const response = await this.of(request.service).axios.request<string>({
        method: request.method,
        url: request.url,
        headers: {
          ...request.headers,
          Accept: 'application/json',
          'X-OpenStack-Request-ID': ownRequestId,
          ...(request.body === null ? {} : { 'Content-Type': 'application/json' }),
        },
        data: request.body ?? undefined,
        signal,
        maxContentLength: request.largestBytes ?? usualLargestBytes,
        transport: this.transport(progress, request.hasFailpoints),
      });
      if (request.hasFailpoints) failpoint('openstack.answered');
      const header = (name: string): string | null => {
        const value: unknown = response.headers[name.toLowerCase()];
        return typeof value === 'string' ? value : null;
      };
      return {
        status: response.status,
        requestId: header('x-openstack-request-id') ?? header('x-compute-request-id') ?? ownRequestId,
        date: parseDate(header('date')),
        retryAfter: header('retry-after'),
        body: response.data,
        header,
      };
    } catch (error) {
      throw failureOf(request, ownRequestId, progress, timeout.aborted, error);
    }
  }

  /** Node's own client, watched: whether the connection stood, and when the request was handed over whole. */
  private transport(progress: Progress, hasFailpoints: boolean) {
    return {
      request: (
        options: https.RequestOptions,
        answered: (response: http.IncomingMessage) => void,
      ): http.ClientRequest => {
        const isTls = options.protocol === 'https:';
        const request = isTls ? https.request(options, answered) : http.request(options, answered);
        request.once('socket', (socket) => {
          progress.isConnected = request.reusedSocket;
          if (progress.isConnected) return;
          socket.once(isTls ? 'secureConnect' : 'connect', () => {
            progress.isConnected = true;
          });
        });
        if (hasFailpoints) {
          request.once('finish', () => {
            failpoint('openstack.sent');
          });
        }
        return request;
      },
    };
  }

  private of(service: OpenStackService): { readonly axios: AxiosInstance; readonly gate: ServiceGate } {
    const known = this.services.get(service);
    if (known !== undefined) return known;
    const { settings } = this.config;
    const made = {
      axios: axios.create({
        httpAgent: this.agents.http,
        httpsAgent: this.agents.https,
        proxy: false,
        maxRedirects: 0,
        maxBodyLength: usualLargestBytes,
        responseType: 'arraybuffer',
        transformResponse: (body: unknown) => (Buffer.isBuffer(body) ? textOf(body) : ''),
        validateStatus: () => true,
        headers: { 'User-Agent': 'openstack-cloud-api', 'Accept-Encoding': 'identity' },
      }),
      gate: new ServiceGate({
        concurrency: settings.OPENSTACK_CONCURRENCY,
        queueMs: settings.HTTP_TIMEOUT_MS,
        failuresToClose: 5,
        probeEveryMs: 1_000,
      }),
    };
    this.services.set(service, made);
    return made;
  }
}

/** Services escape what is not ASCII; such a body needs no decoder, which for a page of a list takes longer than reading its JSON. */
function textOf(body: Buffer): string {
  if (isAscii(body)) return body.toString('latin1');
  return body.toString('utf8').replace(/^\uFEFF/, '');
}

/** A gateway's 502, 503 and 504 speak of the service; a 500 speaks of one request. */
function vitalityOf(status: number): Vitality {
  if (status === 502 || status === 503 || status === 504) return 'down';
  return status === 500 || status === 429 ? 'unclear' : 'up';
}

function parseDate(text: string | null): Date | null {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : new Date(time);
}

/** The cause is made anew: axios's own error holds the request with its token. */
function failureOf(
  { service, operation }: RawRequest,
  requestId: string,
  progress: Progress,
  isTimeout: boolean,
  error: unknown,
): OpenStackError {
  const text = isTimeout ? 'no whole answer in time' : describe(error);
  const type = /^\w+: maxContentLength size of \d+ exceeded$/.test(text) ? answerTooLarge : undefined;
  const init = { service, operation, requestId, type, text: text.slice(0, 500), cause: new Error(text) };
  return progress.isConnected ? new OpenStackUnknownOutcome(init) : new OpenStackUnavailable(init);
}

function describe(error: unknown): string {
  const { code, message } = z
    .object({ code: z.string().catch(''), message: z.string().catch('') })
    .catch({ code: '', message: '' })
    .parse(error);
  return [code, message].filter((part) => part !== '').join(': ') || 'it failed';
}
