import type { Service } from './wire.js';

/** What a client saw: an answer, or how the connection ended. */
export type Outcome = 'under-way' | 'answered' | 'refused' | 'reset' | 'hung' | 'client-gone';

export interface LoggedRequest {
  readonly id: number;
  /** Of the simulator's clock, ISO 8601. */
  readonly at: string;
  readonly service: Service | null;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Null: no answer. */
  readonly status: number | null;
  readonly outcome: Outcome;
  /** Whether the service dealt with it at all. */
  readonly is_done: boolean;
  /** Milliseconds from the request's head to the answer's end, of the machine's time. */
  readonly ms: number;
  readonly project_id: string | null;
  readonly user_id: string | null;
  /** Ours, and the one that the client sent. */
  readonly request_id: string;
  readonly global_request_id: string | null;
  /** The first marker in body or query. */
  readonly marker: string | null;
  /** The id of what was made. */
  readonly created: string | null;
  readonly fault: string | null;
}

export interface LogFilter {
  readonly method?: string;
  /** A regular expression on the path. */
  readonly path?: string;
  readonly service?: string;
  readonly marker?: string;
  readonly status?: number;
  /** Only later ones than this id. */
  readonly after?: number;
}

const most = 200_000;

type Open<T> = { -readonly [K in keyof T]: T[K] };

/** Requests in the order in which they came. Bodies and tokens are not kept. */
export class RequestLog {
  private requests: LoggedRequest[] = [];
  private last = 0;

  /** Listed from now on; what it comes to is filled in as it happens. */
  open(
    request: Pick<LoggedRequest, 'at' | 'service' | 'method' | 'path' | 'query' | 'request_id'>,
  ): Open<LoggedRequest> {
    this.last += 1;
    const opened: Open<LoggedRequest> = {
      id: this.last,
      ...request,
      status: null,
      outcome: 'under-way',
      is_done: false,
      ms: 0,
      project_id: null,
      user_id: null,
      global_request_id: null,
      marker: null,
      created: null,
      fault: null,
    };
    this.requests.push(opened);
    if (this.requests.length > most) this.requests = this.requests.slice(most / 10);
    return opened;
  }

  list(filter: LogFilter = {}): readonly LoggedRequest[] {
    const pattern = filter.path === undefined ? null : new RegExp(filter.path);
    return this.requests.filter(
      (request) =>
        (filter.method === undefined || request.method === filter.method.toUpperCase()) &&
        (pattern === null || pattern.test(request.path)) &&
        (filter.service === undefined || request.service === filter.service) &&
        (filter.marker === undefined || request.marker === filter.marker) &&
        (filter.status === undefined || request.status === filter.status) &&
        (filter.after === undefined || request.id > filter.after),
    );
  }

  clear(): void {
    this.requests = [];
  }
}

export type OpenRequest = Open<LoggedRequest>;

export function markerIn(text: string): string | null {
  return /cloud-api:[A-Za-z0-9]{8}:[0-9a-f-]{36}/.exec(text)?.[0] ?? null;
}
