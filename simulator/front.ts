import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { cinder } from './cinder.js';
import type { Cloud } from './cloud.js';
import type { Control } from './control.js';
import type { Faults, Strike } from './faults.js';
import { glance } from './glance.js';
import { keystone } from './keystone.js';
import { neutron } from './neutron.js';
import { nova } from './nova.js';
import { markerIn, type OpenRequest, type RequestLog } from './request-log.js';
import { respond, spoil } from './response.js';
import { cachedToken, validToken } from './tokens.js';
import { Refusal, services, type Answer, type Call, type Service } from './wire.js';

const mostBytes = 10 * 2 ** 20;

const handlers: Readonly<Record<Service, (cloud: Cloud, call: Call) => Answer>> = {
  identity: keystone,
  compute: nova,
  network: neutron,
  volume: cinder,
  image: glance,
};

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly service: Service;
  readonly url: URL;
  readonly requestId: string;
  readonly entry: OpenRequest;
  readonly start: number;
}

/** Takes each request to its service, through the faults. What a service does is done at once, whether or not the client still waits. */
export class Front {
  readonly down = new Set<Service>();
  private readonly commits = new Set<NodeJS.Timeout>();

  constructor(
    private readonly cloud: Cloud,
    private readonly faults: Faults,
    private readonly log: RequestLog,
    private readonly control: Control,
    /** Where the services are, as the catalogue tells it; null: where the client's request went. */
    private readonly origins: Readonly<Record<Service, string>> | null,
  ) {}

  /** Requests that were accepted and will be carried out later. */
  get pendingCommits(): number {
    return this.commits.size;
  }

  /** Drops what was to be carried out later. */
  forget(): void {
    for (const timer of this.commits) clearTimeout(timer);
    this.commits.clear();
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.take(request, response).catch((error: unknown) => {
      console.error('simulator:', error);
      response.destroy();
    });
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
    const first = url.pathname.split('/')[1];
    if (first === '_simulator') {
      await this.control.handle(request, response, url, await readBody(request));
      return;
    }
    const service = services.find((name) => name === first);
    const requestId = `req-${randomUUID()}`;
    const entry = this.log.open({
      at: new Date(this.cloud.now()).toISOString(),
      service: service ?? null,
      method: request.method ?? 'GET',
      path: url.pathname,
      query: decodeSafely(url.search),
      request_id: requestId,
    });
    if (service === undefined) {
      respond(response, this.cloud, { status: 404, body: { error: 'the simulator has nothing there' } }, requestId);
      Object.assign(entry, { status: 404, outcome: 'answered' });
      return;
    }
    await this.exchange({ request, response, service, url, requestId, entry, start: performance.now() });
  }

  private async exchange(exchange: Exchange): Promise<void> {
    const { request, service, entry, url } = exchange;
    const strike = this.faults.strike({
      service,
      method: entry.method,
      path: url.pathname,
      query: entry.query,
    });
    entry.fault = strike.rule?.id ?? null;
    if (this.down.has(service) || strike.rule?.action === 'refuse') {
      request.socket.destroy();
      finish(exchange, 'refused');
      return;
    }
    const text = await readBody(request);
    if (text === null) {
      finish(exchange, 'client-gone');
      return;
    }
    this.note(exchange, text);
    const lateBy = strike.rule?.action === 'late-commit' ? 0 : strike.delayMs;
    if (lateBy === 0) this.strike(exchange, strike, text);
    else
      this.later(lateBy, () => {
        this.strike(exchange, strike, text);
      });
  }

  private note({ request, entry }: Exchange, text: string): void {
    const token = validToken(this.cloud, headerOf(request, 'x-auth-token') ?? undefined);
    entry.project_id = token?.projectId ?? null;
    entry.user_id = token?.userId ?? null;
    entry.global_request_id = headerOf(request, 'x-openstack-request-id');
    entry.marker = markerIn(text) ?? markerIn(entry.query);
  }

  private later(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.commits.delete(timer);
      work();
    }, delayMs);
    this.commits.add(timer);
  }

  private strike(exchange: Exchange, { rule, delayMs }: Strike, text: string): void {
    switch (rule?.action) {
      case 'refuse':
      case 'reset-before':
        cut(exchange);
        return;
      case 'reset-after':
        this.carryOut(exchange, text);
        cut(exchange);
        return;
      case 'hang':
        finish(exchange, 'hung');
        return;
      case 'hang-after':
        this.carryOut(exchange, text);
        finish(exchange, 'hung');
        return;
      case 'late-commit':
        finish(exchange, 'hung');
        this.later(delayMs, () => {
          this.carryOut(exchange, text);
        });
        return;
      case 'redirect':
        this.answer(exchange, { status: 302, ...rule, headers: { Location: metadataAddress, ...rule.headers } });
        return;
      case 'respond-after':
        this.carryOut(exchange, text);
        this.answer(exchange, { status: 503, ...rule });
        return;
      case 'truncate':
      case 'malformed':
      case 'html': {
        const spoiled = spoil(this.carryOut(exchange, text), rule.action, rule.status);
        this.answer(exchange, spoiled, rule.action === 'truncate');
        return;
      }
      case 'respond':
        this.answer(exchange, { status: 503, ...rule });
        return;
      case undefined:
        if (rule?.status === undefined) this.answer(exchange, this.carryOut(exchange, text));
        else this.answer(exchange, { status: rule.status, ...rule });
        return;
      default:
        rule?.action satisfies undefined;
    }
  }

  private carryOut(exchange: Exchange, text: string): Answer {
    const { request, service, url, requestId, entry } = exchange;
    const { headers } = request;
    const token = cachedToken(this.cloud, service, headerOf(request, 'x-auth-token') ?? undefined);
    const { body, isBroken } = parse(text);
    entry.is_done = true;
    const answer = this.ask(service, {
      service,
      method: entry.method,
      path: url.pathname.slice(service.length + 1),
      query: url.searchParams,
      headers,
      body,
      hasBrokenBody: isBroken,
      origin: url.origin,
      origins: this.origins,
      requestId,
      token,
    });
    entry.created = answer.created ?? null;
    return answer;
  }

  private ask(service: Service, call: Call): Answer {
    try {
      return handlers[service](this.cloud, call);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      console.error('simulator:', error);
      return { status: 500, body: `the simulator failed: ${String(error)}`, headers: { 'Content-Type': 'text/plain' } };
    }
  }

  private answer(exchange: Exchange, answer: Answer, isCut = false): void {
    const { response, requestId, service, entry, request } = exchange;
    if (answer.drop === true) {
      cut(exchange);
      return;
    }
    entry.status = answer.status;
    const ids = service === 'compute' || service === 'volume' ? { 'x-compute-request-id': requestId } : {};
    respond(response, this.cloud, { ...answer, headers: { ...ids, ...answer.headers } }, requestId, {
      isCut,
      isHead: request.method === 'HEAD',
    });
    finish(exchange, request.socket.destroyed ? 'client-gone' : isCut ? 'reset' : 'answered');
  }
}

/** What a server in a cloud is not meant to reach. */
const metadataAddress = 'http://169.254.169.254/latest/meta-data/';

function cut(exchange: Exchange): void {
  exchange.request.socket.resetAndDestroy();
  finish(exchange, 'reset');
}

function finish({ entry, start }: Exchange, outcome: OpenRequest['outcome']): void {
  entry.outcome = outcome;
  entry.ms = Math.round((performance.now() - start) * 10) / 10;
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

function parse(text: string): { readonly body: unknown; readonly isBroken: boolean } {
  if (text === '') return { body: undefined, isBroken: false };
  try {
    return { body: JSON.parse(text), isBroken: false };
  } catch {
    return { body: undefined, isBroken: true };
  }
}

/** Null when the client went away before its end, or sent too much. */
function readBody(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(Buffer.concat(chunks).toString());
    });
    request.on('close', () => {
      resolve(null);
    });
    request.on('error', () => {
      resolve(null);
    });
  });
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text.replace(/^\?/, ''));
  } catch {
    return text;
  }
}
