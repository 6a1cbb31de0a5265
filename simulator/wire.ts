import type { IncomingHttpHeaders } from 'node:http';
import type { Json } from './json.js';
import type { Token } from './model.js';

export type Service = 'identity' | 'compute' | 'network' | 'volume' | 'image';

export const services: readonly Service[] = ['identity', 'compute', 'network', 'volume', 'image'];

/** A request as a service sees it, its token already looked up. */
export interface Call {
  readonly service: Service;
  readonly method: string;
  /** Below the service's prefix: `/v2.1/servers/…`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Undefined when there is no body, or none that is JSON. */
  readonly body: unknown;
  readonly hasBrokenBody: boolean;
  /** `http://host:port`, as the client named it. */
  readonly origin: string;
  /** Where the catalogue says that the services are; null: all at `origin`. */
  readonly origins: Readonly<Record<Service, string>> | null;
  readonly requestId: string;
  /** Null: none, or one that is not valid. */
  readonly token: Token | null;
}

/** `drop`: the connection ends without an answer, as Keystone on MySQL's utf8mb3 does. */
export interface Answer {
  readonly status: number;
  readonly body?: Json | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly drop?: true;
  /** The id of the object that the call made, for the log. */
  readonly created?: string;
}

/** Ends a call from within with an answer. */
export class Refusal extends Error {
  constructor(readonly answer: Answer) {
    super(`answered ${String(answer.status)}`);
  }
}

export function ok(body: Json, status = 200): Answer {
  return { status, body };
}

export function empty(status = 204): Answer {
  return { status };
}

type Handler<C> = (context: C, ...parameters: string[]) => Answer;

interface Route<C> {
  readonly method: string;
  readonly pattern: readonly string[];
  readonly handle: Handler<C>;
}

/** Method and path template to handler: `GET /servers/{id}`. The first that fits wins. */
export class Router<C> {
  private readonly routes: Route<C>[] = [];

  on(route: string, handle: Handler<C>): this {
    const [method = '', path = ''] = route.split(' ');
    this.routes.push({ method, pattern: path.split('/').slice(1), handle });
    return this;
  }

  /** Null when nothing is there. */
  find(method: string, path: string): ((context: C) => Answer) | null {
    const segments = path.split('/').slice(1).map(decoded);
    for (const { method: routed, pattern, handle } of this.routes) {
      if (routed !== method || pattern.length !== segments.length) continue;
      const parameters = match(pattern, segments);
      if (parameters !== null) return (context) => handle(context, ...parameters);
    }
    return null;
  }
}

function match(pattern: readonly string[], segments: readonly string[]): string[] | null {
  const parameters: string[] = [];
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith('{')) parameters.push(segment);
    else if (part !== segment) return null;
  }
  return parameters;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A code point beyond the BMP: more than MySQL's utf8mb3 holds. */
export function hasWideCharacter(text: string): boolean {
  return /[\u{10000}-\u{10FFFF}]/u.test(text);
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text);
}

/** `2026-03-04T05:06:07Z` */
export function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** `2026-03-04T05:06:07.000000`, without a zone, as Cinder and parts of Nova write it. */
export function zoneless(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}.000000`;
}
